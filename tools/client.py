"""Build the studio's client into the package, unless it is there and current.

    python tools/client.py

npm's packages are installed when they are missing or the lock file changed; the client is built
when anything that it is made of changed since (a stamp in it says of what it was made). Needs the
extra `client` (Node by pip), and npm's registry once. `hatch_build.py` calls this for wheels and
source distributions.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
CLIENT = ROOT / "src" / "epoque" / "studio" / "client"
STAMP = CLIENT / "stamp.txt"
LOCK = ROOT / "build" / "client.lock"
INSTALLED = WEB / "node_modules" / ".lock-digest"

SOURCES = (
    "web/*.*",
    "web/public/**/*",
    "web/src/**/*",
    "src/epoque/bench/live_engine/engine.*",
    "src/epoque/bench/*.py",
    "src/epoque/bench/figures/styles.py",
    "src/epoque/**/*.mo",
    "src/epoque/neuron/*.py",
    "src/epoque/neuron/recipes/*",
    "src/epoque/gan2d/*.py",
    "src/epoque/gan2d/recipes/*",
    "tools/client*.py",
)
"""What the client is made of: its own source, the engine, and what it takes from Python."""
GENERATED = ("web/src/generated/", "web/src/i18n/fr.json")


class BuildError(RuntimeError):
    """The client could not be built."""


def main() -> int:
    """Build the client if it is missing or old, and say so."""
    try:
        built = build_client()
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("The studio's client is built.\n" if built else "")
    return 0


def build_client() -> bool:
    """Build the client unless it is current; return whether it was built.

    Raises:
        BuildError: if it cannot be built, with what failed.
    """
    from filelock import FileLock  # here: whoever only asks whether it is current may lack it

    LOCK.parent.mkdir(exist_ok=True)
    with FileLock(LOCK):
        return False if is_current() else _build()


def _build() -> bool:
    # Before building: a file that is saved meanwhile makes the client old, as it should.
    digest = source_digest()
    _install_packages()
    _run_npm("run", "-s", "build")
    if not (CLIENT / "index.html").is_file():
        raise BuildError(f"Building the studio's client left no {CLIENT / 'index.html'}.")
    _write(STAMP, digest)
    return True


def is_current() -> bool:
    """Return whether the client is there and made of what its sources are now."""
    return STAMP.is_file() and STAMP.read_text("utf-8").strip() == source_digest()


def source_digest() -> str:
    """Return the SHA-256 of names and contents of everything that the client is made of."""
    return _digest(_source_files())


def _source_files() -> Iterator[Path]:
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and not name.startswith(GENERATED) and path.suffix != ".tmp":
                yield path


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _install_packages() -> None:
    """Install npm's packages as the lock file says, unless they are."""
    wanted = _digest([WEB / "package-lock.json"])
    if INSTALLED.is_file() and INSTALLED.read_text("utf-8").strip() == wanted:
        return
    _run_npm("ci", "--no-audit", "--no-fund")
    _write(INSTALLED, wanted)


def _run_npm(*words: str) -> None:
    """Run npm of the Node that pip brings; what it prints is shown only if it fails."""
    command = [sys.executable, str(ROOT / "tools" / "npm.py"), *words]
    # Also what a wheel's build put on the path of this process alone.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}".strip()
        problem = f"The studio's client cannot be built: `npm {' '.join(words)}` failed"
        raise BuildError(f"{problem} ({done.returncode}).\n{said}")


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(f"{text}\n", "utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
