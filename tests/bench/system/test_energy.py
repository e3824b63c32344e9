"""Energy is added up over the packages, over the end of a counter too; unknown where unreadable."""

from pathlib import Path

import pytest

from epoque.bench.system.energy import EnergyMeter


def write(folder: Path, name: str, energy: int) -> Path:
    zone = folder / name
    zone.mkdir(exist_ok=True)
    (zone / "max_energy_range_uj").write_text("1000000000\n")
    (zone / "energy_uj").write_text(f"{energy}\n")
    return zone


def test_packages_are_added_and_their_parts_are_not(tmp_path: Path) -> None:
    write(tmp_path, "intel-rapl:0", 5_000_000)
    write(tmp_path, "intel-rapl:0:0", 4_000_000)
    write(tmp_path, "intel-rapl:1", 1_000_000)
    meter = EnergyMeter(tmp_path)
    assert meter.is_readable
    write(tmp_path, "intel-rapl:0", 7_500_000)
    write(tmp_path, "intel-rapl:0:0", 6_000_000)
    write(tmp_path, "intel-rapl:1", 2_000_000)
    assert meter.take() == pytest.approx(3.5)
    assert meter.take() == 0.0


def test_a_counter_begins_again_at_its_end(tmp_path: Path) -> None:
    write(tmp_path, "intel-rapl:0", 999_000_000)
    meter = EnergyMeter(tmp_path)
    write(tmp_path, "intel-rapl:0", 1_000_000)
    assert meter.take() == pytest.approx(2.0)


@pytest.mark.parametrize("content", [None, "secret"])
def test_what_cannot_be_read_is_unknown(tmp_path: Path, content: str | None) -> None:
    if content:
        zone = write(tmp_path, "intel-rapl:0", 1)
        (zone / "energy_uj").write_text(content)
    meter = EnergyMeter(tmp_path)
    assert not meter.is_readable
    assert meter.take() is None


def test_a_counter_that_goes_away(tmp_path: Path) -> None:
    zone = write(tmp_path, "intel-rapl:0", 1)
    meter = EnergyMeter(tmp_path)
    (zone / "energy_uj").unlink()
    assert meter.take() is None
