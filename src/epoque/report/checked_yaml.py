"""YAML files that a lab brings, checked whole: every problem at once, each with file and line."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import yaml

from epoque.bench.errors import UsageError, suggest_names
from epoque.bench.i18n import LANGUAGES, LocalText
from epoque.bench.recipes import PlainLoader

__all__ = ["YamlChecker", "YamlPath"]

YamlPath = tuple[str | int, ...]
"""Where a value stands in a file: keys and numbers of items from the top."""


class _TypedLoader(PlainLoader, yaml.SafeLoader):
    """Reads numbers and truths as such, and, like recipes, each key once and no aliases."""


class YamlChecker:
    """A YAML file, and what is wrong with it.

    Attributes:
        content: the file's plain values; None if it is empty.
    """

    def __init__(self, text: str, source: str, kind: str = "") -> None:
        """Read a file.

        Args:
            text: its content.
            source: what problems call it.
            kind: what the items of the file's list are, which have an `id` each: problems name it.

        Raises:
            UsageError: if it is not YAML.
        """
        self._source, self._kind = source, kind
        self._lines: dict[YamlPath, int] = {}
        self._problems: list[str] = []
        try:
            loader = _TypedLoader(text)
            root = loader.get_single_node()
            self.content = None if root is None else loader.construct_document(root)
        except RecursionError:
            raise UsageError(f"{source} is nested too deeply.") from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or "it is not YAML"
            raise UsageError(f"{source}{where}: {problem}.") from None
        self._note_lines(root, ())

    def _note_lines(self, node: Any, path: YamlPath) -> None:
        if node is None:
            return
        self._lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._note_lines(value, (*path, key.value))
                self._lines[(*path, key.value)] = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._note_lines(value, (*path, index))

    def report(self, path: YamlPath, message: str) -> None:
        """Note a problem with the value at `path`."""
        line = next((self._lines[path[:n]] for n in range(len(path), -1, -1)
                     if path[:n] in self._lines), 1)  # fmt: skip
        names = [part for part in path if isinstance(part, str)]
        key = f"{names[-1]}: " if names else ""
        item = self._describe_item(path)
        self._problems.append(f"{self._source}, line {line}{item}: {key}{message}")

    def _describe_item(self, path: YamlPath) -> str:
        """Return the item of the file's list that a value belongs to, as problems name it."""
        content = self.content
        if not (self._kind and path and isinstance(path[0], int) and isinstance(content, list)):
            return ""
        item = content[path[0]]
        name = item.get("id") if isinstance(item, dict) else None
        return f", {self._kind} {name:.60}" if isinstance(name, str) else ""

    def raise_problems(self) -> None:
        """Raise what was found wrong.

        Raises:
            UsageError: with one sentence for each problem, in the order of the file.
        """
        if self._problems:
            raise UsageError("\n".join(self._problems))

    def mapping(
        self, value: Any, path: YamlPath, required: Collection[str], optional: Collection[str] = ()
    ) -> dict[str, Any]:
        """Return a mapping with its known keys, as far as it is one."""
        if not isinstance(value, dict):
            self.report(path, f"a mapping with {', '.join([*required, *optional])} stands here.")
            return {}
        known = (*required, *optional)
        for key in value:
            if key not in known:
                hint = suggest_names(str(key), known)
                self.report((*path, str(key)), f"there is no such key.{hint}")
        for key in required:
            if key not in value:
                self.report(path, f"the key {key} is missing.")
        return {key: value[key] for key in known if key in value}

    def items(self, value: Any, path: YamlPath) -> Sequence[tuple[YamlPath, Any]]:
        """Return the items of a list, each with where it stands; none if it is no list."""
        if not isinstance(value, list):
            self.report(path, "a list stands here.")
            return ()
        return [((*path, index), item) for index, item in enumerate(value)]

    def texts(self, value: Any, path: YamlPath) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(self.text(item, at) for at, item in self.items(value, path))

    def text(self, value: Any, path: YamlPath) -> str:
        """Return a text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            self.report(path, f"{value!r:.60} is no text.")
            return ""
        return value

    def local_text(self, value: Any, path: YamlPath) -> LocalText:
        """Return a text in each language; one alone stands for all."""
        if isinstance(value, str) and value.strip():
            return LocalText(**dict.fromkeys(LANGUAGES, value))
        texts = self.mapping(value, path, LANGUAGES)
        values = {
            name: self.text(texts[name], (*path, name)) for name in LANGUAGES if name in texts
        }
        return LocalText(**{name: values.get(name, "") for name in LANGUAGES})

    def number(self, value: Any, path: YamlPath) -> float:
        """Return a number; `.inf` and `-.inf` are two."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.report(path, f"{value!r:.60} is no number.")
            return 0.0
        return float(value)

    def whole_number(self, value: Any, path: YamlPath) -> int:
        """Return a whole number."""
        if isinstance(value, bool) or not isinstance(value, int):
            self.report(path, f"{value!r:.60} is no whole number.")
            return 0
        return value

    def truth(self, value: Any, path: YamlPath) -> bool:
        """Return true or false."""
        if not isinstance(value, bool):
            self.report(path, f"{value!r:.60} is neither true nor false.")
        return value is True

    def name(self, value: Any, path: YamlPath, kind: str, known: Collection[str]) -> str | None:
        """Return one of some names; None, and a problem with the nearest ones, if it is none."""
        if isinstance(value, str) and value in known:
            return value
        hint = suggest_names(str(value), known)
        self.report(path, f"there is no {kind} {value!r:.60}.{hint}")
        return None

    def plain(self, value: Any, path: YamlPath) -> Mapping[str, Any]:
        """Return a mapping of names to anything."""
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            self.report(path, "a mapping of names to values stands here.")
            return {}
        return value
