"""Sphinx's settings for the documentation; `tools/build_docs.py` calls it.

Nothing here may make a page ask another machine for anything: no fonts, scripts or formulas that
are fetched. A test opens the site in a browser and sees that none does.
"""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

project = "Epoque"
author = "The Epoque authors"
copyright = author
version = release = PROJECT["version"]
language = "en"

extensions = ["myst_parser"]
myst_enable_extensions = ["fieldlist", "deflist"]
myst_heading_anchors = 4
exclude_patterns = ["static"]
highlight_language = "text"
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"Epoque {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#2f5fa8",
        "color-brand-content": "#2f5fa8",
        "font-stack": "system-ui, sans-serif",
        "font-stack--monospace": "ui-monospace, monospace",
    },
    "dark_css_variables": {
        "color-brand-primary": "#8db8f0",
        "color-brand-content": "#8db8f0",
    },
}
