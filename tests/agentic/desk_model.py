"""A model that invents small applications when it is asked to, and as an agent only declines."""

import hashlib
import json
import re
from typing import Any

from datagen.engines.base import Completion, Request

THINGS = (
    "lamp", "ticket", "parcel", "permit", "kettle", "voucher", "berth", "contract", "plot", "canoe",
    "shift", "invoice", "boiler", "locker", "antenna", "recipe", "violin", "bridge", "tenant", "claim",
)  # fmt: skip
PURPOSES = {
    "get_{}": "Reads one {} with its title, its place and its status, by its id.",
    "update_{}": "Changes the title or the place of one {} and leaves the rest alone.",
    "cancel_{}": "Cancels one {} that nobody wants to have any more, for good.",
    "list_{}s": "Lists every {} that there is, or only those in one place.",
}


def reply(request: Request) -> Completion:
    properties = (request.schema or {}).get("properties", {})
    if {"entities", "tools"} <= properties.keys():
        return _said(_outline(request))
    if {"effect", "state"} & properties.keys():
        return _said(_tool(request.messages[-1].content))
    return Completion("I can't do that here.", "stop", 10, 5, 0, "scripted")


def _said(answer: dict[str, Any]) -> Completion:
    return Completion(json.dumps(answer), "stop", 100, 100, 0, "scripted")


def _outline(request: Request) -> dict[str, Any]:
    seed = int(hashlib.blake2b(request.digest().encode(), digest_size=4).hexdigest(), 16)
    thing = THINGS[seed % len(THINGS)]
    return {
        "name": f"{thing.title()} Desk {seed % 9973}",
        "summary": f"Keeps each {thing} in order.",
        "entities": [
            {"name": thing, "fields": ["id", "title", "place", "status"]},
            {"name": f"{thing}_note", "fields": ["id", "words"]},
        ],
        "errors": [
            {"code": "not_found", "when": f"no {thing} has this id"},
            {"code": "conflict", "when": f"the {thing} was changed meanwhile"},
        ],
        "tools": [
            {"name": name.format(thing), "purpose": purpose.format(thing)}
            for name, purpose in PURPOSES.items()
        ],
    }


def _tool(text: str) -> dict[str, Any]:
    name, purpose = re.findall(r'Specify the tool "(.*?)" of this application: (.*)', text)[-1]
    verb, thing = name.removesuffix("s").split("_")
    reads = {"effect": "reads", "reads": [thing]}
    changes = {"effect": "changes", "reads": [thing], "writes": [thing], "idempotent": True}
    key = _value(f"{thing}_id", required=True)
    given = {
        "get": [key],
        "list": [_value("place")],
        "update": [key, _value("title"), _value("place")],
        "cancel": [key],
    }[verb]
    fields: tuple[tuple[str, str], ...] = (("string", f"{thing}_id"), ("string", "title"))
    if verb == "list":
        fields = (("list_of_objects", f"{thing}s"), ("integer", "total"))
    return {
        "name": name,
        "description": purpose,
        "state": reads if verb in ("get", "list") else changes,
        "parameters": given,
        "result": [
            {"name": field, "type": kind, "description": f"The {field} of the {thing}."}
            for kind, field in fields
        ],
        "errors": [{"code": "not_found", "when": f"no {thing} has this id"}],
    }


def _value(name: str, *, required: bool = False) -> dict[str, Any]:
    return {
        "type": "string",
        "name": name,
        "description": f"The {name.replace('_', ' ')} that is meant.",
        "required": required,
        "unit": "none",
        "example": "north-7",
        "values": [],
    }
