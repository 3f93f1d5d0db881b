"""Trajectories as trainers read them: OpenAI-style messages and tools, as JSON text.

JSON text, because Arrow structs pad rows with each other's keys and corrupt free-form arguments.
Arguments are objects: Qwen's templates encode a string twice. Each message says whether it is
trained on; reasoning stands in a field of its own."""

import json
from collections.abc import Sequence
from typing import Any

from datagen.agentic.calling import ToolForm
from datagen.agentic.nouns import Turn


def messages_json(turns: Sequence[Turn]) -> str:
    return json.dumps([message(turn) for turn in turns], ensure_ascii=False)


def tools_json(tools: Sequence[ToolForm]) -> str:
    return json.dumps([tool.openai() for tool in tools], ensure_ascii=False)


def message(turn: Turn) -> dict[str, Any]:
    """One message; keys that say nothing are left out, `train` never."""
    made: dict[str, Any] = {"role": turn.role, "content": turn.content}
    if turn.reasoning:
        made["reasoning_content"] = turn.reasoning
    if turn.tool_calls:
        made["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in turn.tool_calls
        ]
    if turn.role == "tool":
        made |= {"tool_call_id": turn.tool_call_id, "name": turn.name}
    return made | {"train": turn.train}
