"""Formulas in Markdown: `$…$` in the line, `$$…$$` or `$$…$$ (label)` on lines of their own."""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

__all__ = ["add_formulas"]

END = re.compile(r"\$\$\s*(?:\(([\w-]+)\))?\s*$")


def add_formulas(markdown: MarkdownIt) -> None:
    """Teach a parser formulas: tokens `math` and `display` (whose `info` is the label)."""
    markdown.inline.ruler.before("escape", "math", _inline)
    interrupts = ["paragraph", "reference", "blockquote", "list"]
    markdown.block.ruler.before("fence", "display", _block, {"alt": interrupts})


def _inline(state: StateInline, silent: bool) -> bool:
    """As in Pandoc: no space inside the dollars, no digit after them, so "$5 and $6" is money."""
    source, start = state.src, state.pos
    if source[start] != "$" or source[start + 1 : start + 2] in ("", "$", " ", "\n"):
        return False
    end = start + 1
    while (end := source.find("$", end)) != -1 and source[end - 1] == "\\":
        end += 1
    if end == -1 or source[end - 1].isspace() or source[end + 1 : end + 2].isdigit():
        return False
    if not silent:
        token = state.push("math", "", 0)
        token.content = source[start + 1 : end]
    state.pos = end + 1
    return True


def _block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    if state.is_code_block(first) or not _line(state, first).startswith("$$"):
        return False
    lines = [_line(state, first)[2:]]
    number = first
    while (end := END.search(lines[-1])) is None:
        number += 1
        if number >= last:
            return False
        lines.append(_line(state, number))
    if silent:
        return True
    lines[-1] = lines[-1][: end.start()]
    token = state.push("display", "", 0)
    token.content = "\n".join(lines).strip()
    token.info = end[1] or ""
    token.map = [first, number + 1]
    state.line = number + 1
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]
