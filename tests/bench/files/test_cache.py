"""What was made once is kept, whole, and made again when it is not what was kept."""

import os
from pathlib import Path

import pytest

from epoque.bench.files.cache import cache_folder, cache_key, forget_oldest, keep_bytes


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EPOQUE_CACHE", str(tmp_path / "cache"))
    return cache_folder()


def refuse() -> bytes:
    raise AssertionError("it is made again")


def test_it_is_made_once(cache: Path) -> None:
    key = cache_key(one=1)
    assert keep_bytes("things", key, lambda: b"made") == b"made"
    assert keep_bytes("things", key, refuse) == b"made"
    assert keep_bytes("things", cache_key(one=2), lambda: b"other") == b"other"


@pytest.mark.parametrize("name", ["content", "sha256"])
@pytest.mark.parametrize("damage", [b"", b"\xff\xfe"])
def test_what_is_damaged_is_made_again(cache: Path, name: str, damage: bytes) -> None:
    key = cache_key(one=1)
    keep_bytes("things", key, lambda: b"made")
    (cache / "things" / key / name).write_bytes(damage)
    assert keep_bytes("things", key, lambda: b"again") == b"again"
    assert keep_bytes("things", key, refuse) == b"again"


def test_an_error_leaves_nothing(cache: Path) -> None:
    with pytest.raises(AssertionError):
        keep_bytes("things", cache_key(one=1), refuse)
    assert not [path for path in (cache / "things").iterdir() if path.is_dir()]


def test_where_nothing_can_be_kept_it_is_made_each_time(cache: Path) -> None:
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("a file")
    key = cache_key(one=1)
    assert keep_bytes("things", key, lambda: b"made") == b"made"
    assert keep_bytes("things", key, lambda: b"again") == b"again"


def test_what_was_used_longest_ago_is_forgotten(cache: Path) -> None:
    keys = [cache_key(one=n) for n in range(4)]
    for age, key in enumerate(keys):
        keep_bytes("things", key, lambda: b"made")
        os.utime(cache / "things" / key, (1000 + age, 1000 + age))
    keep_bytes("things", keys[0], refuse)  # used again
    forget_oldest("things", 2)
    kept = {path.name for path in (cache / "things").iterdir() if path.is_dir()}
    assert kept == {keys[0], keys[3]}
    forget_oldest("nothing", 2)
