"""What models are told: styles, perspectives, the system message and the layout of a request.

The layout only appends inside a window (document, so far, then what changes), so that a call
re-uses the prefix cache of the call before it. The style stands right before the text: SmolLM2-135M
followed it there in 5 of 24 chunks, and in 1 of 36 with what was rewritten so far in between.
Placeholders are filled with `str.replace`, because texts hold braces. What is not here: how a
request is sampled, and which style a document gets."""

import difflib
import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, model_validator

from datagen.errors import RecipeError
from datagen.schemas import Kind

FOLDER = Path(__file__).parent
CLOSING = "Rewrite only this text."
"""Last line of every request."""

_TAG = re.compile(r"<(?=[\s/]*(?:text|document|so_far)\b)", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PLACEHOLDERS = ("audience", "tone")


@dataclass(frozen=True, slots=True)
class Style:
    """A way of rewriting: one Markdown file."""

    name: str
    instruction: str
    """What the model is told, with `{audience}` and `{tone}` still in it."""
    kinds: tuple[Kind, ...]
    """Kinds of document that the style fits."""
    length: tuple[float, float]
    """Least and most words of the rewrite ÷ words of the source."""
    structured: bool
    """Rewrites into points, rows or questions, which may leave out what joins the facts."""
    audiences: tuple[str, ...]
    tones: tuple[str, ...]
    digest: str
    """Hash of everything above: the style's identity."""


class Perspectives(BaseModel):
    """For whom and how a text is written; each phrase drops into a sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    audiences: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    tones: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class FrontMatter(Perspectives):
    """The keys between the `+++` lines of a style's file."""

    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    length: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]]
    structured: StrictBool

    @model_validator(mode="after")
    def _length_is_a_range(self) -> Self:
        if self.length[0] >= self.length[1]:
            raise ValueError("length: the first number must be below the second")
        return self


def style_names() -> list[str]:
    """Names of the styles that ship, sorted."""
    return sorted(path.stem for path in (FOLDER / "styles").glob("*.md"))


def load_style(name_or_path: str) -> Style:
    """The style of that name, or the one in the Markdown file at that path.

    Raises: RecipeError, one line, if there is no such style or its file is wrong.
    """
    if name_or_path.endswith(".md"):
        return _read_style(Path(name_or_path).expanduser())
    names = style_names()
    if name_or_path not in names:
        near = difflib.get_close_matches(name_or_path, names, n=1)
        hint = f" (do you mean {near[0]!r}?)" if near else ""
        raise RecipeError(
            f"there is no style {name_or_path!r}{hint}; known: {', '.join(names)}; "
            "a style of your own is the path of its .md file"
        )
    return _read_style(FOLDER / "styles" / f"{name_or_path}.md")


def judge_prompt(passage: str, claim: str) -> str:
    """What a judge is asked about one statement and the passage it has to stand in."""
    values = {"passage": neutralise(passage.strip()), "claim": neutralise(" ".join(claim.split()))}
    text = (FOLDER / "judge_claim.md").read_text(encoding="utf-8").strip()
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def system_prompt() -> str:
    """The system message of every rewriting request."""
    return (FOLDER / "system.md").read_text(encoding="utf-8").strip()


def perspectives() -> Perspectives:
    """The audiences and tones of a style that names none."""
    return Perspectives.model_validate(
        tomllib.loads((FOLDER / "perspectives.toml").read_text(encoding="utf-8"))
    )


def neutralise(text: str) -> str:
    """The text with `<` turned into `‹` wherever it would open or close one of our tags.

    Any case, spaces and attributes count; `<textarea>` and `x < text_length` stay. Idempotent, one
    character for one.
    """
    return _TAG.sub("‹", text)


def user_message(
    *, window: str, style: Style, audience: str, tone: str, so_far: str, text: str, note: str = ""
) -> str:
    """The request to rewrite one chunk.

    `window` is the source around the chunk; it is left out when it is empty or equals the chunk.
    `so_far` is what was rewritten before; a later call of the same window passes a longer one that
    begins with it. `note` says what an earlier attempt got wrong. Tags of ours in any of them are
    neutralised, so that `<text>` occurs once.
    """
    instruction = style.instruction.replace("{audience}", audience).replace("{tone}", tone)
    parts = [
        _block("document", window) if window and window != text else "",
        neutralise(instruction),
        _block("so_far", so_far) if so_far else "",
        neutralise(note),
        f"{_block('text', text)}\n{CLOSING}",
    ]
    return "\n\n".join(part for part in parts if part)


def _block(tag: str, content: str) -> str:
    return f"<{tag}>\n{neutralise(content)}\n</{tag}>"


def _read_style(path: Path) -> Style:
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise RecipeError(f"{path}: cannot be read as a style ({_why(problem)})") from problem
    opening, _, rest = content.partition("+++\n")
    head, closing, body = rest.partition("\n+++\n")
    instruction = body.strip()
    if opening.strip() or not closing or not instruction:
        raise RecipeError(
            f"{path}: a style is TOML between two '+++' lines, then the instruction's text"
        )
    _check_placeholders(instruction, path)
    front = _front_matter(head, path)
    values: dict[str, Any] = {"name": path.stem, "instruction": instruction} | dict(front)
    return Style(**values, digest=_digest(values))


def _front_matter(head: str, path: Path) -> FrontMatter:
    try:
        return FrontMatter.model_validate(perspectives().model_dump() | tomllib.loads(head))
    except tomllib.TOMLDecodeError as problem:
        raise RecipeError(f"{path}: front matter: {_why(problem)}") from problem
    except ValidationError as problem:
        raise RecipeError(f"{path}: {_first_mistake(problem)}") from problem


def _first_mistake(problem: ValidationError) -> str:
    mistake = problem.errors()[0]
    key = ".".join(str(part) for part in mistake["loc"])
    if mistake["type"] == "extra_forbidden":
        return f"{key}: unknown key; known: {', '.join(sorted(FrontMatter.model_fields))}"
    said = mistake["msg"].removeprefix("Value error, ")
    return f"{key}: {said}" if key else said


def _check_placeholders(instruction: str, path: Path) -> None:
    """Refuse a misspelt placeholder; other braces (LaTeX, code) are the author's own."""
    for name in set(_PLACEHOLDER.findall(instruction)) - set(_PLACEHOLDERS):
        if near := difflib.get_close_matches(name, _PLACEHOLDERS, n=1):
            raise RecipeError(f"{path}: {{{name}}} is no placeholder (do you mean {{{near[0]}}}?)")


def _digest(values: dict[str, Any]) -> str:
    text = json.dumps(values, ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


def _why(problem: Exception) -> str:
    said = problem.strerror if isinstance(problem, OSError) else None
    return " ".join((said or str(problem)).split())
