"""export_network, import_network and list_networks as Python functions."""

from pathlib import Path

import pytest
from small import small

import epoque
from epoque import stylegan3
from epoque.stylegan3.networks.store import save_network


def test_a_network_is_exported(tmp_path: Path) -> None:
    save_network(small().generator, tmp_path / "t")
    (file,) = stylegan3.export_network(
        network=tmp_path / "t.json", to=tmp_path / "t.pt2", part="mapping", check=1
    )
    assert file.path.is_file()
    with pytest.raises(epoque.ConfigError, match=r"^check: 4 is not allowed"):
        stylegan3.export_network(to="a.pt2", check=4)


def test_networks_are_listed() -> None:
    known = stylegan3.list_networks()
    assert "avatars-t" in [network.name for network in known.bundled]
    assert len(known.official) > 10


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("")
    with pytest.raises(epoque.ConfigError, match=r"^out: .*mine is there already"):
        stylegan3.import_network("ffhqu-256-t", out=tmp_path / "mine")
    with pytest.raises(epoque.DataError, match=r"none\.pkl"):
        stylegan3.import_network(tmp_path / "none.pkl")
