"""What verifiers know of a tool from its name: the words in which an agent tells the deed."""

import sys
from pathlib import Path

import pytest

from datagen.agentic.verify.toolset import toolset

sys.path.insert(0, str(Path(__file__).parents[1] / "domains"))

from specs_made import spec


@pytest.mark.parametrize(
    ("name", "past"),
    [
        ("return_book", "returned"),
        ("renew_loan", "renewed"),
        ("set_pin", "set"),
        ("pin_message", "pinned"),
        ("browser_new_tab", "created"),
        ("browser_tab_new", "created"),
        ("crm_delete_contact", "deleted"),
        ("ChatsController_archiveChat", "archived"),
        ("cancel_order", "cancelled"),
        ("apply_discount", "applied"),
    ],
)
def test_a_deed_is_told_by_the_verb_of_the_name(name: str, past: str) -> None:
    facts = toolset([spec(name, "thing")])[name]
    assert past in facts.past


def test_parameters_that_list_what_they_take_are_known_by_name() -> None:
    inside = {"type": "object", "properties": {"size": {"description": "One of S, M and L."}}}
    schema = {
        "type": "object",
        "properties": {
            "priority": {"type": "integer", "description": "From 1 to 5."},
            "title": {"type": "string", "description": "The title."},
            "updates": inside,
            "odd": True,
        },
    }
    facts = toolset([spec("create_ticket", schema=schema)])["create_ticket"]
    assert facts.listed == {"priority": "1 to 5", "size": "One of S, M and L"}
    assert facts.things == {"ticket"}
