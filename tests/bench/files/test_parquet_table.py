"""Tables of results: the same bytes however their rows were cut."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epoque.bench.files import parquet_table
from epoque.bench.files.parquet_table import decode_table, encode_rows, encode_table, join_tables

cells = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**6), 10**6), st.sampled_from(["none", "a", ""]),
    st.floats(allow_nan=False), st.sampled_from([1e-05, 0.1, 3.0, 1e16]),
)  # fmt: skip
rows = st.lists(st.dictionaries(st.sampled_from(["x", "y", "reason"]), cells), min_size=1)


@given(table=rows, cuts=st.sets(st.integers(1, 20)))
@settings(max_examples=60)
def test_the_bytes_do_not_hang_on_how_rows_are_cut(
    table: list[dict[str, Any]], cuts: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    table = [{"seed": number, **row} for number, row in enumerate(table)]
    folder = tmp_path_factory.mktemp("tables")
    alone = join(folder / "alone", [[row] for row in table])
    edges = sorted({0, len(table), *(cut for cut in cuts if cut < len(table))})
    pieces = [table[start:stop] for start, stop in pairwise(edges)]
    assert join(folder / "cut", pieces) == alone


def join(folder: Path, pieces: list[list[dict[str, Any]]]) -> bytes:
    folder.mkdir()
    paths = []
    for number, piece in enumerate(pieces):
        names = dict.fromkeys(name for row in piece for name in row)
        data = encode_rows({name: [row.get(name) for row in piece] for name in names})
        paths.append(folder / f"{number}.parquet")
        paths[-1].write_bytes(data)
    join_tables(paths, folder / "table.parquet")
    return (folder / "table.parquet").read_bytes()


@pytest.mark.parametrize(("unit", "groups"), [(1, [10, 10, 5]), (4, [12, 12, 1])])
def test_row_groups_are_whole_numbers_of_what_belongs_together(
    unit: int, groups: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    monkeypatch.setattr(parquet_table, "ROWS_TOGETHER", 10)
    (tmp_path / "a").write_bytes(encode_table({"x": list(range(25))}))
    join_tables([tmp_path / "a"], tmp_path / "b", unit)
    footer = pq.read_metadata(tmp_path / "b")
    assert [footer.row_group(n).num_rows for n in range(footer.num_row_groups)] == groups
    assert decode_table((tmp_path / "b").read_bytes())["x"] == list(range(25))
