"""The Dockerfiles: what can be known of them without Docker. They are not built here."""

import fnmatch
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from epoque.cli import build_app

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
GUIDE = (ROOT / "docs" / "how-to" / "docker.md").read_text("utf-8")
FILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
IGNORED = [
    line
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]

Instructions = list[tuple[str, str]]


def parse(path: Path) -> Instructions:
    """Return the instructions of a Dockerfile and their words, lines that go on joined."""
    text = re.sub(r"(?m)^\s*#.*\n", "", path.read_text("utf-8")).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def words_of(instructions: Instructions, name: str) -> list[str]:
    return [rest for word, rest in instructions if word == name]


def find_copied(instructions: Instructions) -> list[str]:
    """Return what is copied from the repository."""
    copies = [rest.split() for rest in words_of(instructions, "COPY")]
    return [path for *paths, _ in copies if not paths[0].startswith("--from") for path in paths]


def is_ignored(path: str) -> bool:
    return any(fnmatch.fnmatch(path, line) or path.startswith(f"{line}/") for line in IGNORED)


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def instructions(request: pytest.FixtureRequest) -> Instructions:
    return parse(request.param)


def test_there_is_one_for_each_kind_of_machine() -> None:
    assert [path.stem for path in FILES] == ["cpu", "cuda"]


def test_every_instruction_is_known(instructions: Instructions) -> None:
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ARG", "ENV", "USER", "EXPOSE", "ENTRYPOINT", "CMD"}
    assert {word for word, _ in instructions} <= known
    assert instructions[0][0] == "FROM"


def test_python_is_one_that_the_package_takes(instructions: Instructions) -> None:
    versions = {re.match(r"python:([\d.]+)-slim", f)[1] for f in words_of(instructions, "FROM")}  # type: ignore[index]
    assert len(versions) == 1
    assert versions.pop() in SpecifierSet(PROJECT["project"]["requires-python"])


def test_what_is_copied_is_there(instructions: Instructions) -> None:
    for path in find_copied(instructions):
        assert (ROOT / path).exists(), path
        assert not is_ignored(path), path


def test_what_is_copied_is_all_that_the_wheel_is_built_from(instructions: Instructions) -> None:
    project, build = PROJECT["project"], PROJECT["build-system"]
    needed = {"pyproject.toml", "hatch_build.py", "web", "constraints.txt", project["readme"]}
    needed |= {*project["license-files"], *build["backend-path"]}
    needed |= {
        p.split("/")[0] for p in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    }
    assert needed <= set(find_copied(instructions))
    for line in IGNORED:  # nothing of it is left out but what is built
        inside = any(line.startswith(f"{path}/") for path in needed)
        assert not inside or line == "src/epoque/studio/client", line


def test_the_commands_are_those_that_anyone_runs(instructions: Instructions) -> None:
    installing = [run for run in words_of(instructions, "RUN") if run.startswith("pip")]
    assert len(installing) == 2
    blocks = "".join(re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL)).splitlines()
    assert set(installing) <= set(blocks)
    assert re.search(r"\[(\w+)\]", installing[1])[1] in PROJECT["project"]["optional-dependencies"]  # type: ignore[index]
    assert f"{PROJECT['project']['name']}-*.whl" in installing[1]


def test_what_is_started_is_a_command(instructions: Instructions) -> None:
    (entry,), (command,) = (words_of(instructions, name) for name in ("ENTRYPOINT", "CMD"))
    assert entry == '["epoque"]'
    words = [word.strip('",') for word in shlex.split(command.strip("[]").replace(",", " "))]
    app = build_app(words)
    _, bound, _ = app.parse_args(words)
    (port,) = words_of(instructions, "EXPOSE")
    assert (words[0], bound.arguments["port"]) == ("studio", int(port))


def test_the_two_differ_in_what_they_compute_on_only() -> None:
    cpu, cuda = (parse(path) for path in FILES)
    apart = [line for line in cpu if line not in cuda], [line for line in cuda if line not in cpu]
    assert [word for word, _ in apart[0]] == ["ARG"]
    assert [word for word, _ in apart[1]] == ["RUN", "ENV"]


def test_the_guide_names_both() -> None:
    for path in FILES:
        assert f"docker build -f docker/{path.name} -t" in GUIDE
