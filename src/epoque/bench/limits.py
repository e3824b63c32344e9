"""The limits of what is read from files that others made, in one place.

Each is far above what an honest file of its kind needs and far below what would fill this machine's
memory or make it wait; its comment says which. docs/limits.md tells them to users, with reasons.
"""

__all__ = [
    "MAX_CSV_BYTES",
    "MAX_CSV_COLUMNS",
    "MAX_IMAGE_BYTES",
    "MAX_IMAGE_PIXELS",
    "MAX_JSON_BYTES",
    "MAX_TEXT_FILE_BYTES",
    "MAX_YAML_BYTES",
]

MAX_CSV_BYTES = 50_000_000
"""Bytes of a table that is read into memory whole: a million rows of five columns."""
MAX_CSV_COLUMNS = 10_000
"""Columns of a table: more is a file of another kind, or a matrix."""
MAX_IMAGE_BYTES = 512 * 2**20
"""Bytes of one picture's file: a 16-bit TIFF of 8192² has 402 million."""
MAX_IMAGE_PIXELS = 2**26
"""Pixels of one picture, 8192²: decoded as RGBA that is 256 MiB a core."""
MAX_JSON_BYTES = 64 * 2**20
"""Bytes of a JSON file that is read whole, such as dataset.json: a million labels."""
MAX_TEXT_FILE_BYTES = 16 * 2**20
"""Bytes of a text that is held whole, such as a template: ten thousand pages."""
MAX_YAML_BYTES = 2**20
"""Bytes of a recipe or a front matter: a drawing of ten thousand points fits."""
