"""What `epoque demo` took: kept in the folder of runs, so that the book can say it of itself.

`demo.json` holds the profile, and for each run or sweep that was made the seconds of the whole
command, its start and its pictures included, and the joules where the processors count them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from epoque.bench.errors import DamagedRunError
from epoque.bench.files.atomic import read_json, write_json

__all__ = ["DemoLog", "Effort"]

FILE = "demo.json"


@dataclass(frozen=True)
class Effort:
    """What one run or sweep took.

    Attributes:
        seconds: by a clock on the wall, over all beginnings.
        joules: of the processors; None where nobody counted.
    """

    seconds: float
    joules: float | None = None

    def __add__(self, other: "Effort") -> "Effort":
        known = self.joules is not None and other.joules is not None
        joules = (self.joules or 0.0) + (other.joules or 0.0) if known else None
        return Effort(self.seconds + other.seconds, joules)


@dataclass(frozen=True)
class DemoLog:
    """What the runs of a book took.

    Attributes:
        profile: what was last asked for.
        efforts: name of a run or sweep to what it took.
    """

    profile: str = ""
    efforts: Mapping[str, Effort] = field(default_factory=dict)

    @classmethod
    def read(cls, runs: Path) -> "DemoLog":
        """Return what is kept in a folder of runs; nothing where it is missing or damaged."""
        try:
            content = read_json(runs / FILE)
            efforts = {
                str(name): Effort(
                    float(effort["seconds"]),
                    None if effort["joules"] is None else float(effort["joules"]),
                )
                for name, effort in content["efforts"].items()
            }
            return cls(str(content["profile"]), efforts)
        except (DamagedRunError, KeyError, TypeError, ValueError, AttributeError):
            return cls()

    def following(self, profile: str, name: str, effort: Effort) -> "DemoLog":
        """Return the log with one more effort, added to those for the same run or sweep."""
        before = self.efforts.get(name)
        total = effort if before is None else before + effort
        return DemoLog(profile, {**self.efforts, name: total})

    def write(self, runs: Path) -> None:
        """Keep it.

        Raises:
            RunWriteError: if the system refuses.
        """
        efforts = {
            name: {
                "seconds": round(effort.seconds, 2),
                "joules": None if effort.joules is None else round(effort.joules, 1),
            }
            for name, effort in sorted(self.efforts.items())
        }
        write_json(runs / FILE, {"profile": self.profile, "efforts": efforts})

    @property
    def total(self) -> Effort:
        """What all of them took together; no joules if those of one are unknown."""
        efforts = list(self.efforts.values())
        total = Effort(0.0, 0.0 if efforts else None)
        for effort in efforts:
            total += effort
        return total
