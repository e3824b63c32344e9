"""The limits of what is read from files that others made, in one place.

Each is far above what an honest file of its kind needs and far below what would fill this machine's
memory or make it wait; its comment says which. docs/limits.md tells them to users, with reasons.
"""

__all__ = [
    "MAX_ARGUMENT_VALUES",
    "MAX_ARRAY_BYTES",
    "MAX_BOOK_BYTES",
    "MAX_BOOK_SILENCE",
    "MAX_CHECKED_TEXT_BYTES",
    "MAX_CLASSES",
    "MAX_COMPARED_TEXT_BYTES",
    "MAX_COMPILED_BYTES",
    "MAX_CSV_BYTES",
    "MAX_CSV_COLUMNS",
    "MAX_DOWNLOAD_BYTES",
    "MAX_DRAWING_BYTES",
    "MAX_FILLED_CHARACTERS",
    "MAX_FORMULA_CHARACTERS",
    "MAX_FORMULA_DEPTH",
    "MAX_HEAVY_IMAGE_PIXELS",
    "MAX_IMAGE_BYTES",
    "MAX_IMAGE_PIXELS",
    "MAX_JPEG_SCAN_PIXELS",
    "MAX_JSON_BYTES",
    "MAX_JSON_PARTS",
    "MAX_MARKDOWN_DEPTH",
    "MAX_NAME_BYTES",
    "MAX_NESTED_ARCHIVES",
    "MAX_PARAMETER_CHARACTERS",
    "MAX_PICKLE_OPERATIONS",
    "MAX_REPORTED_VALUES",
    "MAX_SHIPPED_BYTES",
    "MAX_SWEEP_POINTS",
    "MAX_TABLE_COLUMNS",
    "MAX_TEMPLATE_SECONDS",
    "MAX_TENSORS",
    "MAX_TENSORS_HEADER_BYTES",
    "MAX_TENSOR_DEPTH",
    "MAX_TENSOR_DIMENSIONS",
    "MAX_TENSOR_NAME_LETTERS",
    "MAX_TEXT_FILE_BYTES",
    "MAX_TRACKED_POINTS",
    "MAX_WEIGHTS_BYTES",
    "MAX_WORD_LETTERS",
    "MAX_WRITER_SILENCE",
    "MAX_YAML_BYTES",
    "MAX_YAML_VALUES",
    "MAX_ZIP_ENTRIES",
    "MAX_ZIP_RATIO",
    "MAX_ZIP_UNCHECKED_BYTES",
]

