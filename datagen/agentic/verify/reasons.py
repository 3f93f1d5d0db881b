"""What verifiers can find: their names and, for each, a closed set of reasons."""

from collections.abc import Mapping, Sequence

from datagen.agentic.nouns import Blame, Span, Verdict

REASONS: Mapping[str, tuple[str, ...]] = {
    "structure": (
        "oversized",
        "no_turns",
        "wrong_role",
        "unanswered_call",
        "orphan_result",
        "repeated_id",
        "empty_turn",
        "empty_user_turn",
    ),
    "ending": ("not_finished", "user_left", "no_final_answer", "cut_off"),
    "markup": ("leaked_token", "leaked_call", "leaked_prompt"),
    "known_tool": ("unknown_tool",),
    "schema": ("not_an_object", "oversized_arguments", "invalid_arguments"),
    "grounding": (
        "untraceable_identifier",
        "untraceable_number",
        "untraceable_date",
        "untraceable_name",
        "untraceable_text",
    ),
    "forbidden": ("forbidden_call",),
    "order": ("out_of_order", "not_parallel", "loop"),
    "asking": ("acted_without_asking",),
    "goal": ("goal_not_reached", "log_broken"),
    "over_action": ("state_changed", "changed_more"),
    "answer": (
        "fact_missing",
        "did_not_decline",
        "declined_unseen",
        "denies_deed",
        "gave_up",
        "deed_not_told",
        "echo",
    ),
    "claims": (
        "unsupported_fact",
        "unsupported_figure",
        "unsupported_quotation",
        "unsupported_action",
        "unfinished_deed",
        "wrong_person",
    ),
}
"""Verifier → its reasons, in the order the verifiers speak."""
DETAIL_CHARS = 300


def passed(verifier: str, spans: Sequence[Span] = ()) -> Verdict:
    return Verdict(verifier=verifier, passed=True, spans=tuple(spans))


def failed(
    verifier: str,
    reason: str,
    detail: str = "",
    *,
    turn: int = -1,
    blame: Blame = "agent",
    spans: Sequence[Span] = (),
) -> Verdict:
    assert reason in REASONS[verifier], f"{verifier}: {reason}"
    said = detail.encode("utf-8", "replace").decode("utf-8")[:DETAIL_CHARS]
    return Verdict(
        verifier=verifier,
        passed=False,
        reason=reason,
        detail=said,
        turn=turn,
        blame=blame,
        spans=tuple(spans),
    )
