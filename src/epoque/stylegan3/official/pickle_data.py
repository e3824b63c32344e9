"""What the pickle machine makes and may spend: plain data, and a budget for a whole file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from epoque.bench.limits import MAX_NESTED_ARCHIVES, MAX_PICKLE_OPERATIONS

__all__ = ["Budget", "Buildable", "Call", "Global", "LongText", "RefusedError"]

Call = Callable[[tuple[Any, ...]], Any]
"""Makes plain data from arguments."""


class RefusedError(Exception):
    """Why a file is not read, to follow the file's name and "cannot be read: "."""


@dataclass
class Budget:
    """What is left to spend on one file, on all that is nested in it together.

    Attributes:
        bytes: of the tensors that are described.
        operations: instructions of all pickles.
        archives: that are opened, one within another or side by side.
    """

    bytes: int
    operations: int = MAX_PICKLE_OPERATIONS
    archives: int = MAX_NESTED_ARCHIVES

    @classmethod
    def of(cls, data: memoryview) -> Self:
        """Return the budget of a whole file: tensors may be described a few times each."""
        return cls(4 * len(data) + 2**20)

    def archive(self) -> None:
        """Spend the opening of an archive."""
        self.archives -= 1
        if self.archives < 0:
            raise RefusedError("it holds far more archives than a network's file needs")

    def operation(self) -> None:
        """Spend an instruction."""
        self.operations -= 1
        if self.operations < 0:
            raise RefusedError("it holds far more instructions than a network needs")

    def tensor(self, size: int) -> None:
        """Spend the bytes of a tensor."""
        self.bytes -= size
        if self.bytes < 0:
            raise RefusedError("it describes tensors far larger than the file itself")


@dataclass(frozen=True, slots=True)
class LongText:
    """Stands for a long text, which is passed over unread.

    Attributes:
        size: its length in bytes.
    """

    size: int


@dataclass(frozen=True, slots=True)
class Global:
    """A name of the table.

    Attributes:
        name: module and name, with a dot.
        call: what calling it makes.
    """

    name: str
    call: Call


class Buildable:
    """Plain data that a BUILD instruction completes."""

    def build(self, state: object) -> None:
        """Complete it.

        Raises:
            RefusedError: if the state is not as it should be.
        """
        raise NotImplementedError