MAX_ARGUMENT_VALUES = 10_000
"""Numbers and texts that a network's file tells of how they were made; they have hundreds."""
MAX_ARRAY_BYTES = 2**30
"""Bytes of one array in a `.npz`: the features of 50,000 images have 0.8 GB."""
MAX_BOOK_BYTES = 2**30
"""Memory of the process that fills in a book of one's own, beyond what it has when it starts."""
MAX_BOOK_SILENCE = 60
"""Seconds after which a process that fills in a template and tells nothing is ended."""
MAX_CHECKED_TEXT_BYTES = 2**20
"""Bytes of one's own text that are encoded before the run's folder is made: about a second."""
MAX_CLASSES = 100_000
"""Classes, or numbers of a label: ImageNet's largest version has 21,841 classes."""
MAX_COMPARED_TEXT_BYTES = 2**30
"""Bytes of texts whose lines are compared: a minute, and half a gigabyte of memory at worst."""
MAX_COMPILED_BYTES = 512 * 2**20
"""Bytes of compiled programs that are kept: those of a hundred architectures of the small labs."""
MAX_CSV_BYTES = 50_000_000
"""Bytes of a table that is read into memory whole: a million rows of five columns."""
MAX_CSV_COLUMNS = 10_000
"""Columns of a table: more is a file of another kind, or a matrix."""
MAX_DOWNLOAD_BYTES = 8 * 2**30
"""Bytes of a network's file that is fetched: the official ones have 0.4 GB."""
MAX_DRAWING_BYTES = 5_000_000
"""Bytes of a drawing: a hundred thousand points."""
MAX_FILLED_CHARACTERS = 4_000_000
"""Characters of a template that is filled in: two thousand pages."""
MAX_FORMULA_CHARACTERS = 4_000
"""Characters of a formula: a page of them."""
MAX_FORMULA_DEPTH = 40
"""Braces within braces of a formula: its reader goes three functions deeper for each."""
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
MAX_JSON_PARTS = 4_000_000
"""Lists and objects of a JSON text: each takes 20 times the bytes that it is written with."""
MAX_MARKDOWN_DEPTH = 30
"""Lists and quotes within one another: the fifteenth has no room on a page."""
MAX_NAME_BYTES = 100
"""Letters of a run's own name: file systems take 255, Windows 260 with all folders above it."""
MAX_NESTED_ARCHIVES = 8
"""Archives in a file of weights; the official ones have one inside."""
MAX_PARAMETER_CHARACTERS = 500
"""Characters of a setting as a tracker keeps it: the least that MLflow has taken since 1.28."""
MAX_PICKLE_OPERATIONS = 200_000
"""Instructions of the pickles in a file of weights, together: 30 layers take about 50,000."""
MAX_REPORTED_VALUES = 1_000
"""Values that are read of one report that is handed in: a hundred pages of ten each."""
MAX_SHIPPED_BYTES = 100_000_000
"""Bytes of a file that is copied into a sweep's folder for other machines."""
MAX_SWEEP_POINTS = 1_000_000
"""Trainings of a sweep or a search: a map of 1,000 × 1,000 cells; more is a slip, and days."""
MAX_TABLE_COLUMNS = 200
"""Columns of a table in a book: thirty fill a page across."""
MAX_TEMPLATE_SECONDS = 3
"""Seconds of computing of a template itself, without those of reading and drawing runs."""
MAX_TENSORS = 50_000
"""Tensors of a file: the largest language models have so many, in many files."""
MAX_TENSORS_HEADER_BYTES = 16 * 2**20
"""Bytes of a safetensors header: 300 for each tensor."""
MAX_TENSOR_DEPTH = 24
"""Parts within parts of a file of weights; the official networks have 10."""
MAX_TENSOR_DIMENSIONS = 8
"""Dimensions of a tensor; convolutions in space and time have 5."""
MAX_TENSOR_NAME_LETTERS = 512
"""Letters of a tensor's name, which tells all parts it is in."""
MAX_TEXT_FILE_BYTES = 16 * 2**20
"""Bytes of a text that is held whole, such as a template: ten thousand pages."""
MAX_TRACKED_POINTS = 10_000
"""Points of a sweep that a tracker such as MLflow is told of: each is a run there, and a request or
three of some ten milliseconds."""
MAX_WEIGHTS_BYTES = 4 * 2**30
"""Bytes of a file of weights that measures use; VGG-16, the largest, has 0.6 GB."""
MAX_WORD_LETTERS = 1_000
"""Letters of a word that a tokenizer learns from whole: learning takes the square of it, and no
language has such words. Longer ones, of a genome or an encoded picture, are learned in pieces."""
MAX_WRITER_SILENCE = 600
"""Seconds after which another machine's writer of a run, whose lock is not seen here, counts as
dead: it gives a sign of life each ten seconds, but clocks may differ by some minutes."""
MAX_YAML_BYTES = 2**20
"""Bytes of a recipe or a front matter: a drawing of ten thousand points fits."""
MAX_YAML_VALUES = 20_000
"""Values of a recipe: reading more takes seconds, since each is looked at on its own."""
MAX_ZIP_ENTRIES = 1_000_000
"""Files in a zip: their names alone take 0.5 GB and ten seconds then; a folder may hold more."""
MAX_ZIP_RATIO = 100
"""How many times larger than packed a file in a zip may be: text reaches 10, labels 30."""
MAX_ZIP_UNCHECKED_BYTES = 64 * 2**20
"""Bytes up to which a file in a zip may be packed at any ratio: white pictures, labels of zeros."""
