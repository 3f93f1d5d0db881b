"""Spans that a cut should not enter: formulas, environments, fenced code.

One pass with a stack, so that a book with a stray `$` stays linear. Spans may be nested; what is
never closed is no span. Tables and list items are found with the lines, in `boundaries`.
"""

import re
from collections.abc import Iterator

_MARK = re.compile(
    r"```(?P<fence>`*)|~~~(?P<tildes>~*)"
    r"|\\begin\{(?P<begin>[^{}\n]{1,40})\}"
    r"|\\end\{(?P<end>[^{}\n]{1,40})\}"
    r"|\\(?P<open>[\[(])|\\(?P<close>[\])])"
    r"|\\(?P<escape>.|\n)"
    r"|\$\$(?P<display>)|\$(?P<inline>)"
    r"|\n(?P<blank>[ \t\r]*(?=\n))"
)
"""Every alternative begins with a letter of its own, so that `re` skips what begins none."""
_MATH = ("$", "$$", "\\[", "\\(")
_CLOSED_BY = {"]": "\\[", ")": "\\("}
_DEPTH = 40
"""An `\\end` looks this far up for its `\\begin`: deeper nesting is not LaTeX that anyone wrote."""


def protected(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every span, inner ones before the ones around them."""
    stack: list[tuple[str, int]] = []
    for mark in _MARK.finditer(text):
        kind, start, end = mark.lastgroup, mark.start(), mark.end()
        if kind in ("fence", "tildes") or (stack and stack[-1][0][0] in "`~"):
            begun = _fence(stack, mark, text) if kind in ("fence", "tildes") else None
        elif kind in ("inline", "display"):
            begun = _dollar(stack, mark, text)
        elif kind in ("begin", "open"):
            stack.append((mark["begin"] or mark[0], start))
            begun = None
        elif kind in ("end", "close"):
            begun = _close(stack, mark["end"] or _CLOSED_BY[mark["close"]])
        else:
            begun = None
            while kind == "blank" and stack and stack[-1][0] in _MATH:
                stack.pop()
        if begun is not None:
            yield begun, end


def _fence(stack: list[tuple[str, int]], mark: re.Match[str], text: str) -> int | None:
    """Open a fence, or the start of the one that this line closes."""
    said, begins = mark[0], text.rfind("\n", max(0, mark.start() - 40), mark.start()) + 1
    if text[begins : mark.start()].strip(" \t"):
        return None
    if not stack or stack[-1][0][0] not in "`~":
        stack.append((said, mark.start()))
        return None
    opened, start = stack[-1]
    if said[0] != opened[0] or len(said) < len(opened):
        return None
    stack.pop()
    return start


def _dollar(stack: list[tuple[str, int]], mark: re.Match[str], text: str) -> int | None:
    """Open or close a formula in dollars. `$5 and $10` is none: a closing dollar follows no space
    and precedes no digit, an opening one precedes no space (as in Pandoc)."""
    said, end = mark[0], mark.end()
    after = text[end : end + 1]
    if stack and stack[-1][0] == said:
        if said == "$" and (text[mark.start() - 1].isspace() or after.isdigit()):
            stack[-1] = (said, mark.start())
            return None
        return stack.pop()[1]
    if stack and stack[-1][0] in _MATH:
        return None
    if said == "$$" or (after and not after.isspace()):
        stack.append((said, mark.start()))
    return None


def _close(stack: list[tuple[str, int]], name: str) -> int | None:
    for up in range(1, min(len(stack), _DEPTH) + 1):
        if stack[-up][0] == name:
            start = stack[-up][1]
            del stack[-up:]
            return start
    return None
