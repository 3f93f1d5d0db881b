"""Answers of a model that does as it is told, and an `ask` that gives them."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from datagen.agentic.tools.evolve.answers import Application, Entity, ErrorCase, ToolAnswer
from datagen.agentic.tools.evolve.asks import NewApplication
from datagen.engines.base import Completion, Request

Reply = Callable[[Request], str | Completion]


def new_application(number: int = 0, slots: int = 3, **more: Any) -> NewApplication:
    values = {
        "round": 0,
        "date": "2026-01-01",
        "category": "smart_home",
        "title": "Smart home",
        "domain": "lighting scenes and dimmers",
        "number": number,
        "slots": slots,
        "audience": "private persons",
    }
    return NewApplication.model_validate(values | more)


def application() -> Application:
    return Application(
        server="lamp-desk-aa0000",
        name="Lamp Desk",
        summary="Keeps lamps and scenes.",
        category="smart_home",
        domain="lighting scenes and dimmers",
        entities=[Entity(name="lamp", fields=["id"]), Entity(name="scene", fields=["id"])],
        errors=[
            ErrorCase(code="not_found", when="no lamp has this id"),
            ErrorCase(code="conflict", when="it was changed meanwhile"),
        ],
    )


def parameter(name: str = "lamp_id", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": "string",
        "description": "Which of the lamps is meant.",
        "required": True,
        "unit": "none",
        "example": "kitchen-1",
        "values": [],
    } | more


def tool(**more: Any) -> dict[str, Any]:
    """A tool with changes; `effect`, `reads`, `writes` and `idempotent` are those of its state."""
    state = {"effect": "changes", "reads": ["lamp"], "writes": ["lamp"], "idempotent": True}
    state |= {name: more.pop(name) for name in list(state) if name in more}
    return {
        "name": "switch_lamp",
        "description": "Switches one lamp on or off and remembers it.",
        "parameters": [parameter()],
        "result": [{"name": "state", "type": "string", "description": "On or off afterwards."}],
        "state": state,
        "errors": [{"code": "not_found", "when": "no lamp has this id"}],
    } | more


def answer(**more: Any) -> ToolAnswer:
    return ToolAnswer.model_validate(tool(**more))


def good(request: Request) -> str:
    """An application or a tool with nothing wrong, other ones for other requests."""
    mark = hashlib.blake2b(request.digest().encode(), digest_size=4).hexdigest()
    properties = (request.schema or {})["properties"]
    if "tools" in properties:
        return json.dumps(outline(mark, properties["tools"]["minItems"]))
    text = request.messages[-1].content
    entities = re.findall(r"(\w+) \(", re.findall(r"^Entities: (.*)$", text, re.MULTILINE)[0])
    parents = [json.loads(line) for line in re.findall(r"^Tool: (\{.*\})$", text, re.MULTILINE)]
    asked = re.findall(r'on another entity: "(.*?)"', text) or entities[:1]
    errors = [error for parent in parents for error in parent["errors"]]
    if "more can go wrong" in text:
        errors.append({"code": f"failed_{mark}", "when": "something rare went wrong"})
    kept = [parent["parameters"][0] for parent in parents]
    new = [] if "narrow and frequent" in text else [parameter(f"of_{mark}")]
    parameters = {one["name"]: one for one in [*kept, *(new or ([] if kept else [parameter()]))]}
    touched = sorted({*asked, *(e for parent in parents[1:] for e in parent["state"]["writes"])})
    return json.dumps(
        tool(
            name=f"work_{mark}",
            description=f"Does the {mark} work on one thing and says so.",
            parameters=list(parameters.values()),
            result=[
                *(field for parent in parents[:1] for field in parent["result"][:4]),
                {"name": f"field_{mark}", "type": "string", "description": "What became of it."},
            ],
            reads=touched
            if not parents
            else sorted(
                {*touched, *parents[0]["state"]["reads"]} if "two tools" in text else touched
            ),
            writes=touched,
            errors=list({e["code"]: e for e in errors or tool()["errors"]}.values())[:6],
        )
    )


def outline(mark: str, count: int) -> dict[str, Any]:
    return {
        "name": f"Desk {mark}",
        "summary": "Keeps things in order.",
        "entities": [{"name": "lamp", "fields": ["id"]}, {"name": "scene", "fields": ["id"]}],
        "errors": [{"code": "not_found", "when": "nothing has this id"}],
        "tools": [
            {"name": f"brief_{mark}_{number}", "purpose": f"Does thing {number} for {mark}."}
            for number in range(count)
        ],
    }


class FakeAsk:
    """Answers with a function and keeps what was asked."""

    def __init__(self, reply: Reply = good) -> None:
        self.reply = reply
        self.asked: list[Request] = []

    async def __call__(self, role: str, request: Request) -> Completion:
        self.asked.append(request)
        said = self.reply(request)
        return said if isinstance(said, Completion) else Completion(said, model="fake")
