"""Evil files: each is refused with a sentence, nothing runs, nothing hangs or eats memory."""

import ast
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from assemble import Call, Name, Persistent, Raw, dump, module, snapshot, stream, tensor
from waiting import PATIENCE

from epoque.bench.errors import DataError
from epoque.stylegan3 import official
from epoque.stylegan3.official.snapshot import read_snapshot, read_snapshot_bytes

CANARY = "canary-that-must-not-appear"
NUMBERS = np.arange(12, dtype=np.float32)

TOUCH = (f"touch {CANARY}",)
RUN = f"import pathlib; pathlib.Path('{CANARY}').touch()"


def uint64(number: int) -> bytes:
    return struct.pack("<Q", number)


def note(number: int, what: str) -> bytes:
    """Return the instruction that notes a value (r) or repeats it (j)."""
    return what.encode() + struct.pack("<I", 7000 + number)


def nest(depth: int) -> Raw:
    """Return lists, one in the other; made without recursion."""
    return Raw(b"]" * depth + b"a" * (depth - 1))


def weight(value) -> bytes:
    """Return a snapshot with one parameter."""
    return snapshot(module(_parameters={"weight": value}))


def argument(value) -> bytes:
    """Return a snapshot with one argument."""
    return snapshot(module(_init_kwargs={"z_dim": value}))


def double(depth: int, twice: bytes) -> Raw:
    """Return data that refers twice to data that refers twice to …: small, but endless to walk."""
    step = note(1, "r") + twice.replace(b"@", note(1, "j"))
    return Raw(b"N" + step * depth)


def load(data: bytes) -> Call:
    return Call("torch.storage._load_from_bytes", (data,))


def rebuilt(storage, offset, size, stride) -> Call:
    hooks = Call("collections.OrderedDict")
    told = (storage, offset, size, stride, False, hooks)
    return Call("torch._utils._rebuild_tensor_v2", told)


def twin(depth: int) -> Call:
    """Return a module whose two halves are the same module, and so on."""
    inner = module()
    for _ in range(depth):
        inner = module(_modules={"a": Raw(note(1, "r"), (inner,)), "b": Raw(note(1, "j"))})
    return inner


def again(number: int) -> Call:
    """Return a tensor of a storage that the first one notes and the others repeat."""
    whole = Raw(note(1, "r"), (load(stream(NUMBERS.repeat(10_000))),))
    return rebuilt(Raw(note(1, "j")) if number else whole, 0, (120_000,), (1,))


def deep(depth: int) -> Call:
    inner = module()
    for _ in range(depth):
        inner = module(_modules={"a": inner})
    return inner


SELF = Raw(b"]" + note(1, "r") + note(1, "j") + b"a")
"""A list that contains itself."""

HUGE = 2**60

