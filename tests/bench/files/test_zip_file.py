"""Zips of others: what they say of themselves is checked, and no more is unpacked than that."""

import io
import struct
import tracemalloc
import zipfile
from typing import Any

import pytest

from epoque.bench.errors import DataError
from epoque.bench.files.zip_file import open_zip, read_entry
from epoque.bench.limits import MAX_ZIP_ENTRIES

DIRECTORY, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


def pack(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def changed(data: bytes, sign: bytes, at: int, form: str, value: int) -> bytes:
    """Return a zip with another number in the part that a sign begins."""
    found = bytearray(data)
    struct.pack_into(form, found, data.rindex(sign) + at, value)
    return bytes(found)


def open_archive(data: bytes) -> Any:
    return open_zip(io.BytesIO(data), "a.zip")


def test_whole_files() -> None:
    files = {"a.png": b"1" * 1000, "b/c.json": b"{}", "é.txt": b""}
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        archive = open_archive(pack(files, method))
        assert {name: read_entry(archive, name, "a.zip", 1000) for name in files} == files


@pytest.mark.parametrize(
    "name", ["../x.png", "a/../../x.png", "/etc/x.png", "C:/x.png", "a\\..\\x.png", "a\\x.png"]
)
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(DataError, match=r"a\.zip is refused: the name .* leads out of it"):
        open_archive(pack({"a.png": b"1", name: b"2"}))


def test_links_duplicates_encryption_and_odd_packing() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match=r"link\.png is a link"):
        open_archive(file.getvalue())
    twice = pack({"a.png": b"1", "b.png": b"2"}).replace(b"b.png", b"a.png")
    with pytest.raises(DataError, match=r"it holds a\.png twice"):
        open_archive(twice)
    with pytest.raises(DataError, match=r"a\.png is encrypted"):
        open_archive(changed(pack({"a.png": b"1"}), DIRECTORY, 8, "<H", 1))
    with pytest.raises(DataError, match=r"a\.png is not packed with deflate"):
        open_archive(pack({"a.png": bytes(10_000)}, zipfile.ZIP_BZIP2))


def test_a_file_far_larger_than_it_is_packed() -> None:
    """Half a megabyte that holds half a gigabyte is refused by what its directory says."""
    zeros = pack({"a.png": bytes(100_000)})
    with pytest.raises(
        DataError, match=r"a\.png is [\d,]+ bytes that are said to hold 500,000,000"
    ):
        open_archive(changed(zeros, DIRECTORY, 24, "<I", 500_000_000))
    with pytest.raises(DataError, match=r"a\.png has 100,000 bytes; at most 99,999 are read"):
        read_entry(open_archive(zeros), "a.png", "a.zip", 99_999)


def test_a_directory_that_tells_too_little() -> None:
    """What is said to be ten bytes is not unpacked to 64 megabytes on the way."""
    bomb = pack({"a.png": bytes(64 * 2**20)})
    data = changed(changed(bomb, DIRECTORY, 24, "<I", 10), LOCAL, 22, "<I", 10)
    tracemalloc.start()
    with pytest.raises(DataError, match=r"a\.png is damaged \(Bad CRC"):
        read_entry(open_archive(data), "a.png", "a.zip", 1000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * 2**20


def test_too_many_entries_are_refused_unread() -> None:
    whole = pack({"a.png": b"1"})
    many = changed(changed(whole, END, 10, "<H", 0xFFFF), END, 12, "<I", 0xFFFFFFFF)
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, MAX_ZIP_ENTRIES + 1, 1, 1)
    at = many.rindex(END)
    with pytest.raises(DataError, match="it has more than 1,000,000 entries"):
        open_archive(many[:at] + wide + struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1) + many[at:])
    with pytest.raises(DataError, match="it has more than 1,000,000 entries"):
        open_archive(changed(whole, END, 12, "<I", 2**31))


@pytest.mark.parametrize(
    "data",
    [b"", b"no zip", pack({"a": b"1"})[:-30], b"PK\x05\x06" * 9],
    ids=["empty", "text", "cut", "ends"],  # a zip holds its time: processes would name it otherwise
)
def test_what_is_no_zip(data: bytes) -> None:
    with pytest.raises(DataError, match=r"a\.zip cannot be read as a zip"):
        open_archive(data)


def test_damage() -> None:
    data = pack({"a.png": b"content" * 100}, zipfile.ZIP_STORED).replace(b"content", b"cOntent", 1)
    with pytest.raises(DataError, match=r"a\.zip: a\.png is damaged \(Bad CRC"):
        read_entry(open_archive(data), "a.png", "a.zip", 1000)
    with pytest.raises(DataError, match=r"a\.zip: b\.png is missing in it"):
        read_entry(open_archive(data), "b.png", "a.zip", 1000)
