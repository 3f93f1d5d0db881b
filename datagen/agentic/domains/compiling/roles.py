"""What a parameter's name says, whatever the tool: ids, words to search by, pages, switches.

Own lists, made from the names in 5,177 real tools."""

import re
from typing import Literal

from datagen.agentic.domains.compiling.parameters import Parameter
from datagen.agentic.domains.compiling.words import Words, singular

Sign = Literal["query", "limit", "offset", "page", "switch", "secret", "placeholder", ""]
ID_ENDINGS = frozenset("id iid uuid uid guid key slug sid number no num identifier pk".split())
NAME_ENDINGS = frozenset(
    "name title path symbol code url username login email file filename ticker".split()
)
PERSONS = frozenset(
    "user member person employee contact customer client agent student patient author owner "
    "teacher lead candidate guest tenant staff driver doctor player".split()
)
PERSON_ROLES = frozenset(
    "assignee owner creator author manager responsible reporter reviewer assigned".split()
)
_FILES = frozenset(
    "file document doc folder directory page image note workbook sheet notebook script".split()
)
_OF_SOME = {
    **dict.fromkeys(("path", "filename", "file"), _FILES),
    **dict.fromkeys(
        ("symbol", "ticker"), frozenset("stock coin token quote asset crypto currency".split())
    ),
    **dict.fromkeys(("username", "login", "email"), PERSONS | {"account", "profile"}),
    "url": frozenset("page link site feed tunnel webhook bookmark article tab website".split()),
    "code": frozenset("coupon country language currency airport product discount".split()),
}
"""Names of one word that name records of some kinds only."""
_QUERIES = frozenset(
    "query q search keyword term phrase searchterm searchquery search_term search_query "
    "search_text search_string query_string keywords".split()
)
_LIMITS = frozenset(
    "limit count size top n take max_results num_results page_size per_page number_of_results "
    "max_items num results_limit first maxresults numresults pagesize".split()
)
_OFFSETS = frozenset("offset skip start_index start_at".split())
_PAGES = frozenset("page page_number pagenumber".split())
_SECRETS = re.compile(
    r"^(?:.*_)?(?:api_?key|api_?token|access_?token|auth_?token|bearer_?token|secret(?:_key)?|"
    r"passphrase|private_?key|credentials?|authorization|app_secret|client_secret|token|cookie)$"
)
_CURSORS = re.compile(r"^(?:.*page_?token|.*pagination_token|next_token|cursor|.*_cursor)$")
_PLACEHOLDERS = frozenset("random_string dummy ctx unused noop placeholder no_params _".split())
_SWITCHES = re.compile(
    r"^(?:(?:include|with|return|show|send|notify|skip|use|exclude|only|get|fetch|ignore)_.*|"
    r"(?:output_|response_)?format|verbose|fields?|expand|sort(?:_.*)?|order(?:_by|_direction)?|"
    r"direction|pretty|debug|timeout(?:_.*)?|locale|detail(?:s|_level)?|raw|refresh|force|cache|"
    r"dry_run|drop_.*|if_exists|notify|silent|recursive|depth|confirm(?:ed|ation)?|purge|cascade|permanent(?:ly)?|"
    r"hard(?:_delete)?|starting_after|ending_before|user_agent|async|wait|save|overwrite|select|embed|extra|params|"
    r"headers|reason|comment|remark|max_.*|.*_format|columns?|properties|attributes(?:_.*)?|"
    r"facets?|highlight.*|view|mode|scope|version|concise|full|summary_only|trace|stream|"
    r"(?:time_?)?period|time_?frame|interval|lang|response_type|etag|if_match|idempotency_key|request_id|lock_version)$"
)


_ORDERS = frozenset("asc desc ascending descending".split())
_OTHER = frozenset("parent from to source target related previous next depends root".split())
"""In front of a noun: another record than the one that a tool is about."""


def sign_of(parameter: Parameter) -> Sign:
    """What the name alone says; empty: it may be a field."""
    name = "_".join(parameter.words)
    if _CURSORS.match(name):
        return "switch"
    if _SECRETS.match(name):
        return "secret"
    if name in _PLACEHOLDERS or not parameter.words:
        return "placeholder"
    if parameter.kind in ("string", "strings") and name in _QUERIES:
        return "query"
    if parameter.kind in ("integer", "number"):
        if name in _LIMITS or name.endswith(("per_page", "page_size")):
            return "limit"
        if name in _OFFSETS:
            return "offset"
        if name in _PAGES:
            return "page"
    options = {str(one).lower() for one in parameter.options}
    return "switch" if _SWITCHES.match(name) or (options and options <= _ORDERS) else ""


def is_called(
    words: Words, noun: Words, *, loose: bool = True
) -> Literal["id", "name", "bare", ""]:
    """How a parameter's name names a record of that noun: by its id, by its name, or bare. `loose`:
    also by the id of another kind of its last word, `todo_task_id` of a planner task."""
    if not words or not noun:
        return ""
    if _same(words, noun):
        return "bare"
    if (
        len(words) > 1
        and words[-1] in ID_ENDINGS
        and (_same(words[:-1], noun) or (loose and _ends(words, noun)))
    ):
        return "id"
    if len(words) > 1 and words[-1] in NAME_ENDINGS and _same(words[:-1], noun):
        return "name"
    return ""


def ending(words: Words, noun: Words = ()) -> Literal["id", "name", ""]:
    """What a name of one word says of a record: `id`, `name`; of a file also `path`."""
    if len(words) != 1:
        return ""
    if words[0] in ID_ENDINGS:
        return "id"
    if words[0] not in NAME_ENDINGS:
        return ""
    only = _OF_SOME.get(words[0])
    return "name" if only is None or (noun and noun[-1] in only) else ""


def _ends(words: Words, noun: Words) -> bool:
    """Whether an id is of a kind of the noun's last word: `message_rule_id` of a mail rule."""
    return len(words) > 2 and words[-2] == noun[-1] and words[0] not in _OTHER and len(noun) > 1


def _same(words: Words, noun: Words) -> bool:
    """Whether words stand for a noun: all of it, its last word, or short for it."""
    said = (*words[:-1], singular(words[-1]))
    if said in (noun, noun[-1:]) or "".join(said) == "".join(noun):
        return True
    if len(said) != 1:
        return False
    short, last = said[0], noun[-1]
    initials = "".join(word[0] for word in noun)
    return (len(noun) > 1 and short == initials) or (
        3 <= len(short) < len(last) - 2 and last.startswith(short)
    )
