"""What records of a kind are called: tasks by what is to be done, people by their names."""

import random
from collections.abc import Mapping, Sequence

from datagen.agentic.domains.compiling import pools
from datagen.agentic.domains.compiling.roles import PERSONS
from datagen.agentic.domains.compiling.words import Words

_POOLS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(
        "task todo issue ticket card story subtask action reminder bug chore step milestone "
        "assignment checklist job request problem".split(),
        pools.TASKS,
    ),
    **dict.fromkeys(
        "event meeting appointment session class course lesson webinar shift interview workshop "
        "activity slot conference call trip tour".split(),
        pools.EVENTS,
    ),
    **dict.fromkeys(
        "document doc note page article post report wiki draft memo template file guide form "
        "contract policy snippet record knowledge memory section sheet spreadsheet presentation "
        "newsletter paper attachment chapter".split(),
        pools.DOCUMENTS,
    ),
    **dict.fromkeys(
        "product item asset equipment part good article supply material listing offer menu "
        "dish".split(),
        pools.PRODUCTS,
    ),
    **dict.fromkeys(
        "project campaign initiative board workspace goal program programme portfolio deal "
        "opportunity plan sprint epic proposal objective".split(),
        pools.PROJECTS,
    ),
    **dict.fromkeys(
        "company organization organisation vendor supplier account business brand merchant "
        "partner".split(),
        pools.COMPANIES,
    ),
    **dict.fromkeys(
        "place location room store warehouse branch venue site building zone facility "
        "station hotel restaurant shop office farm field palace parking".split(),
        pools.PLACES,
    ),
    **dict.fromkeys(
        "group team channel department list folder category collection segment audience queue "
        "community club directory label tag space bucket cohort".split(),
        pools.GROUPS,
    ),
    **dict.fromkeys(
        "device server vm instance database cluster service container node pipeline workflow "
        "deployment environment repository repo application app sensor robot index model dataset "
        "table function endpoint route agent webhook monitor dashboard chart tunnel network "
        "volume image cache stack machine namespace pod branch rule".split(),
        pools.SYSTEMS,
    ),
    **dict.fromkeys(
        "book song album movie film track playlist game show episode series recipe video podcast "
        "novel story painting exhibition scene palette theme".split(),
        pools.WORKS,
    ),
    **dict.fromkeys(("city", "town", "destination"), pools.CITIES),
    **dict.fromkeys(("question", "faq", "query"), pools.QUESTIONS),
}


def pool_of(noun: Words) -> Sequence[str]:
    """Names of things of that kind; empty where there are none of its own."""
    return _POOLS.get(noun[-1], ()) if noun else ()


def is_person(noun: Words) -> bool:
    return bool(noun) and (noun[-1] in PERSONS or noun[-1] in ("people", "artist", "speaker"))


def label(noun: Words, words: Words, chance: random.Random) -> str:
    """A name for a record. `words`: of the field that holds it."""
    if words[-1:] in (("content",), ("text",), ("body",), ("description",)):
        return chance.choice(pools.SENTENCES)
    if words[-1:] == ("question",):
        return chance.choice(pools.QUESTIONS)
    if is_person(noun) or words[-1:] == ("username",):
        person = f"{chance.choice(pools.FIRST)} {chance.choice(pools.LAST)}"
        return person.lower().replace(" ", ".") if words[-1:] == ("username",) else person
    if pool := pool_of(noun):
        return chance.choice(pool)
    return f"{chance.choice(pools.ADJECTIVES)} {chance.choice(pools.NOUNS)}"