EVIL: dict[str, tuple[bytes, str]] = {
    # Functions of Python and the system
    "os.system": (dump(Call("os.system", TOUCH)), "asks for os.system"),
    "posix.system": (dump(Call("posix.system", TOUCH)), "asks for posix.system"),
    "subprocess": (dump(Call("subprocess.Popen", (["touch", CANARY],))), "subprocess.Popen"),
    "eval": (dump(Call("builtins.eval", (f"open('{CANARY}', 'w')",))), "asks for builtins.eval"),
    "exec": (dump(Call("builtins.exec", (RUN,))), "asks for builtins.exec"),
    "compile": (dump(Call("builtins.compile", (RUN, "x", "exec"))), "asks for builtins.compile"),
    "getattr": (dump(Call("builtins.getattr", (Name("os.system"), "x"))), "builtins.getattr"),
    "import": (dump(Call("builtins.__import__", ("os",))), "asks for builtins.__import__"),
    "old names": (b"\x80\x02c__builtin__\neval\nX\x01\x00\x00\x001\x85R.", "__builtin__.eval"),
    "dotted": (dump(Call("collections.OrderedDict.fromkeys", ())), "OrderedDict.fromkeys"),
    "dunder": (
        dump(Name("torch.storage.__builtins__.eval")),
        "torch.storage.__builtins__.eval",
    ),
    "torch.load": (dump(Call("torch.load", (CANARY,))), "asks for torch.load"),
    "runpy": (dump(Call("runpy._run_code", (RUN, {}))), "asks for runpy._run_code"),
    "numpy.load": (dump(Call("numpy.load", (CANARY,))), "asks for numpy.load"),
    "in a module": (snapshot(module(_x=Call("os.system", TOUCH))), "os.system"),
    "in an argument": (argument(Call("builtins.eval", ("1",))), "asks for builtins.eval"),
    "in a tensor": (weight(rebuilt(Call("os.getcwd"), 0, (1,), (1,))), "asks for os.getcwd"),
    "in a stream": (weight(rebuilt(load(dump(Call("os.getcwd"))), 0, (1,), (1,))), "os.getcwd"),
    "as a storage": (
        weight(tensor(NUMBERS, told=("storage", Name("os.system"), "94", "cpu", 12, None))),
        "asks for os.system",
    ),
    "called storage": (
        weight(rebuilt(load(dump(Call("torch.FloatStorage", (HUGE,)))), 0, (1,), (1,))),
        "asks for torch.FloatStorage",
    ),
    "stream in a stream": (
        weight(rebuilt(load(dump(load(stream(NUMBERS)))), 0, (1,), (1,))),
        "asks for torch.storage._load_from_bytes",
    ),
    "long name": (dump(Name("m." + "x" * 1000)), "which no network needs"),
    "endless name": (b"\x80\x02c" + b"x" * 1000, "a name has no end"),
    "name with controls": (dump(Name("a.\x1b[2J\nb")), r"asks for a\.\\x1b\[2J\\nb"),
    "unknown class": (snapshot(module("Evil")), "the class Evil, which is unknown"),
    # Calls of something else than a name
    "a text called": (dump(Raw(b"R", ("os.system", ()))), "calls something that is not a known"),
    "result called": (dump(Raw(b"R", (Call("collections.OrderedDict"), ()))), "not a known name"),
    "nested reduce": (
        dump(Call("collections.OrderedDict", (Call("os.system", TOUCH),))),
        "asks for os.system",
    ),
    "arguments are a list": (dump(Call("builtins.set", [[1]])), "not a known name"),
    "NEWOBJ": (dump(Raw(b"\x81", (Name("subprocess.Popen"), (CANARY,)))), "subprocess.Popen"),
    "NEWOBJ_EX": (dump(Raw(b"\x92", (Name("dnnlib.util.EasyDict"), (), {}))), "NEWOBJ_EX"),
    "INST": (f"\x80(S'touch {CANARY}'\nios\nsystem\n.".encode("latin1"), "INST|STRING|version"),
    "OBJ": (b"\x80\x02(cos\nsystem\nX\x01\x00\x00\x001o.", "os.system"),
    "EXT1": (b"\x80\x02\x82\x01.", "EXT1"),
    "BUILD of a dictionary": (dump(Raw(b"b", ({}, {"__class__": 1}))), "sets the state of a dict"),
    "BUILD of a name": (
        dump(Raw(b"b", (Name("dnnlib.util.EasyDict"), {"call": 1}))),
        "sets the state of a Global",
    ),
    "BUILD of a module": (
        dump(Raw(b"b", (module(), {"state": {}}))),
        "the state of a OfficialModule",
    ),
    "BUILD of a tensor": (dump(Raw(b"b", (tensor(NUMBERS), {}))), "the state of a ndarray"),
    # Persistent ids
    "persistent id": (dump(Persistent("x")), "persistent data where there is none"),
    "old persistent id": (b"\x80\x02Px\n.", "PERSID"),
    "persistent module": (
        weight(tensor(NUMBERS, told=("module", Name("torch.FloatStorage"), "a", "b"))),
        "persistent data that is no tensor",
    ),
    "storage without a type": (
        weight(tensor(NUMBERS, told=("storage", "os.system", "94", "cpu", 12, None))),
        "not stored as PyTorch stores it",
    ),
    "view of a storage": (
        weight(tensor(NUMBERS, told=("storage", Name("torch.FloatStorage"), "94", "", 12, (1,)))),
        "not stored as PyTorch stores it",
    ),
    # Sizes
    "BINBYTES8": (b"\x80\x04\x8e" + uint64(HUGE) + b"abc", "cut short or damaged"),
    "BINBYTES": (b"\x80\x04B\xff\xff\xff\x7fabc", "cut short or damaged"),
    "BINUNICODE8": (b"\x80\x04\x8d" + uint64(HUGE) + b"abc", "cut short or damaged"),
    "BYTEARRAY8": (b"\x80\x05\x96" + uint64(HUGE) + b"abc", "cut short or damaged"),
    "FRAME": (b"\x80\x04\x95" + uint64(HUGE) + b"N.", "cut short or damaged"),
    "LONG4": (b"\x80\x04\x8b\xff\xff\xff\x7f\x01.", "LONG4"),
    "LONG1": (b"\x80\x04\x8a\xff" + b"\x01" * 255 + b".", "an integer of 255 bytes"),
    "INT": (b"\x80\x02I" + b"9" * 100_000 + b"\n.", "INT"),
    "LONG_BINPUT": (b"\x80\x04Nr\xff\xff\xff\xff.", "none of the networks"),
    "numel": (weight(tensor(NUMBERS, count=2**40)), "a tensor announces 1099511627776 numbers"),
    "huge numel": (weight(tensor(NUMBERS, count=2**50)), "not stored as PyTorch stores it"),
    "numel told in two ways": (
        weight(tensor(NUMBERS, told=("storage", Name("torch.FloatStorage"), "94", "", 13, None))),
        "told in two ways",
    ),
    "negative numel": (weight(tensor(NUMBERS, count=-1)), "not stored as PyTorch stores it"),
    "numel is True": (
        weight(tensor(NUMBERS, told=("storage", Name("torch.FloatStorage"), "94", "", True, None))),
        "not stored as PyTorch stores it",
    ),
    "size": (weight(tensor(NUMBERS, (2**40,), (1,))), "reaches beyond its storage"),
    "expanded": (weight(tensor(NUMBERS, (2**40,), (0,))), "far larger than the file"),
    "expanded twice": (weight(tensor(NUMBERS, (2**30, 2**30), (0, 0))), "negative or far too"),
    "nothing, hugely": (weight(tensor(NUMBERS, (0, 2**47, 2**47), (1, 1, 1))), "far too large"),
    "stride": (weight(tensor(NUMBERS, (3, 4), (100, 1))), "reaches beyond its storage"),
    "huge stride": (weight(tensor(NUMBERS, (1,), (2**62,))), "negative or far too large"),
    "negative stride": (weight(tensor(NUMBERS, (3,), (-1,), 5)), "negative or far too large"),
    "offset": (weight(tensor(NUMBERS, offset=1)), "reaches beyond its storage"),
    "negative offset": (weight(tensor(NUMBERS, offset=-1)), "negative or far too large"),
    "huge offset": (weight(tensor(NUMBERS, offset=2**62)), "negative or far too large"),
    "offset of nothing": (weight(tensor(NUMBERS, (0,), (1,), 13)), "reaches beyond its storage"),
    "dimensions": (weight(tensor(NUMBERS, (1,) * 100, (1,) * 100)), "a tensor has no shape"),
    "shape and strides": (weight(tensor(NUMBERS, (3, 4), (1,))), "a tensor has no shape"),
    "float shape": (weight(tensor(NUMBERS, (3.0,), (1,))), "a tensor has no shape"),
    "one storage a thousand times": (
        snapshot(module(_parameters={f"t{i}": again(i) for i in range(1000)})),
        "tensors far larger than the file",
    ),
    "array": (
        argument(
            Call(
                "numpy._core.multiarray._reconstruct",
                (Name("numpy.ndarray"), (0,), b"b"),
                (1, (2**40,), Call("numpy.dtype", ("f8",)), False, b"12345678"),
            )
        ),
        "not as large as it says",
    ),
    "array of nothing": (
        argument(
            Call(
                "numpy._core.multiarray._reconstruct",
                (Name("numpy.ndarray"), (0,), b"b"),
                (1, (0, 2**47, 2**47), Call("numpy.dtype", ("f8",)), False, b""),
            )
        ),
        "an array has no shape",
    ),
    "array of objects": (argument(Call("numpy.dtype", ("O8", False, True))), "no network needs"),
    "dtype of fields": (
        argument(Call("numpy.dtype", ("f8",), (3, "<", None, ("a",), {}, 8, 1, 0))),
        "a type of several fields",
    ),
    "big-endian": (
        argument(Call("numpy.dtype", ("f8",), (3, ">", None, None, None, -1, -1, 0))),
        "another byte order",
    ),
    "big-endian stream": (
        weight(tensor(NUMBERS, facts={"little_endian": False})),
        "another byte order",
    ),
    "wrong magic": (weight(tensor(NUMBERS, magic=7)), "not stored as PyTorch stores it"),
    "wrong key": (weight(tensor(NUMBERS, key="95")), "not stored as PyTorch stores it"),
    # Too much of it
    "a million lists": (b"\x80\x04" + b"]" * 10**6 + b".", "far more instructions"),
    "a million sets": (b"\x80\x04" + b"\x8f" * 10**6 + b".", "far more instructions"),
    "streams again and again": (
        dump(
            Raw(
                (note(2, "j") + note(1, "j") + b"\x85R") * 50_000,
                (
                    Raw(note(1, "r"), (stream(NUMBERS),)),
                    Raw(note(2, "r"), (Name("torch.storage._load_from_bytes"),)),
                ),
            )
        ),
        "far more instructions",
    ),
    "too many arguments": (argument([0] * 20_000), "nested too deeply or far too many"),
    "too many modules": (snapshot(twin(15)), "far more modules and tensors"),
    # Nesting and cycles
    "nested lists": (argument(nest(50_000)), "nested too deeply"),
    "list in itself": (argument(SELF), "nested too deeply"),
    "doubled tuples": (argument(double(60, b"@\x86")), "nested too deeply or far too many"),
    "doubled tuples as a key": (
        dump(Raw(b"s", ({}, double(60, b"@\x86"), 1))),
        "keys are neither texts nor integers",
    ),
    "doubled tuples in a set": (
        dump(Raw(b"\x8f(" + double(60, b"@\x86").code + b"\x90")),
        "a set of something else",
    ),
    "deep modules": (snapshot(deep(30)), "nested too deeply"),
    "colliding keys": (
        dump({(2**61 - 1) * i: None for i in range(1, 100)}),
        "keys are neither texts nor integers",
    ),
    "key is a list": (dump(Raw(b"s", ({}, [], 1))), "keys are neither texts nor integers"),
    # Damage
    "no STOP": (b"\x80\x04N", "cut short"),
    "only a STOP": (b"\x80\x04.", "a value is missing"),
    "a mark without a list": (b"\x80\x04t.", "a mark is missing"),
    "below the mark": (b"\x80\x04N(a.", "a value is missing"),
    "unknown note": (b"\x80\x04h\x05.", "no value was noted as 5"),
    "odd dictionary": (b"\x80\x04}(Nu.", "a key has no value"),
    "SETITEM into a list": (b"\x80\x04]NNs.", "a dictionary is missing"),
    "APPEND to a dictionary": (b"\x80\x04}Na.", "a list is missing"),
    "not UTF-8": (b"\x80\x04\x8c\x02\xff\xfe.", "a text is not UTF-8"),
    "version 0": (b"\x80\x00.", "a pickle of version 0"),
    "unknown instruction": (b"\x80\x04\xff.", "the instruction 0xff"),
    "tensor for a module": (snapshot(module(_modules={"a": tensor(NUMBERS)})), "is no module"),
    "text for a tensor": (weight("x"), "the tensor weight is none"),
    "name with a dot": (snapshot(module(_parameters={"../x": tensor(NUMBERS)})), "without a name"),
    "no parameters": (snapshot(module(_parameters=None)), "has no _parameters"),
    "argument of a module": (argument(module()), "neither number nor text"),
    "argument that is NaN": (argument(float("nan")), "neither number nor text"),
    "arguments without names": (snapshot(module("SynthesisLayer", _init_args=(1,))), "no names"),
    "no arguments": (snapshot(module(_init_args=None)), "arguments of its Generator are missing"),
}


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", EVIL)
def test_evil_file(name: str):
    data, told = EVIL[name]
    with pytest.raises(DataError, match=told) as caught:
        read_snapshot_bytes(data, "evil.pkl")
    assert str(caught.value).startswith("evil.pkl cannot be read: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert caught.value.exit_code == 2
    assert not Path(CANARY).exists()


def test_the_canary_sings():
    """Python's own reader does run such a file: the tests above can fail."""
    pickle.loads(EVIL["os.system"][0])
    assert Path(CANARY).exists()


WATCHED = """
import sys
from pathlib import Path
from epoque.bench.errors import DataError
from epoque.stylegan3.official.snapshot import read_snapshot

seen = []
allowed = ("open", "mmap.__new__", "os.listdir", "os.scandir")

def hook(event, arguments):
    if event.startswith(("object.__getattr__", "sys._getframe", "code.__new__", "gc.")):
        return
    if event == "open" and isinstance(arguments[0], int):
        return  # a file of what is open already
    seen.append((event, str(arguments)[:200]))

files = sorted(Path(sys.argv[1]).iterdir())
if sys.platform == "linux":  # what is in use now, and an eighth of a gigabyte more
    import resource
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 2**27
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
read = 0
sys.addaudithook(hook)
for path in files:
    try:
        read_snapshot(path)
    except DataError:
        read += 1
bad = [e for e in seen if e[0] not in allowed]
bad += [e for e in seen if e[0] == "open" and sys.argv[1] not in e[1]]
print(read, len(files), len(seen), bad)
"""


def test_nothing_but_the_file_is_opened(tmp_path: Path):
    """Watched by Python's audit: no import, no execution, no process, no other file.

    And with little memory: 128 MB more than Python and NumPy have when they begin.
    """
    folder = tmp_path / "evil"
    folder.mkdir()
    for i, (data, _) in enumerate(EVIL.values()):
        (folder / f"{i}.pkl").write_bytes(data)
    command = [sys.executable, "-c", WATCHED, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    count = str(len(EVIL))
    read, files, seen, bad = done.stdout.split(maxsplit=3)
    assert (read, files, bad.strip()) == (count, count, "[]")
    assert int(seen) >= 2 * len(EVIL)  # the audit does see


def test_the_reader_has_no_means_to_run_anything():
    """The package's code imports nothing that executes or unpickles, and calls nothing such."""
    forbidden = {"eval", "exec", "compile", "__import__", "getattr", "setattr", "globals", "vars"}
    allowed = {"struct", "mmap", "math", "collections", "dataclasses", "typing", "pathlib", "numpy"}
    folder = Path(official.__file__).parent
    for name in ("pickle_data", "pickle_machine", "pickle_globals", "torch_storages", "snapshot"):
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            if isinstance(node, ast.Name):
                assert node.id not in forbidden, name
            if isinstance(node, ast.Import):
                assert {part.name.split(".")[0] for part in node.names} <= allowed
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert str(node.module).split(".")[0] in allowed | {"epoque"}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_a_fifo_is_refused(tmp_path: Path):
    """A pipe would be waited for without end."""
    import os

    os.mkfifo(tmp_path / "pipe.pkl")
    with pytest.raises(DataError, match="it is a FIFO, not a file"):
        read_snapshot(tmp_path / "pipe.pkl")
