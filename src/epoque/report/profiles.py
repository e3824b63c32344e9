"""The profiles of `epoque demo`; the command line reads them without the rest of the book."""

from typing import Literal

__all__ = ["Profile"]

Profile = Literal["demo", "full", "gpu"]
"""How much is measured here: in minutes, in hours, on a graphics card."""
