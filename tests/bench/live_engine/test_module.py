"""The engine's file: small, alone, and compiled of the source that stands here."""

import sys
from hashlib import sha256
from pathlib import Path

import pytest
from node import run_node

from epoque.bench.errors import MissingExtraError
from epoque.bench.live_engine import engine_sha256
from epoque.bench.live_engine.module import EngineInstance, _compile, engine_bytes

ROOT = Path(__file__).parents[3]
MOST_BYTES = 100_000


def test_it_is_small_and_its_digest_is_its_version() -> None:
    assert len(engine_bytes()) < MOST_BYTES
    assert engine_sha256() == sha256(engine_bytes()).hexdigest()


def test_it_asks_its_host_for_nothing_but_abort() -> None:
    wasmtime = pytest.importorskip("wasmtime")
    module = wasmtime.Module(wasmtime.Engine(), engine_bytes())
    assert {(each.module, each.name) for each in module.imports} <= {("env", "abort")}


def test_it_holds_no_relaxed_instruction() -> None:
    """A host without them compiles it: what they compute differs from machine to machine."""
    wasmtime = pytest.importorskip("wasmtime")
    settings = wasmtime.Config()
    settings.wasm_relaxed_simd = False
    assert wasmtime.Module(wasmtime.Engine(settings), engine_bytes())


def test_the_source_compiles_to_these_bytes(tmp_path: Path) -> None:
    compiler = ROOT / "web/node_modules/assemblyscript/bin/asc.js"
    if not compiler.exists():
        pytest.skip("web/node_modules is missing: python tools/npm.py ci")
    out = tmp_path / "engine.wasm"
    config = "engine/asconfig.json"
    run_node(compiler, "engine/index.ts", "--config", config, "-o", out, cwd=ROOT / "web")
    assert out.read_bytes() == engine_bytes(), "python tools/npm.py run engine"


def test_without_wasmtime_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    _compile.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pip install 'epoque\[studio\]'"):
        EngineInstance()
    _compile.cache_clear()
