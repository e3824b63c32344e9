"""The limits of what is read from files that others made, in one place.

Each is far above what an honest file of its kind needs and far below what would fill this machine's
memory or make it wait; its comment says which. docs/limits.md tells them to users, with reasons.
"""

__all__ = [
    "MAX_CLASSES",
    "MAX_CSV_BYTES",
    "MAX_CSV_COLUMNS",
    "MAX_HEAVY_IMAGE_PIXELS",
    "MAX_IMAGE_BYTES",
    "MAX_IMAGE_PIXELS",
    "MAX_JPEG_SCAN_PIXELS",
    "MAX_JSON_BYTES",
    "MAX_JSON_PARTS",
    "MAX_NAME_BYTES",
    "MAX_PARAMETER_CHARACTERS",
    "MAX_TEXT_FILE_BYTES",
    "MAX_YAML_BYTES",
    "MAX_ZIP_ENTRIES",
    "MAX_ZIP_RATIO",
    "MAX_ZIP_UNCHECKED_BYTES",
]

MAX_CLASSES = 100_000
"""Classes, or numbers of a label: ImageNet's largest version has 21,841 classes."""
MAX_CSV_BYTES = 50_000_000
"""Bytes of a table that is read into memory whole: a million rows of five columns."""
MAX_CSV_COLUMNS = 10_000
"""Columns of a table: more is a file of another kind, or a matrix."""
MAX_HEAVY_IMAGE_PIXELS = 2**25
"""Pixels of a WebP, AVIF or JPEG 2000: their decoders take 16 to 23 bytes for each, 770 MB."""
MAX_IMAGE_BYTES = 256 * 2**20
"""Bytes of one picture's file: a BMP of as many pixels as are read has 201 million."""
MAX_IMAGE_PIXELS = 2**26
"""Pixels of one picture, 8192²: above all cameras but a few; at 4 to 12 bytes each, 800 MB."""
MAX_JPEG_SCAN_PIXELS = 2**30
"""Pixels of a JPEG times its scans: the largest may have 16, the usual progressive one has 10."""
MAX_JSON_BYTES = 64 * 2**20
"""Bytes of a JSON file that is read whole, such as dataset.json: a million labels."""
MAX_NAME_BYTES = 100
"""Letters of a run's own name: file systems take 255, Windows 260 with all folders above it."""
MAX_JSON_PARTS = 4_000_000
"""Lists and objects of a JSON text: each takes 20 times the bytes that it is written with."""
MAX_PARAMETER_CHARACTERS = 500
"""Characters of a setting as a tracker keeps it: the least that MLflow has taken since 1.28."""
MAX_TEXT_FILE_BYTES = 16 * 2**20
"""Bytes of a text that is held whole, such as a template: ten thousand pages."""
MAX_YAML_BYTES = 2**20
"""Bytes of a recipe or a front matter: a drawing of ten thousand points fits."""
MAX_ZIP_ENTRIES = 1_000_000
"""Files in a zip: their names alone take 0.5 GB and ten seconds then; a folder may hold more."""
MAX_ZIP_RATIO = 100
"""How many times larger than packed a file in a zip may be: text reaches 10, labels 30."""
MAX_ZIP_UNCHECKED_BYTES = 64 * 2**20
"""Bytes up to which a file in a zip may be packed at any ratio: white pictures, labels of zeros."""
