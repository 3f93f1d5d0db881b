"""Fit, calibrate and measure the verifier, and write its weights.

    DATAGEN_TEST_DATA=… python -m benchmarks.verifier.train FOLDER [--pairs N] [--no-reader]
        [--written]

Fitted on the training documents of `benchmarks.corruptions`, on rewrites written for it
(`rewrites`), on claims made of questions (`examples`) and on 70 % of BEGIN and Q² by knowledge
sentence; calibrated on the development documents; reported on the test documents, whose words and
templates the training never had, on the other 30 %, and on small edits of genres apart (`written`,
which `--written` fits on too; the shipped weights were made without). FOLDER keeps what was
computed; the reader's weights have to be in the package.
"""

import hashlib
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from benchmarks.corruptions.documents import test_data
from benchmarks.corruptions.pairs import FAITHFUL, FORM, UNFAITHFUL, pairs
from benchmarks.corruptions.words import Split
from benchmarks.verifier import rewrites, train_reader
from benchmarks.verifier.rows import Row, Side, of_examples, of_pairs, of_texts
from benchmarks.verifier.written import written as by_hand
from datagen.engines.reader import WEIGHTS as READER_WEIGHTS
from datagen.engines.reader import Network
from datagen.rephrase.fidelity import features, verifier
from datagen.rephrase.fidelity.verification import MOST_READ, MOST_READ_BACK, asked
from datagen.scoring.measures import auroc

SHARE_FAITHFUL = 0.8
WRITTEN = 0.4
"""Weight of all written rewrites beside that of all made by rule. Own choice, on the development
documents: more costs the kinds made by rule, less refuses deep rewrites."""
DEPTH = 4
"""Of a tree."""
SIDES: tuple[Side, ...] = ("supported", "kept")


def collected(folder: Path, count: int) -> list[Row]:
    """Every row; FOLDER has the examples of `train_reader`."""
    documents = list(test_data())
    everything = documents
    rng = random.Random(5)
    problems = {one.id for one in documents if one.id.startswith(("gsm8k", "math/"))}
    chosen = set(rng.sample(sorted(problems), min(300, len(problems))))
    documents = [one for one in documents if one.id not in problems or one.id in chosen]
    kinds = [kind for kind in (*FAITHFUL, *UNFAITHFUL) if kind not in FORM]
    rows: list[Row] = []
    parts: tuple[Split, ...] = ("train", "dev", "test")
    for part in parts:
        found = pairs(documents, seed=1, split=part, per_document=count, kinds=kinds)
        rows += of_pairs(found, part)
        rows += of_pairs(rewrites.pairs(everything, part, ruled=True), part, written=True)
        if part == "test" or "--written" in sys.argv:
            rows += of_texts(by_hand(part), part)
        say(f"{part}: {len(rows)} rows so far")
    read = train_reader.collected(folder / "examples.jsonl")
    for part, name, most in (
        ("train", "train", 5000), ("dev", "dev", 1200), ("test", "test", 2000),
        ("test", "dialogue_test", 2000),
    ):  # fmt: skip
        picked = read[name]
        rows += of_examples(rng.sample(picked, min(most, len(picked))), part)
    return rows


def suspicions(rows: Sequence[Row]) -> dict[Side, tuple[NDArray[np.float64], float]]:
    """Logistic weights per relation, on claims that have labels of their own; no weight may say
    that more of a fault is better."""
    train = [row for row in rows if row.part == "train" and row.tail["claim"] and len(row.ahead)]
    x = np.array([features.squashed(row.ahead).max(axis=0) for row in train])
    y = np.array([not row.label for row in train])
    live = np.ones(x.shape[1], dtype=bool)
    while True:
        model = LogisticRegression(C=0.5, max_iter=500, class_weight="balanced").fit(x[:, live], y)
        if (model.coef_[0] >= 0).all():
            break
        live[np.flatnonzero(live)[model.coef_[0] < 0]] = False
    weights = np.zeros(x.shape[1])
    weights[live] = model.coef_[0]
    return {side: (weights, float(model.intercept_[0])) for side in SIDES}


