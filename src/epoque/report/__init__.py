"""The lab book: reads run folders and writes Markdown, HTML and PDF."""

from .book import FORMATS, find_template, write_report
from .needs import Need, missing_needs
from .starter import new_report

__all__ = ["FORMATS", "Need", "find_template", "missing_needs", "new_report", "write_report"]
