"""What a model is asked to answer with: an application's outline, and a tool's specification.

Both are small and flat, because small models lose their way in nested JSON: a type is a word, an
example is text, and the JSON Schemas of the tool are built from them in code (`spec.py`). Arrays
and texts are bounded. Where the engine constrains its answers the asked schema already names the
entities and error codes that exist; what comes back is validated here all the same."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field

NAME_PATTERN = "^[a-z][a-z0-9_]{1,47}$"
"""Of tools, parameters, fields and error codes: legal for every API, with room below their 64."""
MAX_PARAMETERS = 8
MAX_FIELDS = 8
MAX_TEXT = 240
"""Characters of a description; real tools' median is about half of it."""

Identifier = Annotated[str, Field(pattern=NAME_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Short = Annotated[str, Field(min_length=1, max_length=60)]

ValueType = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "date",
    "datetime",
    "list_of_strings",
    "list_of_integers",
]
FieldType = Literal[
    "string",
    "integer",
    "number",
    "boolean",
    "date",
    "datetime",
    "list_of_strings",
    "list_of_integers",
    "list_of_objects",
]


LIMITED = ("string", "integer", "number")
"""Types of which some values only may be allowed."""
_DAY = "20[0-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
_EXAMPLES: Mapping[str, str] = {
    "integer": "^-?[0-9]{1,9}$",
    "number": "^-?[0-9]{1,9}([.][0-9]{1,4})?$",
    "boolean": "^(true|false)$",
    "date": f"^{_DAY}$",
    "datetime": f"^{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$",
    "list_of_integers": "^[0-9]{1,6}(, [0-9]{1,6}){0,4}$",
}
"""What spells a value of a type, for engines that hold to the asked schema; narrower than what
`spec.example_value` reads. Types that are not here take any text."""

F = TypeVar("F", bound="Answer")


class Answer(BaseModel):
    """A part of what a model says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Entity(Answer):
    """A kind of thing whose state an application keeps."""

    name: Identifier
    fields: Annotated[list[Identifier], Field(min_length=1, max_length=8)]


class ErrorCase(Answer):
    """An error that a tool answers with."""

    code: Identifier
    when: Text


class Brief(Answer):
    """A tool before it is specified."""

    name: Identifier
    purpose: Text


class Outline(Answer):
    """An application: its state, its errors, and the tools it wants."""

    name: Short
    summary: Text
    entities: Annotated[list[Entity], Field(min_length=1, max_length=6)]
    errors: Annotated[list[ErrorCase], Field(min_length=1, max_length=6)]
    tools: Annotated[list[Brief], Field(min_length=1, max_length=12)]


class Parameter(Answer):
    """An argument of a tool."""

    name: Identifier
    type: ValueType
    description: Text
    required: bool
    unit: Annotated[str, Field(min_length=1, max_length=24)]
    example: Annotated[str, Field(min_length=1, max_length=120)]
    values: Annotated[list[Short], Field(max_length=8)] = []


class ResultField(Answer):
    """A field of what a tool gives back."""

    name: Identifier
    type: FieldType
    description: Text


Effect = Literal["reads", "adds", "changes", "removes"]
"""What a call does to the application's state; `removes` also stands for overwriting."""


class State(Answer):
    """What a tool does to which entities. The hints of MCP are read off it, so that a model has no
    second place in which to say the opposite."""

    effect: Effect
    reads: Annotated[list[Identifier], Field(max_length=6)]
    writes: Annotated[list[Identifier], Field(max_length=6)] = []
    """Empty where the effect is `reads`, and only there."""
    idempotent: bool = True
    """Whether calling it twice comes to what calling it once does."""


class ToolAnswer(Answer):
    """A tool as the model specifies it."""

    name: Identifier
    description: Text
    state: State
    parameters: Annotated[list[Parameter], Field(max_length=MAX_PARAMETERS)]
    result: Annotated[list[ResultField], Field(min_length=1, max_length=MAX_FIELDS)]
    errors: Annotated[list[ErrorCase], Field(max_length=6)]

    @property
    def read_only(self) -> bool:
        return self.state.effect == "reads"

    @property
    def destructive(self) -> bool:
        return self.state.effect == "removes"


class Application(BaseModel):
    """An accepted outline in its place in the taxonomy: what its tools share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    server: str
    """Name of the application as its tools carry it; unique."""
    name: str
    summary: str
    category: str
    domain: str
    entities: list[Entity]
    errors: list[ErrorCase]

    @property
    def entity_names(self) -> list[str]:
        return [entity.name for entity in self.entities]

    @property
    def error_codes(self) -> list[str]:
        return [error.code for error in self.errors]


def outline_schema(count: int) -> dict[str, Any]:
    """The JSON Schema of an outline with this many tools."""
    entity = _object(name=_identifier(), fields=_list(_identifier(), 2, 5))
    return _object(
        name=_text(60),
        summary=_text(160),
        entities=_list(entity, 2, 4),
        errors=_list(_object(code=_identifier(), when=_text(100)), 2, 5),
        tools=_list(_object(name=_identifier(), purpose=_text(140)), count, count),
    )


def tool_schema(
    application: Application,
    *,
    max_parameters: int,
    new_errors: bool = False,
    name: str = "",
    effects: Sequence[Effect] = get_args(Effect),
) -> dict[str, Any]:
    """The JSON Schema of a tool of this application; with `new_errors` it may add codes.

    A tool that has its `name` already keeps it; `effects` are those it may have.
    """
    code = _identifier() if new_errors else {"type": "string", "enum": application.error_codes}
    field = _object(
        name=_identifier(),
        type={"type": "string", "enum": list(get_args(FieldType))},
        description=_text(80),
    )
    return _object(
        name={"type": "string", "enum": [name]} if name else _identifier(),
        description=_text(200),
        state=_state_schema(application, effects),
        parameters=_list(_parameter_schema(), 0, max_parameters),
        result=_list(field, 1, 5),
        errors=_list(_object(code=code, when=_text(80)), 0, 4),
    )


def _parameter_schema() -> dict[str, Any]:
    """One form for each type: an example that is none of its type cannot be written. The type
    stands first, so that the form is settled before the rest is."""
    forms = []
    for kind in get_args(ValueType):
        example: dict[str, Any] = _text(60)
        if kind in _EXAMPLES:
            example = {"type": "string", "pattern": _EXAMPLES[kind]}
        form = {
            "type": {"type": "string", "enum": [kind]},
            "name": _identifier(),
            "description": _text(100),
            "required": {"type": "boolean"},
            "unit": _text(24),
            "example": example,
        }
        if kind in LIMITED:
            form["values"] = _list(example if kind in _EXAMPLES else _text(30), 0, 6)
        forms.append(_object(**form))
    return {"anyOf": forms}


def _state_schema(application: Application, effects: Sequence[Effect]) -> dict[str, Any]:
    """Reading and writing are two forms: a tool that reads has no `writes` to fill."""
    entity = {"type": "string", "enum": application.entity_names}
    most = len(application.entities)
    reading = _object(
        effect={"type": "string", "enum": ["reads"]},
        reads=_list(entity, 1, most),
    )
    writing = _object(
        effect={"type": "string", "enum": [effect for effect in effects if effect != "reads"]},
        reads=_list(entity, 0, most),
        writes=_list(entity, 1, most),
        idempotent={"type": "boolean"},
    )
    if "reads" not in effects:
        return writing
    return reading if len(effects) == 1 else {"anyOf": [writing, reading]}


def tidied(answer: F) -> tuple[F, list[str]]:
    """The answer without entries that stand in a list a second time, and the lists that had some.

    Small models repeat themselves; the first entry of a name is what they said.
    """
    lists = {name: _first_of_each(value) for name, value in answer if isinstance(value, list)}
    changed = [name for name, kept in lists.items() if len(kept) < len(getattr(answer, name))]
    updates: dict[str, Any] = {name: lists[name] for name in changed}
    if isinstance(answer, ToolAnswer):
        updates["state"], inner = tidied(answer.state)
        changed += inner
    return answer.model_copy(update=updates), changed


def _first_of_each(entries: list[Any]) -> list[Any]:
    found: dict[str, Any] = {}
    for entry in entries:
        label = getattr(entry, "code", None) or getattr(entry, "name", entry)
        found.setdefault(label, entry)
    return list(found.values())


def touched(tool: ToolAnswer) -> set[str]:
    """The entities whose state the tool reads or writes."""
    return {*tool.state.reads, *tool.state.writes}


def parameter_names(tools: Sequence[ToolAnswer]) -> list[set[str]]:
    return [{parameter.name for parameter in tool.parameters} for tool in tools]


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(entries: dict[str, Any], least: int, most: int) -> dict[str, Any]:
    return {"type": "array", "items": entries, "minItems": least, "maxItems": most}


def _text(longest: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _identifier() -> dict[str, Any]:
    return {"type": "string", "pattern": NAME_PATTERN}
