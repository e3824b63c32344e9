"""What the pictures of an analysis show; those who make and those who draw them agree here."""

__all__ = [
    "FRAMES",
    "GUESTS",
    "MIXED",
    "MOVES",
    "PANEL",
    "PSIS",
    "ROW",
    "SAMPLES",
    "STEPS",
    "STILL_EVERY",
]

SAMPLES = 24
"""Images of a page: of the seeds 0, 1, …"""

PANEL = 100
"""Images that are read to tell how many pass: of the seeds 0, 1, …"""

MIXED = 3
"""At most so many of the seeds are truncated, mixed and walked between."""

PSIS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
"""Truncations side by side."""

GUESTS = (0, 1, 3, 5, 6)
"""Seeds whose coarse layers come into the others' images."""

STEPS = 12
"""Images from each seed to the next, the next one left out: the frames of a film."""

STILL_EVERY = 4
"""A strip on paper shows one of so many of them."""

MOVES = ((0.0, 0.0), (0.125, 0.0), (0.25, 0.0), (0.0, 15.0), (0.0, 45.0))
"""How inputs are moved, for all to see: image widths to the right, degrees counter-clockwise."""

FRAMES = 36
"""Moments of a space-time slice."""

ROW = 0.5
"""Which row of the image is followed, 0 at the top."""