def arranged(rows: Sequence[Row], weights: dict[Side, tuple[NDArray[np.float64], float]]) -> None:
    """Fill in each row's features, and what the reader is to be asked."""
    for row in rows:
        told = row.tail
        ahead, back = told["compared"]
        doubts = features.suspicion(ahead.relations, *weights["supported"])
        losses = features.suspicion(back.relations, *weights["kept"])
        row.rows = {
            "supported": features.forward(
                ahead, doubts, told["entered"], copied=told["copied"], ratio=told["ratio"],
                math_kind=told["math"],
            ),
            "kept": features.backward(
                back, losses, told["entered"], ratio=told["ratio"], math_kind=told["math"]
            ),
        }  # fmt: skip
        row.asked = asked(ahead, doubts, MOST_READ)
        row.asked_back = [] if told["claim"] else asked(back, losses, MOST_READ_BACK)


def read_all(rows: Sequence[Row], folder: Path) -> None:
    """Add the reader's columns. Outputs are kept by the digest of their pair, per reader."""
    made = hashlib.sha256(READER_WEIGHTS.read_bytes()).hexdigest()[:12]
    cache = folder / f"read_{made}.npz"
    known: dict[str, NDArray[np.float32]] = {}
    if cache.exists():
        with np.load(cache, allow_pickle=False) as kept:
            known = dict(zip(kept["pairs"].tolist(), kept["outputs"], strict=True))
    wanted = {_digest(pair): pair for row in rows for pair in (*row.asked, *row.asked_back)}
    left = [wanted[key] for key in wanted.keys() - known.keys()]
    left.sort(key=lambda pair: (len(pair[0]) + len(pair[1]), pair))
    network = Network(1)
    for start in range(0, len(left), 512):
        part = left[start : start + 512]
        known |= dict(zip(map(_digest, part), network(part), strict=True))
        if start % 4096 == 0 or start + 512 >= len(left):
            say(f"read {start} of {len(left)}")
            np.savez(cache, pairs=np.array(list(known)), outputs=np.array(list(known.values())))
    for row in rows:
        for side, pairs_ in (("supported", row.asked), ("kept", row.asked_back)):
            outputs = np.array([known[_digest(pair)] for pair in pairs_]).reshape(-1, 3)
            row.rows[f"{side}+"] = np.array([*row.rows[side], *verifier.reading(outputs)])


def _digest(pair: tuple[str, str]) -> str:
    text = "\0".join(pair).encode("utf-8", "replace")
    return hashlib.sha256(text).hexdigest()[:32]


def fitted(
    rows: Sequence[Row], side: Side, *, full: bool, without: str | None = None
) -> dict[str, Any]:
    """Trees on the training rows and calibration on the development rows, as JSON."""
    key = f"{side}+" if full else side
    columns = (*verifier.COLUMNS[side], *(verifier.READ if full else ()))
    rising = features.RISING | set(verifier.READ)
    train = [
        r for r in rows if r.part == "train" and r.fault(side) is not None and r.kind != without
    ]
    x = np.array([row.rows[key] for row in train])
    y = np.array([row.fault(side) for row in train])
    weight = balanced(train, y, 0.5) * len(y)
    model = HistGradientBoostingClassifier(
        max_iter=160, learning_rate=0.08, max_depth=DEPTH, min_samples_leaf=20,
        l2_regularization=3.0, early_stopping=False, random_state=3,
        monotonic_cst=[1 if name in rising else 0 for name in columns],
    ).fit(x, y, sample_weight=weight)  # fmt: skip
    made = exported(model)
    dev = [r for r in rows if r.part == "dev" and r.fault(side) is not None and not r.tail["claim"]]
    return made | calibrated(made, dev, side, key)


