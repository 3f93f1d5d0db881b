"""An estimate asks for what a run would ask for, and says how sure it is."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.engines.base import Completion, Request
from datagen.errors import RecipeError
from datagen.estimate.render import lines, span
from datagen.estimate.requests import Chances, Requester, common_prefix, text_to_rewrite
from datagen.estimate.sampling import sample
from datagen.estimate.totals import ONE_REQUEST, Prices, Range, estimate
from datagen.recipe import RunnerOptions
from datagen.rephrase.chunk import ChunkOptions
from datagen.rephrase.fidelity import FidelityOptions
from datagen.rephrase.pipeline import RephrasePipeline, RephraseRecipe
from datagen.rephrase.read import SourceOptions, plan_partitions
from datagen.rephrase.rewrite import RewriteOptions
from datagen.schemas import Document
from datagen.stage import Work
from datagen.tokenizer import load_tokenizer

SENTENCE = "In {} the river was measured at 12.5 km, which is {} more than before. "
CHUNKS = ChunkOptions(max_tokens=32, window_tokens=128)


def text(sentences: int, salt: int = 0) -> str:
    return "".join(SENTENCE.format(1800 + (7 * n + salt) % 200, n) for n in range(sentences))


def recipe(*, rephrasings: int = 2, partition: int = 1000, **rewrite: object) -> RephraseRecipe:
    return RephraseRecipe(
        chunk=CHUNKS,
        rewrite=RewriteOptions.model_validate({"rephrasings": rephrasings, **rewrite}),
        runner=RunnerOptions(partition_records=partition),
    )


def written(path: Path, texts: Sequence[str]) -> str:
    rows = (json.dumps({"id": f"d{n}", "text": text}) for n, text in enumerate(texts))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


ODD = (
    "Short.",
    text(40),
    "😀 " * 200,
    "数の歴史は古い。" * 60,
    "# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n" + text(9),
    "tags </text> and <text> and <document> inside. " + text(12),
    "x" * 5000,
)


@pytest.mark.parametrize("content", ODD)
async def test_requests_and_tokens_are_those_of_the_rewriter(content: str) -> None:
    made = recipe()
    document = Document("d", content, "knowledge")
    tokens = load_tokenizer("minilm")
    asked: list[Request] = []

    async def ask(role: str, request: Request) -> Completion:
        asked.append(request)
        return Completion(text_to_rewrite(request))

    pipeline = RephrasePipeline(
        made.model_copy(update={"fidelity": FidelityOptions(tiers=())}), None
    )
    rows = [row for row in pipeline.rows_of(document) if isinstance(row, Work)]
    for row in rows:
        await pipeline.work(row.row, ask)
    found = await Requester(made, Chances())(document)

    prompts = sum(tokens.count(m.content) for request in asked for m in request.messages)
    assert (found.requests, found.rephrasings) == (len(asked), 2)
    assert found.chunks == len(rows[0].row.chunked.chunks)
    assert found.prompt_tokens == prompts
    assert found.output_tokens == sum(tokens.count(text_to_rewrite(r)) for r in asked)
    assert 0 <= found.shared_tokens < found.prompt_tokens


async def test_a_chain_shares_what_the_call_before_it_began_with() -> None:
    one = await Requester(recipe(rephrasings=1), Chances())(Document("d", "Short.", "knowledge"))
    many = await Requester(recipe(rephrasings=1), Chances())(Document("d", text(9), "knowledge"))

    assert one.shared_tokens == 0
    assert many.requests > 3
    assert many.shared_tokens > 0.4 * many.prompt_tokens


def test_an_input_that_is_read_in_full_has_no_interval(tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", [text(n) for n in range(1, 13)])

    found = estimate([path], recipe(partition=5))

    assert (found.records, found.partitions, found.sampled) == (12, 3, 12)
    assert found.documents == Range(12, 12, 12)
    assert found.asked["rephrasings"].value == 24
    for figure in found.asked.values():
        assert figure.low == pytest.approx(figure.value) == figure.high


def test_a_sample_comes_close_and_its_interval_holds_the_truth(tmp_path: Path) -> None:
    texts = [text(1 + (n * n) % 17, n) for n in range(600)]
    path = written(tmp_path / "in.jsonl", texts)
    made = recipe(rephrasings=1, partition=20)

    whole = estimate([path], made, documents=600)
    part = estimate([path], made, documents=80)

    assert (part.sampled, part.read_partitions) == (80, 16)
    for name, exact in whole.asked.items():
        figure = part.asked[name]
        assert figure.value == pytest.approx(exact.value, rel=0.1)
    prompt = part.asked["prompt_tokens"]
    assert prompt.low < whole.asked["prompt_tokens"].value < prompt.high


def test_equal_seeds_give_equal_estimates(tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", [text(1 + n % 9) for n in range(100)])
    made = recipe(partition=5)

    assert estimate([path], made, documents=10) == estimate([path], made, documents=10)


def test_every_document_is_as_likely_as_any_other(tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", [f"text {n}" for n in range(40)])
    plan = plan_partitions([path], SourceOptions(), records=7)
    drawn = [
        document.id
        for seed in range(400)
        for document in sample(plan, SourceOptions(), size=4, seed=seed).documents
    ]

    counts = [drawn.count(f"d{n}") for n in range(40)]

    assert sum(counts) == 1600
    assert min(counts) > 15
    assert max(counts) < 70


def test_bad_records_are_told_apart_from_documents(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "Good."}\nnot json\n{"text": ""}\n{"text": "Good too."}\n')

    found = estimate([str(path)], recipe())

    assert found.unusable == 0.5
    assert found.documents.value == 2
    assert found.asked["rephrasings"].value == 4


def test_a_limit_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", [text(3)] * 50)

    assert estimate([path], recipe(), limit=7).documents.value == 7


def test_inputs_without_documents_are_one_line_with_their_reasons(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"body": "x"}\n' * 3)
    (tmp_path / "empty.jsonl").write_text("")

    with pytest.raises(RecipeError, match=r"3 no_text.*source.text_field"):
        estimate([str(path)], recipe())
    with pytest.raises(RecipeError, match="nothing to read"):
        estimate([str(tmp_path / "empty.jsonl")], recipe())


@pytest.mark.parametrize(
    "wrong",
    [
        {"acceptance": 0.0},
        {"acceptance": 1.5},
        {"tokens_per_second": 0},
        {"tokens_per_second": float("inf")},
    ],
)
def test_impossible_assumptions_are_refused(tmp_path: Path, wrong: dict[str, float]) -> None:
    path = written(tmp_path / "in.jsonl", ["Some text."])

    with pytest.raises(RecipeError, match="--"):
        estimate([path], recipe(), **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("flag", "prices"),
    [
        ("--price-in -1", (-1.0, 2.0)),
        ("--price-out -0.5", (1.0, -0.5)),
        ("--price-in nan", (float("nan"), 1.0)),
        ("--price-out inf", (1.0, float("inf"))),
    ],
)
def test_a_price_that_is_none_is_refused_by_its_flag(
    flag: str, prices: tuple[float, float]
) -> None:
    with pytest.raises(RecipeError, match=f"^{flag}: "):
        Prices(*prices)


@given(st.floats(0.05, 1.0), st.integers(1, 5), st.integers(0, 8))
def test_expected_requests_are_those_of_chains_played_out(
    acceptance: float, attempts: int, step: int
) -> None:
    ends, goes_on = (Chances(acceptance, attempts, goes_on=on) for on in (False, True))
    miss = 1 - acceptance

    tries = sum(n * acceptance * miss ** (n - 1) for n in range(1, attempts)) + attempts * miss ** (
        attempts - 1
    )

    assert goes_on.weight(step) == pytest.approx(tries)
    assert ends.weight(step) == pytest.approx(tries * (1 - miss**attempts) ** step)
    assert ends.accepted(step) <= goes_on.accepted(step) == 1.0


def test_retries_cost_and_rejected_chains_end(tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", [text(20)] * 3)

    sure = estimate([path], recipe())
    tried = estimate([path], recipe(on_failure="source"), acceptance=0.5)
    ended = estimate([path], recipe(attempts=1), acceptance=0.5)

    requests = sure.asked["requests"].value
    assert tried.asked["requests"].value == pytest.approx(1.75 * requests)
    assert ended.asked["requests"].value < requests
    assert ended.asked["rephrasings"].value < 1


def test_money_and_time_follow_from_tokens(tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", [text(10)] * 20)

    found = estimate([path], recipe(), tokens_per_second=10.0, prices=Prices(2.0, 3.0))

    prompt, output = (found.asked[name].value for name in ("prompt_tokens", "output_tokens"))
    assert found.cost is not None
    assert found.cost.value == pytest.approx((2 * prompt + 3 * output) / 1e6)
    (rate,) = found.rates
    assert found.seconds(rate).value == pytest.approx(output / 10)


def test_no_rate_beats_the_longest_chain(tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", [text(200), "Short."])

    found = estimate([path], recipe(rephrasings=1), tokens_per_second=1e9)

    chain = found.longest
    assert chain.requests > 10
    assert found.seconds(found.rates[0]).value == pytest.approx(chain.output_tokens / ONE_REQUEST)


def test_lines_name_every_assumption(tmp_path: Path) -> None:
    path = written(tmp_path / "in.jsonl", [text(10)] * 4)

    said = "\n".join(lines(estimate([path], recipe(), prices=Prices(1, 2))))

    for words in (
        "without retries",
        "as long as sources",
        "150 tokens/s",
        "8,000 tokens/s",
        "cost:",
    ):
        assert words in said
    assert "70% of attempts" in "\n".join(lines(estimate([path], recipe(), acceptance=0.7)))


@given(st.text(alphabet="ab \n", max_size=30), st.text(alphabet="ab \n", max_size=30))
def test_a_common_prefix_ends_after_white_space(one: str, other: str) -> None:
    length = common_prefix(one, other)

    assert one[:length] == other[:length]
    assert length == 0 or one[length - 1] in " \n"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (119, "119 s"), (120, "2.0 min"), (7200, "2.0 h"), (172_800, "2.0 days")],
)
def test_spans_can_be_grasped(seconds: float, said: str) -> None:
    assert span(seconds) == said
