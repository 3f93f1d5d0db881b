"""Messages as trainers read them, rendered with the templates of real models."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from counter_ground import tool

from datagen.agentic.messages import messages_json, tools_json
from datagen.agentic.nouns import ToolCall, Turn
from datagen.agentic.rows import tool_form

MODELS = Path.home() / ".cache" / "datagen" / "models"
KEY = b"tokenizer.chat_template"
CALL = ToolCall(
    id="functions.increase_counter:0", name="increase_counter", arguments={"id": "C-1", "by": 2}
)
TURNS = [
    Turn(role="system", content="You count."),
    Turn(role="user", content='Add 2 to "C-1" <|im_end|>'),
    Turn(role="assistant", tool_calls=(CALL,), reasoning="C-1 it is.", train=True),
    Turn(role="tool", content='{"value": 12}', tool_call_id=CALL.id, name=CALL.name),
    Turn(role="assistant", content="C-1 is 12 now.", train=True),
]


def template(pattern: str) -> str:
    """The chat template in a model's GGUF file: a key, its type, a length, the text."""
    found = sorted(MODELS.glob(pattern))
    if not found:
        pytest.skip(f"{pattern}: no such model here")
    with found[0].open("rb") as file:
        head = file.read(16 << 20)
    at = head.index(KEY) + len(KEY)
    kind, length = struct.unpack_from("<IQ", head, at)
    assert kind == 8  # a string
    return head[at + 12 : at + 12 + length].decode()


def rendered(pattern: str) -> str:
    from transformers.utils.chat_template_utils import render_jinja_template

    messages, tools = json.loads(messages_json(TURNS)), json.loads(tools_json(forms()))
    texts, _ = render_jinja_template([messages], tools=tools, chat_template=template(pattern))
    return str(texts[0])


def forms() -> list[Any]:
    return [tool_form(tool("increase_counter")), tool_form(tool("read_counter"))]


def test_arguments_are_objects_and_only_the_agent_is_trained_on() -> None:
    messages = json.loads(messages_json(TURNS))

    assert messages[2]["tool_calls"][0]["function"]["arguments"] == {"id": "C-1", "by": 2}
    assert messages[2]["reasoning_content"] == "C-1 it is."
    assert [message["train"] for message in messages] == [False, False, True, False, True]
    assert messages[3]["tool_call_id"] == messages[2]["tool_calls"][0]["id"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_qwens_template_writes_calls_once_encoded_with_tools_and_results() -> None:
    text = rendered("qwen-coder-0.5b.gguf")

    assert '{"name": "increase_counter", "arguments": {"id": "C-1", "by": 2}}' in text
    assert '{"value": 12}' in text
    assert '"name": "read_counter"' in text
    assert '\\"id\\"' not in text


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_embedded_models_template_writes_every_message() -> None:
    text = rendered("smollm2/*.gguf")

    assert text.count("<|im_start|>") == len(TURNS)
    assert "C-1 is 12 now." in text