def balanced(rows: Sequence[Row], fault: NDArray[np.bool_], share: float) -> NDArray[np.float64]:
    """Weights that sum to one, `share` of them with faults, `WRITTEN` of it on written rewrites."""
    weight = np.array([0.7 if row.tail["claim"] else 1.0 for row in rows])
    written = np.array([row.written for row in rows])
    for group, part in ((written, WRITTEN), (~written, 1.0)):
        for label, mass in ((True, share), (False, 1 - share)):
            chosen = group & (fault == label)
            weight[chosen] *= part * mass / max(weight[chosen].sum(), 1e-9)
    normed: NDArray[np.float64] = weight / weight.sum()
    return normed


def exported(model: HistGradientBoostingClassifier) -> dict[str, Any]:
    """The trees as lists."""
    trees = []
    for (tree,) in model._predictors:
        nodes = tree.nodes
        leaf = nodes["is_leaf"].astype(bool)
        trees.append({
            "feature": np.where(leaf, -1, nodes["feature_idx"]).astype(int).tolist(),
            "threshold": [
                float(f"{value:.6g}") if np.isfinite(value) else 1e9
                for value in nodes["num_threshold"]
            ],
            "left": nodes["left"].astype(int).tolist(),
            "right": nodes["right"].astype(int).tolist(),
            "value": [float(f"{value:.5g}") for value in np.where(leaf, nodes["value"], 0.0)],
        })  # fmt: skip
    base = float(np.ravel(model._baseline_prediction)[0])
    return {"trees": trees, "depth": DEPTH + 1, "base": base}


def calibrated(made: dict[str, Any], dev: Sequence[Row], side: Side, key: str) -> dict[str, Any]:
    """Isotonic knots on the development rows, weighted to four faithful in five."""
    trees = verifier._trees(made | {"knots": [0.0], "probabilities": [0.5]})
    odds = trees.log_odds(np.array([row.rows[key] for row in dev]))
    fault = np.array([row.fault(side) for row in dev])
    weight = balanced(dev, fault, 1 - SHARE_FAITHFUL)
    fit = IsotonicRegression(increasing=False, out_of_bounds="clip", y_min=0.001, y_max=0.999)
    fit.fit(odds, ~fault, sample_weight=weight)
    return {
        "knots": [float(f"{knot:.5g}") for knot in fit.X_thresholds_],
        "probabilities": [float(f"{one:.5g}") for one in fit.y_thresholds_],
    }


def scored(rows: Sequence[Row], model: verifier.Verifier, full: bool) -> None:
    """Put each row's calibrated probabilities into its tail."""
    for side in SIDES:
        trees = (model.full if full else model.cheap)[side]
        for row in rows:
            key = f"{side}+" if full else side
            row.tail[side] = trees.probability(row.rows[key]) if key in row.rows else 1.0
    for row in rows:
        row.tail["fidelity"] = row.tail["supported"] * row.tail["kept"]


def report(rows: Sequence[Row], title: str) -> dict[str, float]:
    """AUROC over all and per kind on the test documents; precision and recall at 80 % faithful."""
    whole = [row for row in rows if row.part == "test" and not row.tail["claim"]]
    test = [row for row in whole if not row.written]
    fine = [row.tail["fidelity"] for row in test if row.label]
    kinds: dict[str, list[float]] = defaultdict(list)
    for row in test:
        if not row.label:
            kinds[row.kind].append(row.tail["fidelity"])
    bad = [score for scores in kinds.values() for score in scores]
    say(f"\n{title}: {len(fine)} faithful, {len(bad)} unfaithful, AUROC {auroc(fine, bad):.3f}")
    figures = {"all": auroc(fine, bad)}
    for kind, scores in sorted(kinds.items()):
        figures[kind] = auroc(fine, scores)
        say(f"  {kind:22} {len(scores):4} {figures[kind]:.3f}")
    figures |= operating(fine, bad)
    fine = [row.tail["fidelity"] for row in whole if row.written and row.label]
    bad = [row.tail["fidelity"] for row in whole if row.written and not row.label]
    figures["written"] = auroc(fine, bad)
    say(f"  written by hand: {len(fine)} and {len(bad)}, AUROC {figures['written']:.3f}")
    figures |= {f"written_{name}": value for name, value in operating(fine, bad).items()}
    for origin in ("hand", "begin", "q2", "squad", "sentence", "choice", "section"):
        part = [r for r in rows if r.part == "test" and r.kind.startswith(f"{origin}:")]
        if part:
            good = [row.tail["supported"] for row in part if row.label]
            figures[origin] = auroc(good, [r.tail["supported"] for r in part if not r.label])
            say(f"  supported on {origin:10} {len(part):4} {figures[origin]:.3f}")
    return figures


