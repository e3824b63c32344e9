"""The lab book: reads run folders and writes Markdown, HTML and PDF."""

from typing import TYPE_CHECKING

from epoque.bench.lazy import lazy_module

if TYPE_CHECKING:
    from .book import FORMATS as FORMATS
    from .book import find_template as find_template
    from .book import write_report as write_report
    from .needs import Need as Need
    from .needs import missing_needs as missing_needs
    from .starter import new_report as new_report

_HOMES = {
    "FORMATS": ".book",
    "find_template": ".book",
    "write_report": ".book",
    "Need": ".needs",
    "missing_needs": ".needs",
    "new_report": ".starter",
}
__all__ = ["FORMATS", "Need", "find_template", "missing_needs", "new_report", "write_report"]

__getattr__, __dir__ = lazy_module(__name__, _HOMES)
