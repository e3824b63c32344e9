"""The energy that a computer's processors take, as they count it themselves (Intel's RAPL).

Linux shows the counters of Intel's and of newer AMD processors under `/sys/class/powercap`, often
to the superuser alone. They count all that runs on the machine, and neither its memory nor its
graphics card: an estimate from below of what a lonely experiment takes.
"""

from pathlib import Path

__all__ = ["EnergyMeter"]

COUNTERS = Path("/sys/class/powercap")


class EnergyMeter:
    """Adds up what the processors' counters count.

    Args:
        folder: where the system shows them.
    """

    def __init__(self, folder: Path = COUNTERS) -> None:
        zones = sorted(folder.glob("intel-rapl:*"))
        packages = [zone for zone in zones if zone.name.count(":") == 1]  # the others are in them
        readings = [(zone, _read(zone / "energy_uj")) for zone in packages]
        self._last = {zone: value for zone, value in readings if value is not None}
        self._ranges = {zone: _read(zone / "max_energy_range_uj") for zone in self._last}

    @property
    def is_readable(self) -> bool:
        """Whether there is a counter that may be read."""
        return bool(self._last)

    def take(self) -> float | None:
        """Return the joules since the last call, or since the meter was made; None if unknown."""
        total = 0
        for zone, before in self._last.items():
            now = _read(zone / "energy_uj")
            if now is None:
                return None
            wrapped = (self._ranges[zone] or 0) if now < before else 0
            total += now - before + wrapped
            self._last[zone] = now
        return total / 1e6 if self._last else None


def _read(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
