"""Tables of results as Parquet.

Tables joined in their order give the same bytes whenever they were written: a sweep that was
stopped and resumed ends with the table of one that was not.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DamagedRunError
from ..sweeps.columns import Columns
from .atomic import write_atomic

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = [
    "add_first_column",
    "decode_table",
    "encode_rows",
    "encode_table",
    "is_intact",
    "join_tables",
    "read_table",
    "read_tables",
]

ROWS_TOGETHER = 65_536  # in a row group of the joined table
LAST = ("state", "reason")  # columns that stand behind the numbers


def encode_table(columns: Columns) -> bytes:
    """Return columns, name to values, equally many, as a Parquet file."""
    import pyarrow as pa

    table = pa.table({name: _to_array(values) for name, values in columns.items()})
    return _parquet(table.schema, [table])


def encode_rows(columns: Columns) -> bytes:
    """Return columns as `encode_table` does, however the rows of a table are cut into such files.

    A column that holds numbers and texts is text, spelt as joining one row after another would.
    """
    import pyarrow as pa

    table = pa.table({name: _to_joined_array(values) for name, values in columns.items()})
    return _parquet(table.schema, [table])


def add_first_column(data: bytes, name: str, values: Sequence[object]) -> bytes:
    """Return a Parquet file with one more column, before the others."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetFile(pa.BufferReader(data)).read()
    table = table.add_column(0, name, _to_array(values))
    return _parquet(table.schema, [table])


def decode_table(data: bytes) -> dict[str, list[Any]]:
    """Return the columns of a Parquet file, name to values; a missing one is None."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, list[Any]] = pq.ParquetFile(pa.BufferReader(data)).read().to_pydict()
    return columns


def join_tables(paths: Sequence[Path], path: Path, unit: int = 1) -> None:
    """Write tables, in their order, as one; it is on the disk when this returns.

    A column that some lack is empty there. The bytes do not hang on how the rows are cut into
    tables.

    Args:
        paths: of the tables.
        path: of the one.
        unit: its row groups are whole numbers of so many rows.

    Raises:
        DamagedRunError: if one cannot be read.
        RunWriteError: if the system refuses.
    """
    schema, rows = _schema(paths), unit * -(-ROWS_TOGETHER // unit)
    write_atomic(path, _parquet(schema, _row_groups(paths, schema, rows)), durable=True)


def read_tables(paths: Sequence[Path]) -> "pd.DataFrame":
    """Return the rows of tables, in their order.

    Raises:
        DamagedRunError: if one cannot be read.
    """
    import pandas as pd
    import pyarrow as pa

    if not paths:
        return pd.DataFrame()
    schema = _schema(paths)
    frame: pd.DataFrame = pa.concat_tables(_row_groups(paths, schema)).to_pandas()
    return frame


def read_table(path: Path) -> "pd.DataFrame":
    """Return a table of results.

    Raises:
        DamagedRunError: if it is missing, cut short or not Parquet.
    """
    frame: pd.DataFrame = _read(path).to_pandas()
    return frame


def _to_array(values: Sequence[object]) -> "pa.Array":
    """Return numbers or texts as one column; None is a missing value."""
    import numpy as np
    import pyarrow as pa

    if isinstance(values, np.ndarray):
        return pa.array(values)
    kinds = {type(value) for value in values}
    if kinds == {float}:
        return _to_number_array(np.array(values), pa.float64())
    if kinds == {int} and max(map(abs, values)) < 2**63:  # type: ignore[arg-type]
        return _to_number_array(np.array(values, np.int64), pa.int64())
    kinds.discard(type(None))
    if kinds > {float} and kinds <= {int, float}:
        return pa.array(values, pa.float64())
    mixed = len(kinds) > 1
    return pa.array([None if v is None else str(v) for v in values] if mixed else values)


def _to_number_array(values: "NDArray[Any]", kind: "pa.DataType") -> "pa.Array":
    """Return numbers, none missing, as one column.

    `pa.array` would do so too, and import pandas first, to ask whether the values are its.
    """
    import pyarrow as pa

    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _to_joined_array(values: Sequence[object]) -> "pa.Array":
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if len(kinds) < 2 or kinds == {int, float}:
        return _to_array(values)
    text = pa.string()
    return pa.array([None if v is None else pa.scalar(v).cast(text).as_py() for v in values], text)


def _schema(paths: Sequence[Path]) -> "pa.Schema":
    """Return the columns of all tables, in order of appearance, each of a type that suits all."""
    import pyarrow as pa

    kinds: dict[str, pa.DataType] = {}
    for path in paths:
        footer = _footer(path)
        if footer is None:
            raise DamagedRunError(f"{path} is damaged or missing.")
        for field in footer.schema.to_arrow_schema():
            kinds[field.name] = _common_type(kinds.get(field.name, field.type), field.type)
    return pa.schema(sorted(kinds.items(), key=lambda item: item[0] in LAST))


def _common_type(one: "pa.DataType", other: "pa.DataType") -> "pa.DataType":
    """Return a type for the values of both: a number if both are, else text."""
    import pyarrow as pa

    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    numbers = all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in (one, other))
    return pa.float64() if numbers else pa.string()


def _row_groups(
    paths: Sequence[Path], schema: "pa.Schema", rows: int = ROWS_TOGETHER
) -> "Iterator[pa.Table]":
    """Yield the rows of tables in groups of `rows`; many tiny ones would be slow to read."""
    import pyarrow as pa

    tables: list[pa.Table] = []
    count = 0
    for path in paths:
        tables.append(_fit_columns(_read(path), schema))
        count += len(tables[-1])
        while count >= rows:
            together = pa.concat_tables(tables)
            yield together.slice(0, rows)
            tables, count = [together.slice(rows)], count - rows
    if count:
        yield pa.concat_tables(tables)


def _fit_columns(part: "pa.Table", schema: "pa.Schema") -> "pa.Table":
    """Return a part with all the columns, empty where it has none."""
    import pyarrow as pa

    if part.schema.equals(schema):
        return part  # nothing is cast: that would import pyarrow's functions, a tenth of a sweep
    has = set(part.column_names)
    columns = [
        part[f.name].cast(f.type) if f.name in has else pa.nulls(len(part), f.type) for f in schema
    ]
    return pa.table(columns, schema=schema)


def _parquet(schema: "pa.Schema", tables: "Sequence[pa.Table] | Iterator[pa.Table]") -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = pa.BufferOutputStream()
    with pq.ParquetWriter(buffer, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table.combine_chunks())
    data: bytes = buffer.getvalue().to_pybytes()
    return data


def is_intact(path: Path) -> bool:
    """Return whether a table is there and all of it can be read."""
    try:
        _read(path)
    except DamagedRunError:
        return False
    return True


def _footer(path: Path) -> Any:
    """Return the metadata of a Parquet file, or None if it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return None


def _read(path: Path) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path).read()
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = (str(error).splitlines() or ["it cannot be read"])[0]
        raise DamagedRunError(f"{path} is damaged or missing: {reason}.") from None
