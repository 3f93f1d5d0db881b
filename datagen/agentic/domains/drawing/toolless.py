"""Wishes for which an agent has no tool: of its own application, or of quite another kind.

A wish is taken only where no tool of the agent, whatever its server, says that it is about such a
thing: a call that would go some way is no sensible one to train against."""

import re
from collections.abc import Iterator, Mapping, Sequence

from datagen.agentic.domains.compiling.names import pool_of
from datagen.agentic.domains.compiling.plans import EntityPlan
from datagen.agentic.domains.compiling.pools import DOCUMENTS, EVENTS, PROJECTS, TASKS
from datagen.agentic.domains.compiling.words import spoken_noun, words_of
from datagen.agentic.domains.drawing.scene import Record, Scene
from datagen.agentic.domains.drawing.speech import field_name, numbered, pick, things
from datagen.schemas import Tool

STRANGE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("book a meeting room for Thursday afternoon", ("room", "meeting", "calendar", "event")),
    ("print forty colour posters for my club", ("print", "poster", "document")),
    ("tell me what the weather will be like tomorrow", ("weather", "forecast")),
    ("order a taxi to the station for me", ("taxi", "ride", "transport", "travel")),
    ("translate my tenancy agreement into French", ("translat", "language")),
    ("recommend a good dentist nearby", ("dentist", "doctor", "health", "place", "nearby")),
    ("transfer my pension to another bank", ("bank", "transfer", "payment", "account")),
    ("reset the password of my e-mail provider", ("password", "login", "credential", "mail")),
    ("sign me up for the evening pottery class", ("class", "course", "enrol", "register")),
    ("fix the heating in my flat", ("heating", "repair", "maintenance", "home")),
    ("buy two tickets for the opera on Friday", ("ticket", "event", "book_", "order")),
    ("file my tax return", ("tax", "return_tax")),
    ("send flowers to my aunt", ("flower", "deliver", "order", "gift")),
    ("convert my holiday videos to another format", ("video", "convert", "media")),
    ("tune the piano in our school hall", ("piano", "tune")),
    ("water the plants on my balcony", ("water", "plant", "garden")),
    ("find me a babysitter for Saturday night", ("babysit", "child", "job", "people")),
    ("renew my passport", ("passport", "renew", "document", "visa")),
    ("check my car's tyre pressure", ("car", "vehicle", "tyre", "pressure")),
    (
        "proofread the speech I am giving at my sister's wedding",
        ("proof", "text", "write", "grammar"),
    ),
    ("reserve a table for four at the Italian place", ("reserv", "table", "restaurant", "booking")),
    ("scan these old photographs for me", ("scan", "photo", "image", "picture")),
)
"""Wishes of quite another kind, with parts of words in a tool's text by which one might fit."""
_ANYTHING = frozenset(
    "execute run query sql script command shell eval python bash browser navigate http graphql "
    "agent delegate automation api terminal code".split()
)
"""Words of the names of tools that can do nearly anything to what an application keeps."""
_HANDS = frozenset("browser navigate agent delegate shell terminal computer".split())
"""Words of the names of tools that reach beyond any application."""
SHOWN_CHARS = 90
"""Of a tool's name and description: what it says first is what it is for."""
_WAYS: Mapping[str, tuple[str, ...]] = {
    "delete": ("delete {thing}", "remove {thing}"),
    "create": ("create a new {noun} called “{name}”", "add a new {noun} called “{name}”"),
    "update": ("change the {field} of {thing}", "update the {field} of {thing}"),
    "export": ("export {things} as a PDF file", "print {thing}"),
    "send": ("send {thing} to my accountant by e-mail", "share {thing} with my colleague"),
    "undo": ("restore {thing} as it was last month", "undo the last change of {thing}"),
}
_SAME: Mapping[str, str] = {
    "delete": r"delet|remov|clear|erase|purge|trash|drop|destroy|clean|prune|bulk|batch|manage",
    "create": r"creat|add|new|insert|register|make|import|copy|clone|upsert|bulk|batch|manage",
    "update": r"updat|edit|modif|chang|set|patch|renam|mov|assign|adjust|upsert|bulk|batch|manage",
    "export": r"export|print|pdf|download|report|render|convert|save|generat",
    "send": r"send|share|mail|forward|post|publish|invite|notify|message",
    "undo": r"restor|undo|rever|recover|rollback|history|version|backup|undelet",
}


def wish(scene: Scene, tools: Sequence[Tool]) -> str | None:
    """Something that none of the tools can do."""
    texts = [f"{tool.name} {tool.description}".lower().replace("_", " ") for tool in tools]
    if scene.chance.random() < 0.6:
        return next(_near(scene, tools, texts), None)
    said, marks = scene.chance.choice(STRANGE)
    shown = " ".join(text[:SHOWN_CHARS] for text in texts)
    if _does_anything(tools, _HANDS) or any(mark in shown for mark in marks):
        return None
    return said


def _does_anything(tools: Sequence[Tool], words: frozenset[str]) -> bool:
    return any(words.intersection(words_of(tool.name)) for tool in tools)


def _near(scene: Scene, tools: Sequence[Tool], texts: Sequence[str]) -> Iterator[str]:
    """Wishes about the records of the application."""
    if _does_anything(tools, _ANYTHING):
        return
    plans = list(scene.domain.plans.values())
    for plan in scene.chance.sample(plans, len(plans)):
        for kind in scene.chance.sample(list(_WAYS), len(_WAYS)):
            if _does(scene, kind, plan) or (kind in ("export", "send") and not _is_paper(plan)):
                continue
            if any(_could(kind, plan, tool, text) for tool, text in zip(tools, texts, strict=True)):
                continue
            for record in scene.records(plan.name)[:1]:
                said = _worded(scene, kind, plan, record)
                if said:
                    yield said


def _is_paper(plan: EntityPlan) -> bool:
    """Whether records are of a kind that is printed and sent."""
    pools = (DOCUMENTS, EVENTS, TASKS, PROJECTS)
    return not plan.label or any(pool_of(plan.noun) is pool for pool in pools)


def _does(scene: Scene, kind: str, plan: EntityPlan) -> bool:
    """Whether a tool with a backend does that to such a thing."""
    same = {"delete": "delete", "create": "create", "update": "update"}.get(kind)
    return any(
        action.entity == plan.name and action.operation == same
        for action in scene.domain.actions.values()
    )


def _could(kind: str, plan: EntityPlan, tool: Tool, text: str) -> bool:
    """Whether a tool might do that to such a thing."""
    name = tool.name.lower()
    about = plan.noun[-1] in text or plan.noun[-1] in name.replace("_", " ")
    return about and bool(
        re.search(_SAME[kind], f"{name} {text[:200]}" if kind != "update" else name)
    )


def _worded(scene: Scene, kind: str, plan: EntityPlan, record: Record) -> str:
    way = pick(scene.chance, *_WAYS[kind])
    fields = [one for one in plan.fields.values() if one.kind != "boolean" and not one.refers]
    if "{field}" in way and not fields:
        return ""
    if "{name}" in way and not plan.label:
        return ""
    field = field_name(scene.chance.choice(fields), plan) if fields else ""
    new = scene.new_value(plan.field(plan.label), plan, None) if plan.label else ""
    return way.format(
        thing=numbered(plan, record),
        things=f"my {things(plan)}",
        noun=spoken_noun(plan.noun),
        field=field,
        name=new,
    )