def operating(fine: Sequence[float], bad: Sequence[float]) -> dict[str, float]:
    """Recall of faithful rewrites at the thresholds of interest, and the precision there."""
    figures = {}
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
        kept = float(np.mean([score >= threshold for score in fine]))
        passed = float(np.mean([score >= threshold for score in bad]))
        share = SHARE_FAITHFUL * kept / (SHARE_FAITHFUL * kept + (1 - SHARE_FAITHFUL) * passed)
        say(f"  threshold {threshold}: precision {share:.3f} at recall {kept:.3f}")
        figures[f"precision_{threshold}"], figures[f"recall_{threshold}"] = share, kept
    return figures


def left_out(rows: Sequence[Row], kinds: Sequence[str], *, full: bool) -> dict[str, float]:
    """AUROC of `supported` on a kind that the trees never saw."""
    found = {}
    for kind in kinds:
        made = fitted(rows, "supported", full=full, without=kind)
        key = "supported+" if full else "supported"
        test = [row for row in rows if row.part == "test" and not row.tail["claim"]]
        trees = verifier._trees(made)
        good = trees.log_odds(np.array([row.rows[key] for row in test if row.label]))
        bad = trees.log_odds(np.array([row.rows[key] for row in test if row.kind == kind]))
        found[kind] = auroc(list(bad), list(good))
        say(f"  never trained on {kind:20} {found[kind]:.3f}")
    return found


def written(path: Path, parts: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(parts, separators=(",", ":")) + "\n")
    verifier.load.cache_clear()


def main() -> None:
    folder = Path(sys.argv[1])
    count = int(sys.argv[sys.argv.index("--pairs") + 1]) if "--pairs" in sys.argv else 8
    reads = "--no-reader" not in sys.argv
    rows = collected(folder, count)
    say(str(Counter((row.part, row.tail["claim"], row.label) for row in rows)))
    weights = suspicions(rows)
    for name, weight in zip(features.RELATIONS, weights["supported"][0], strict=True):
        say(f"  {name:14} {weight:.2f}")
    arranged(rows, weights)
    if reads:
        read_all(rows, folder)
    cheap = {side: fitted(rows, side, full=False) for side in SIDES}
    full = {side: fitted(rows, side, full=True) for side in SIDES} if reads else cheap
    parts: dict[str, Any] = {
        "columns": {side: list(verifier.COLUMNS[side]) for side in SIDES},
        "suspicion": {
            side: {"weights": np.round(weights[side][0], 4).tolist(), "bias": weights[side][1]}
            for side in SIDES
        },
        "cheap": cheap, "full": full, "made": {},
    }  # fmt: skip
    written(verifier.WEIGHTS, parts)
    for name, read in (("relations", False), ("verifier", True))[: 1 + reads]:
        scored(rows, verifier.load(), read)
        parts["made"][name] = {k: round(v, 4) for k, v in report(rows, name).items()}
    if "--leave-out" in sys.argv:
        kinds = (
            "negation_added",
            "antonym",
            "entity_replaced",
            "date_shifted",
            "sentence_invented",
        )
        parts["made"]["left_out"] = left_out(rows, kinds, full=reads)
    written(verifier.WEIGHTS, parts)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
