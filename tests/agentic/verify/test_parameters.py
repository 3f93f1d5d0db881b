"""What a schema says of a value is found wherever it says so."""

import json
from typing import Any

import pytest

from benchmarks.mutations.recorded import tool_row
from datagen.agentic.nouns import ToolCall, Turn
from datagen.agentic.verify.corpus import Corpus
from datagen.agentic.verify.grounding import trace
from datagen.agentic.verify.parameters import values
from datagen.agentic.verify.toolset import toolset

CORPUS = Corpus([Turn(role="user", content="Book it.")])


def sources(properties: Any, arguments: Any, **root: Any) -> dict[str, str]:
    """Path → where each value comes from, or why it comes from nowhere."""
    schema = {"type": "object", "properties": properties, **root}
    tools = toolset([tool_row({"name": "book", "description": "x", "parameters": schema}, "s", "")])
    found = {}
    for path, value, part in values(ToolCall(id="1", name="book", arguments=arguments), tools):
        span, reason = trace(value, part, path, CORPUS, 1)
        found[path] = span.source if span else reason
    return found


CABIN = {"enum": ["business", "basic"], "type": "string"}


@pytest.mark.parametrize(
    "schema",
    [
        CABIN,
        {"anyOf": [CABIN, {"type": "null"}]},
        {"$ref": "#/$defs/Cabin"},
        {"anyOf": [{"$ref": "#/$defs/Cabin"}, {"type": "null"}]},
        {"oneOf": [{"const": "basic"}, {"const": "business"}]},
        {"allOf": [{"$ref": "#/$defs/Cabin"}], "description": "Of the flight."},
    ],
)
def test_an_option_is_known_wherever_the_schema_names_it(schema: Any) -> None:
    made = sources({"cabin": schema}, {"cabin": "business"}, **{"$defs": {"Cabin": CABIN}})

    assert made == {"cabin": "enum"}


def test_what_no_alternative_names_is_from_nowhere() -> None:
    schema = {"anyOf": [CABIN, {"type": "string"}]}

    assert sources({"cabin": schema}, {"cabin": "luxury"}) == {"cabin": "untraceable_name"}


def test_values_inside_lists_of_referenced_objects_have_their_own_schema() -> None:
    legs = {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/Leg"}, {"type": "object"}]}}
    leg = {"type": "object", "properties": {"cabin": CABIN, "seat": {"default": "12C"}}}
    made = sources(
        {"legs": legs}, {"legs": [{"cabin": "basic", "seat": "12C"}]}, **{"$defs": {"Leg": leg}}
    )

    assert made == {"legs.cabin": "enum", "legs.seat": "default"}


def test_a_tree_is_read_to_its_leaves() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}, "cabin": CABIN}}
    arguments = {"node": {"next": {"next": {"cabin": "basic"}}}}
    made = sources({"node": {"$ref": "#/$defs/Node"}}, arguments, **{"$defs": {"Node": node}})

    assert made == {"node.next.next.cabin": "enum"}


def test_alternatives_that_lead_back_to_themselves_end() -> None:
    node = {"anyOf": [{"$ref": "#/$defs/Node"}, {"$ref": "#/$defs/Node"}, CABIN]}
    made = sources({"node": {"$ref": "#/$defs/Node"}}, {"node": "x9"}, **{"$defs": {"Node": node}})

    assert made == {"node": "untraceable_identifier"}


def test_deep_arguments_are_read_to_a_bound() -> None:
    deep: Any = json.loads("[" * 500 + "]" * 500)

    assert len(sources({"node": {"type": "array"}}, {"node": deep})) == 1
