"""CONTRIBUTING's map is the tree, and the files that it points at are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def map_paths() -> set[str]:
    """Return the paths in the map, from the repository's root."""
    (tree,) = re.findall(r"```\n(src/epoque/\n.*?)```", TEXT, re.DOTALL)
    above: list[tuple[int, str]] = []
    paths = set()
    for line in tree.splitlines():
        name = line.split()[0]
        indent = len(line) - len(line.lstrip())
        above = [entry for entry in above if entry[0] < indent]
        paths.add("".join(entry[1] for entry in above) + name)
        if name.endswith("/"):
            above.append((indent, name))
    return paths


def test_the_map_holds_every_room() -> None:
    source = ROOT / "src/epoque"
    rooms = {
        f"{init.parent.relative_to(ROOT)}/"
        for init in source.rglob("__init__.py")
        if init.parent != source and len(init.parent.relative_to(source).parts) <= 2
    }
    assert rooms - map_paths() == set()


def test_what_the_map_holds_is_there() -> None:
    assert {path for path in map_paths() if not (ROOT / path).exists()} == set()


def test_what_is_to_be_imitated_is_there() -> None:
    table = TEXT.partition("## What to imitate")[2].partition("\n## ")[0]
    paths = re.findall(r"`([\w/.]+(?:\.py|\.yaml|/))`", table)
    assert len(paths) > 12
    for path in paths:
        assert (ROOT / "src/epoque" / path).exists() or (ROOT / path).exists(), path


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)", TEXT):
        assert "://" in link or (ROOT / link).exists(), link
