"""The lab book: reads run folders and writes Markdown, HTML and PDF."""

from .book import FORMATS, write_report
from .needs import Need, missing
from .starter import new_report

__all__ = ["FORMATS", "Need", "missing", "new_report", "write_report"]
