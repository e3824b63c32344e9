"""The colors of a page's drawings as CSS variables, which follow the page's theme."""

__all__ = ["Palette"]

DARK = ':root[data-theme="dark"]'
SYSTEM_DARK = ':root:not([data-theme="light"])'


class Palette:
    """Pairs of colors, light and dark, each with a variable of its own."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}

    def variable(self, pair: tuple[str, str]) -> str:
        """Return the CSS value that is one color in the light theme and another in the dark one."""
        return f"var({self._names.setdefault(pair, f'--f{len(self._names)}')})"

    def css(self) -> str:
        """Return the rules that give the variables their colors; paper is always light."""
        if not self._names:
            return ""
        light, dark = (
            "".join(f"{name}:{pair[place]};" for pair, name in self._names.items())
            for place in (0, 1)
        )
        return (
            f":root{{{light}}}{DARK}{{{dark}}}"
            f"@media screen and (prefers-color-scheme:dark){{{SYSTEM_DARK}{{{dark}}}}}"
            f"@media print{{:root,{DARK}{{{light}}}}}"
        )
