"""Wheels and source distributions hold the studio's page; an editable install builds none."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
CLIENT = "epoque/studio/client"
COPIED = ("src", "web", "tools", "hatch_build.py", "pyproject.toml", "README.md", "LICENSE")
LEFT = ("node_modules", "__pycache__", "client", "generated")


def load_tool(name: str, root: Path = ROOT) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, root / "tools" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this tree as a fresh clone is: nothing built, nothing installed by npm."""
    tree = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns(*LEFT))
        else:
            shutil.copy(source, tree / name)
    shutil.copy(ROOT / ".gitignore", tree)
    return tree


@pytest.fixture(scope="module")
def client(tree: Path) -> ModuleType:
    return load_tool("client", tree)


def write_client(client: ModuleType) -> None:
    """Put a page where the client is built, with the stamp of the sources as they are."""
    client.CLIENT.mkdir(parents=True, exist_ok=True)
    (client.CLIENT / "index.html").write_text("<!doctype html>")
    client.STAMP.write_text(client.source_digest())


def test_the_client_is_current_until_a_source_changes(client: ModuleType) -> None:
    assert not client.is_current()
    write_client(client)
    assert client.is_current()
    assert client.build_client() is False
    source = client.ROOT / "web" / "src" / "main.ts"
    text = source.read_text("utf-8")
    source.write_text(f"{text}// changed\n", "utf-8")
    assert not client.is_current()
    source.write_text(text, "utf-8")
    assert client.is_current()


def test_a_build_that_fails_says_what_failed(
    client: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(client.CLIENT, ignore_errors=True)
    monkeypatch.setattr(client, "INSTALLED", client.ROOT / "web" / "package-lock.json")
    monkeypatch.setattr(client, "_install_packages", lambda: None)
    with pytest.raises(client.BuildError, match="`npm run -s build` failed"):
        client.build_client()  # npm installed nothing here, so there is no vite
    assert not client.is_current()


@pytest.mark.parametrize(("version", "calls"), [("editable", 0), ("standard", 1)])
def test_an_editable_install_builds_nothing(
    tree: Path, monkeypatch: pytest.MonkeyPatch, version: str, calls: int
) -> None:
    interface = ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, interface.__name__, interface)
    spec = importlib.util.spec_from_file_location("hatch_build", tree / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    fake = ModuleType("client")
    built: list[Any] = []
    fake.is_current = lambda: False  # type: ignore[attr-defined]
    fake.build_client = lambda: built.append(1)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "client", fake)
    hook = object.__new__(module.ClientBuildHook)
    hook.root = str(tree)
    hook.initialize(version, {})
    assert len(built) == calls


def build(kind: str, source: Path, out: Path, **environment: str) -> Path:
    """Build a wheel or a source distribution in an environment of its own, as pip does."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if kind == "wheel":
        command += ["wheel", "--no-deps", "--wheel-dir", str(out), str(source)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (path,) = out.glob("*.whl")
    return path


@pytest.mark.slow
def test_a_wheel_holds_the_page_and_one_of_the_source_needs_no_npm(
    tree: Path, client: ModuleType, tmp_path: Path
) -> None:
    if importlib.util.find_spec("pip") is None:
        pytest.skip("pip is not installed in this environment")
    shutil.rmtree(client.CLIENT, ignore_errors=True)
    wheel = build("wheel", tree, tmp_path / "first")
    names = zipfile.ZipFile(wheel).namelist()
    assert f"{CLIENT}/index.html" in names
    assert any(name.startswith(f"{CLIENT}/assets/engine-") for name in names)
    assert not any("node_modules" in name for name in names)
    fonts = [info for info in zipfile.ZipFile(wheel).infolist() if ".woff2" in info.filename]
    assert sum(font.file_size for font in fonts) < 150_000
    assert sum(name.endswith("-OFL.txt") for name in names) == len(fonts) == 3
    assert client.is_current()

    # What a source distribution holds: hatchling itself writes it, in pip's environment.
    source = tmp_path / "source"
    build_sdist(tree, source)
    (archive,) = source.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        content.extractall(source, filter="data")
    (unpacked,) = [path for path in source.iterdir() if path.is_dir()]
    assert (unpacked / "web" / "package-lock.json").is_file()
    assert (unpacked / "src" / CLIENT / "index.html").is_file()
    assert not (unpacked / "web" / "node_modules").exists()
    # With no registry to ask, npm could install nothing.
    closed = {"npm_config_registry": "http://127.0.0.1:9/"}
    again = build("wheel", unpacked, tmp_path / "second", **closed)
    assert sorted(zipfile.ZipFile(again).namelist()) == sorted(names)
    assert again.read_bytes() == wheel.read_bytes()


def build_sdist(tree: Path, out: Path) -> None:
    out.mkdir()
    environment = out.parent / "sdist-environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "hatchling"], check=True)
    code = f"import build_backend; build_backend.build_sdist({str(out)!r})"
    environ = {**os.environ, "PYTHONPATH": str(tree / "tools")}
    subprocess.run([str(python), "-c", code], check=True, cwd=tree, env=environ)
