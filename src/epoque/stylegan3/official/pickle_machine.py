"""A small interpreter of the pickle format that can only build plain data.

A pickle is a programme for a stack machine. Python's own machine imports any function a file names
and calls it, which is why opening a foreign pickle may do anything. This one has no import, no
attribute access and no call of anything that comes from a file: it knows the few instructions that
the official files use, looks each global name up in a table of our own constructors of plain data,
and refuses everything else by name. What a file declares is compared with what it holds before
anything is made, and the number of instructions is limited, so that no file makes it hang.

The instructions are described in Python's `pickletools`.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from .pickle_data import Budget, Buildable, Call, Global, LongText, RefusedError

__all__ = ["PickleMachine"]

TEXT = 1024
"""Bytes from which a text is not kept: names are short, only embedded source code is long."""

INTEGER = 16
"""Bytes of the longest integer."""

NAME = 128
"""Characters of the longest global name."""

KEY = 2**31
"""Integers below it may be keys of a dictionary; larger ones could be made to collide."""


class PickleMachine:
    """Runs one pickle.

    Attributes:
        position: of the next byte; after `run` that behind the pickle.
    """

    def __init__(
        self,
        data: memoryview,
        table: Mapping[str, Call],
        budget: Budget,
        persistent: Callable[[Any], Any] | None = None,
        position: int = 0,
    ) -> None:
        """Prepare to run.

        Args:
            data: bytes; what is made may refer to them.
            table: the global names that may be used.
            budget: shared by all the pickles of a file.
            persistent: makes data from a persistent id; None refuses them.
            position: where the pickle begins.
        """
        self.position = position
        self._data = data
        self._table = table
        self._budget = budget
        self._persistent = persistent
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Return the data that the pickle describes.

        Raises:
            RefusedError: if it is damaged or asks for anything else than plain data.
        """
        while True:
            code = self._take(1)[0]
            self._budget.operation()
            if code == _STOP:
                return self._pop()
            if (step := _STEPS.get(code)) is None:
                instruction = _REFUSED.get(code, f"0x{code:02x}")
                raise RefusedError(
                    f"it holds the instruction {instruction}, which no official file uses"
                )
            step(self)

    # Bytes

    def _take(self, size: int) -> memoryview:
        """Return the next bytes, without copying them."""
        if size > len(self._data) - self.position:
            where = f"at byte {self.position} it announces {size} more"
            raise RefusedError(f"it is cut short or damaged ({where})")
        start, self.position = self.position, self.position + size
        return self._data[start : self.position]

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _text(self, size: int) -> str | LongText:
        data = self._take(size)
        if size > TEXT:
            return LongText(size)
        try:
            return str(data, "utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise self._damage_error("a text is not UTF-8") from None

    def _line(self) -> str:
        """Return the text up to the end of the line."""
        length = bytes(self._data[self.position : self.position + NAME + 1]).find(b"\n")
        if length < 0:
            raise self._damage_error("a name has no end")
        line = self._text(length)
        self.position += 1
        return str(line)

    def _damage_error(self, why: str) -> RefusedError:
        return RefusedError(f"it is damaged (at byte {self.position}: {why})")

    # The stack

    def _push(self, value: object) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            raise self._damage_error("a value is missing")
        return self._stack.pop()

    def _pop_to_mark(self) -> list[Any]:
        if not self._marks:
            raise self._damage_error("a mark is missing")
        mark = self._marks.pop()
        values = self._stack[mark:]
        del self._stack[mark:]
        return values

    def _top(self) -> Any:
        value = self._pop()
        self._push(value)
        return value

    # Steps: what each instruction does

    def protocol(self) -> None:
        """PROTO: the version of the format."""
        if not 2 <= (version := self._number("<B")) <= 5:
            raise RefusedError(f"it is a pickle of version {version}; 2 to 5 can be read")

    def frame(self) -> None:
        """FRAME: how many bytes belong together, which does not matter here."""
        if (size := self._number("<Q")) > len(self._data) - self.position:
            raise RefusedError(f"it is cut short or damaged (a frame announces {size} bytes)")

    def mark(self) -> None:
        """MARK: the beginning of a list of values."""
        self._marks.append(len(self._stack))

    def integer(self, form: str) -> None:
        """BININT, BININT1, BININT2: an integer of fixed size."""
        self._push(self._number(form))

    def long(self) -> None:
        """LONG1: an integer of any size."""
        if (size := self._number("<B")) > INTEGER:
            raise RefusedError(f"it holds an integer of {size} bytes")
        self._push(int.from_bytes(self._take(size), "little", signed=True))

    def text(self, form: str) -> None:
        """BINUNICODE and its like: a text."""
        self._push(self._text(self._number(form)))

    def blob(self, form: str) -> None:
        """BINBYTES and its like: bytes, not copied."""
        self._push(self._take(self._number(form)))

    def pairs(self) -> None:
        """SETITEMS: fill a dictionary."""
        values = self._pop_to_mark()
        if len(values) % 2:
            raise self._damage_error("a key has no value")
        self._set(values)

    def pair(self) -> None:
        """SETITEM: put one value into a dictionary."""
        value, key = self._pop(), self._pop()
        self._set([key, value])

    def _set(self, values: list[Any]) -> None:
        target = self._top()
        if type(target) is not dict:
            raise self._damage_error("a dictionary is missing")
        for key, value in zip(values[::2], values[1::2], strict=True):
            if type(key) is not str and not (type(key) is int and -KEY < key < KEY):
                raise RefusedError(
                    "it holds a dictionary whose keys are neither texts nor integers"
                )
            target[key] = value

    def extend(self) -> None:
        """APPENDS: lengthen a list."""
        self._append(self._pop_to_mark())

    def append(self) -> None:
        """APPEND: put one value into a list."""
        self._append([self._pop()])

    def _append(self, values: list[Any]) -> None:
        target = self._top()
        if type(target) is not list:
            raise self._damage_error("a list is missing")
        target.extend(values)

    def add(self) -> None:
        """ADDITEMS: fill a set."""
        values, target = self._pop_to_mark(), self._top()
        if type(target) is not set:
            raise self._damage_error("a set is missing")
        if any(type(value) is not str for value in values):
            raise RefusedError("it holds a set of something else than texts")
        target.update(values)

    def tuple_of(self, size: int) -> None:
        """TUPLE1, TUPLE2, TUPLE3: a tuple of the last values."""
        values = [self._pop() for _ in range(size)]
        self._push((*reversed(values),))

    def tuple_to_mark(self) -> None:
        """TUPLE: a tuple of the values after the mark."""
        self._push((*self._pop_to_mark(),))

    def put(self, form: str) -> None:
        """BINPUT, LONG_BINPUT: note the last value under a number."""
        self._memo[self._number(form)] = self._top()

    def memoize(self) -> None:
        """MEMOIZE: note the last value under the next number."""
        self._memo[len(self._memo)] = self._top()

    def get(self, form: str) -> None:
        """BINGET, LONG_BINGET: repeat a noted value."""
        number = self._number(form)
        if number not in self._memo:
            raise self._damage_error(f"no value was noted as {number}")
        self._push(self._memo[number])

    def name(self) -> None:
        """GLOBAL: a name in two lines."""
        module, name = self._line(), self._line()
        self._push(self._look_up(module, name))

    def stack_name(self) -> None:
        """STACK_GLOBAL: a name of the last two values."""
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise self._damage_error("a name is no text")
        self._push(self._look_up(module, name))

    def _look_up(self, module: str, name: str) -> Global:
        whole = f"{module}.{name}"
        if (call := self._table.get(whole)) is not None:
            return Global(whole, call)
        if whole.startswith("dnnlib.tflib."):
            era = "it is of the TensorFlow era (StyleGAN, StyleGAN2), which is another format"
            raise RefusedError(f"{era}; take the same network's file for PyTorch")
        raise RefusedError(f"it asks for {ascii(whole)[1:-1]:.128}, which no network needs")

    def reduce(self) -> None:
        """REDUCE: what a name of our table makes of arguments."""
        arguments, called = self._pop(), self._pop()
        if type(called) is not Global or type(arguments) is not tuple:
            raise RefusedError("it calls something that is not a known name")
        self._push(called.call(arguments))

    def build(self) -> None:
        """BUILD: complete the last value."""
        state, target = self._pop(), self._top()
        if type(target) is dict and type(state) is dict and set(state) <= {"_metadata"}:
            return  # what PyTorch notes about a state_dict
        if not isinstance(target, Buildable):
            raise RefusedError(f"it sets the state of a {type(target).__name__}")
        target.build(state)

    def persistent(self) -> None:
        """BINPERSID: data that lies outside the pickle."""
        if self._persistent is None:
            raise RefusedError("it asks for persistent data where there is none")
        self._push(self._persistent(self._pop()))


Step = Callable[[PickleMachine], None]


def _with_argument(method: Callable[[PickleMachine, Any], None], argument: Any) -> Step:
    return lambda machine: method(machine, argument)


def _push_new(make: Callable[[], Any]) -> Step:
    return lambda machine: machine._push(make())


_STOP = ord(".")

_STEPS: dict[int, Step] = {
    0x80: PickleMachine.protocol,
    0x95: PickleMachine.frame,
    ord("("): PickleMachine.mark,
    ord("N"): _push_new(lambda: None),
    0x88: _push_new(lambda: True),
    0x89: _push_new(lambda: False),
    ord("J"): _with_argument(PickleMachine.integer, "<i"),
    ord("K"): _with_argument(PickleMachine.integer, "<B"),
    ord("M"): _with_argument(PickleMachine.integer, "<H"),
    ord("G"): _with_argument(PickleMachine.integer, ">d"),
    0x8A: PickleMachine.long,
    ord("X"): _with_argument(PickleMachine.text, "<I"),
    0x8C: _with_argument(PickleMachine.text, "<B"),
    0x8D: _with_argument(PickleMachine.text, "<Q"),
    ord("B"): _with_argument(PickleMachine.blob, "<I"),
    ord("C"): _with_argument(PickleMachine.blob, "<B"),
    0x8E: _with_argument(PickleMachine.blob, "<Q"),
    0x96: _with_argument(
        PickleMachine.blob, "<Q"
    ),  # BYTEARRAY8: bytes that nobody will change here
    ord("]"): _push_new(list),
    ord("}"): _push_new(dict),
    ord(")"): _push_new(tuple),
    0x8F: _push_new(set),
    ord("a"): PickleMachine.append,
    ord("e"): PickleMachine.extend,
    ord("s"): PickleMachine.pair,
    ord("u"): PickleMachine.pairs,
    0x90: PickleMachine.add,
    0x85: _with_argument(PickleMachine.tuple_of, 1),
    0x86: _with_argument(PickleMachine.tuple_of, 2),
    0x87: _with_argument(PickleMachine.tuple_of, 3),
    ord("t"): PickleMachine.tuple_to_mark,
    ord("q"): _with_argument(PickleMachine.put, "<B"),
    ord("r"): _with_argument(PickleMachine.put, "<I"),
    0x94: PickleMachine.memoize,
    ord("h"): _with_argument(PickleMachine.get, "<B"),
    ord("j"): _with_argument(PickleMachine.get, "<I"),
    ord("c"): PickleMachine.name,
    0x93: PickleMachine.stack_name,
    ord("R"): PickleMachine.reduce,
    0x81: PickleMachine.reduce,  # NEWOBJ: of the table's names it asks the same
    ord("b"): PickleMachine.build,
    ord("Q"): PickleMachine.persistent,
}

_REFUSED = {
    ord("i"): "INST",
    ord("o"): "OBJ",
    0x92: "NEWOBJ_EX",
    0x82: "EXT1",
    0x83: "EXT2",
    0x84: "EXT4",
    ord("P"): "PERSID",
    0x8B: "LONG4",
    ord("0"): "POP",
    ord("1"): "POP_MARK",
    ord("2"): "DUP",
    0x97: "NEXT_BUFFER",
    0x98: "READONLY_BUFFER",
    0x91: "FROZENSET",
    ord("d"): "DICT",
    ord("l"): "LIST",
    ord("I"): "INT",
    ord("L"): "LONG",
    ord("F"): "FLOAT",
    ord("S"): "STRING",
    ord("T"): "BINSTRING",
    ord("U"): "SHORT_BINSTRING",
    ord("V"): "UNICODE",
    ord("g"): "GET",
    ord("p"): "PUT",
}
"""The instructions that are refused, to be told by name."""
