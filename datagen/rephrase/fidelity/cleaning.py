"""What may be stripped from an answer before it is judged.

Only what cannot be content: outer white space, the `<text>` tags of the prompt around everything,
a Markdown fence around everything. Lead-ins are not stripped: the gate rejects them, so that a
rewriter that talks is noticed.
"""

import re

_TAGGED = re.compile(r"<text>\s*(?P<inner>[\s\S]*?)\s*(?:</text>)?")  # requests stop at the close
_FENCED = re.compile(r"```(?:markdown|md|text|txt|plaintext)?[ \t]*\n(?P<inner>[\s\S]*?)\n?```")
_INVISIBLE = "\ufeff\u200b\u2060"


def clean(text: str) -> str:
    """The answer without its wrapping; idempotent."""
    while True:
        bare = text.strip().strip(_INVISIBLE).strip()
        for wrapping, mark in ((_TAGGED, "text>"), (_FENCED, "```")):
            match = wrapping.fullmatch(bare)
            if match and mark not in match["inner"]:
                bare = match["inner"]
        if bare == text:
            return bare
        text = bare
