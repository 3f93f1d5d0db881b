"""An NLI model by folder: a small one with random weights, so only the way through it is tested."""

from pathlib import Path
from typing import Any

import pytest

from datagen.assets import minilm_folder
from datagen.engines.entailment import Entailment
from datagen.errors import RecipeError
from datagen.rephrase.fidelity import FidelityGate, FidelityOptions
from tests.rephrase.fidelity.test_verifier import FAITHFUL, SOURCE, TOLD, Asked

LABELS = ("contradiction", "neutral", "entailment")


def model_at(folder: Path, labels: tuple[str, ...] = LABELS, *, sure: int = 0) -> str:
    """A one-layer BERT whose bias favours one label."""
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    tokenizer: Any = AutoTokenizer.from_pretrained(str(minilm_folder()))
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, id2label=dict(enumerate(labels)),
        label2id={name: index for index, name in enumerate(labels)},
    )  # fmt: skip
    model: Any = BertForSequenceClassification(config)
    model.classifier.weight.data.zero_()
    model.classifier.bias.data.zero_()
    model.classifier.bias.data[sure] = 6.0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


async def test_probabilities_are_those_of_entailment(tmp_path: Path) -> None:
    nli = Entailment(model_at(tmp_path / "nli", sure=2))
    shares = await nli([("A passage.", "A statement."), ("x " * 3000, "lone \ud83d")] * 20)
    await nli.close()
    await nli.close()
    assert shares.shape == (40,)
    assert (shares > 0.99).all()


@pytest.mark.parametrize(("sure", "faithful"), [(2, True), (0, False)])
async def test_what_it_says_moves_the_decision(tmp_path: Path, sure: int, faithful: bool) -> None:
    nli = model_at(tmp_path / "nli", sure=sure)
    tiers = ("hygiene", "ledger", "relations", "verifier", "nli")
    options = FidelityOptions(tiers=tiers, nli=nli, judge_band=(0, 1))
    gate = FidelityGate(options, read=Asked(0.0))
    try:
        finding = await gate.check(SOURCE, FAITHFUL, expectation=TOLD)
    finally:
        await gate.close()
    assert finding.faithful is faithful
    assert finding.scores.entailed is not None
    assert (finding.scores.entailed > 0.9) is faithful


async def test_a_classifier_of_something_else_is_refused(tmp_path: Path) -> None:
    nli = Entailment(model_at(tmp_path / "other", ("good", "bad", "ugly")))
    with pytest.raises(RecipeError, match="no label for entailment"):
        await nli.start()
    await nli.close()


async def test_a_folder_without_a_model_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    nli = Entailment(str(tmp_path / "empty"))
    with pytest.raises(RecipeError, match=r"fidelity\.nli=") as told:
        await nli.start()
    assert "\n" not in str(told.value)
    await nli.close()
