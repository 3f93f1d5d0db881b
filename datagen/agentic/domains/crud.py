"""Backends that need no code of their own: reading, searching, listing and changing records.

A tool of this kind is compiled from an entity: its schemas, its result and its errors follow from
the entity's schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from datagen.agentic.domains.base import Entity, Refused, State, ToolSpec

MOST_FOUND = 20
"""Records that a search returns; a state holds fewer of most kinds."""


def record(state: State, entity: Entity, key: str) -> dict[str, Any]:
    """The record of that id. Raises `Refused` where there is none."""
    found: dict[str, Any] | None = state[entity.name].get(key)
    if found is None:
        raise Refused("not_found", f"There is no {_one(entity)} {key[:80]}.")
    return found


def get_tool(entity: Entity, name: str, description: str) -> ToolSpec:
    """Reads one record by its id."""
    return ToolSpec(
        name=name,
        description=description,
        input_schema=closed({entity.id_field: id_schema(entity)}),
        output_schema=entity.schema,
        run=lambda state, given: dict(record(state, entity, given[entity.id_field])),
        read_only=True,
        reads=(entity.name,),
        errors=(not_found(entity),),
    )


def list_tool(entity: Entity, owner: Entity, name: str, description: str) -> ToolSpec:
    """Lists the records that belong to one record of another kind."""

    def run(state: State, given: Mapping[str, Any]) -> Any:
        key = given[owner.id_field]
        record(state, owner, key)
        found = [dict(r) for r in state[entity.name].values() if r[owner.id_field] == key]
        return {entity.name: found, "total": len(found)}

    return ToolSpec(
        name=name,
        description=description,
        input_schema=closed({owner.id_field: id_schema(owner)}),
        output_schema=found_schema(entity),
        run=run,
        read_only=True,
        reads=(entity.name, owner.name),
        errors=(not_found(owner),),
    )


def search_tool(entity: Entity, fields: Sequence[str], name: str, description: str) -> ToolSpec:
    """Finds records by words in some of their fields; what is given must all fit."""

    def run(state: State, given: Mapping[str, Any]) -> Any:
        found = [
            dict(one)
            for one in state[entity.name].values()
            if all(_fits(str(one[key]), str(value)) for key, value in given.items())
        ]
        return {entity.name: found[:MOST_FOUND], "total": len(found)}

    properties = {
        field: {
            "type": "string",
            "minLength": 1,
            "maxLength": 200,
            "description": f"Words in the {field}.",
        }
        for field in fields
    }
    return ToolSpec(
        name=name,
        description=description,
        input_schema=closed(properties, required=()) | {"minProperties": 1},
        output_schema=found_schema(entity),
        run=run,
        read_only=True,
        reads=(entity.name,),
    )


def update_tool(
    entity: Entity, fields: Mapping[str, Mapping[str, Any]], name: str, description: str
) -> ToolSpec:
    """Changes some fields of one record."""

    def run(state: State, given: Mapping[str, Any]) -> Any:
        found = record(state, entity, given[entity.id_field])
        found.update({key: value for key, value in given.items() if key in fields})
        return dict(found)

    return ToolSpec(
        name=name,
        description=description,
        input_schema=closed(
            {entity.id_field: id_schema(entity), **fields}, required=(entity.id_field,)
        )
        | {"minProperties": 2},
        output_schema=entity.schema,
        run=run,
        read_only=False,
        reads=(entity.name,),
        writes=(entity.name,),
        errors=(not_found(entity),),
        done="updated",
    )


def closed(
    properties: Mapping[str, Mapping[str, Any]], required: Sequence[str] | None = None
) -> dict[str, Any]:
    """Schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": {name: dict(part) for name, part in properties.items()},
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }


def id_schema(entity: Entity) -> dict[str, Any]:
    return {
        "type": "string",
        "pattern": f"^{entity.prefix}[0-9]{{4}}$",
        "description": f"Id of the {_one(entity)}, such as {entity.prefix}1234.",
    }


def found_schema(entity: Entity) -> dict[str, Any]:
    total = {"type": "integer", "minimum": 0, "description": "Number of records found."}
    return closed({entity.name: {"type": "array", "items": dict(entity.schema)}, "total": total})


def not_found(entity: Entity) -> tuple[str, str]:
    return "not_found", f"There is no such {_one(entity)}."


def _one(entity: Entity) -> str:
    return entity.id_field.removesuffix("_id").replace("_", " ")


def _fits(text: str, words: str) -> bool:
    there = text.casefold()
    return all(word in there for word in words.casefold().split())
