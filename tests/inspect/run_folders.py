"""Small runs written the way a run writes them: a plan, a manifest, shards through `publish`."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datagen.rephrase.pipeline import RephrasePipeline
from datagen.rephrase.read import InputFile, Partition, Plan
from datagen.runner.plan import save_plan
from datagen.schemas import Reject, Rephrasing, RewrittenChunk, row_id
from datagen.shards import Commit, RunFolder
from datagen.stage import Tables

REPHRASINGS = 2
SOURCE = "Ada Lovelace published her notes on the Analytical Engine in 1843."


def rephrasing(document: str, number: int, **fields: Any) -> Rephrasing:
    id = row_id(document, number)
    known: dict[str, Any] = {
        "id": id,
        "document_id": document,
        "style": "faq" if number % 2 else "textbook",
        "number": number,
        "text": f"{id[:8]} {id[8:16]} {id[16:]} was published in 1843 by Ada Lovelace.",
        "tokens": 14,
        "fidelity": 0.9,
        "supported": 0.95,
        "kept": 0.9,
        "audience": "students",
        "tone": "plain",
        "kind": "knowledge",
        "chunks": 1,
        "source_chunks": 0,
        "source_tokens": 15,
        "attempts": 1,
        "prompt_tokens": 100,
        "completion_tokens": 16,
        "source": "{}",
        "model": "scripted",
    }
    return Rephrasing.model_validate(known | fields)


def chunk_of(made: Rephrasing | Reject, **fields: Any) -> RewrittenChunk:
    accepted = isinstance(made, Rephrasing)
    known: dict[str, Any] = {
        "id": f"{made.id}-00000",
        "rephrasing_id": made.id,
        "document_id": made.document_id,
        "style": made.style,
        "number": made.number,
        "index": 0,
        "start": 0,
        "end": len(SOURCE),
        "tokens": 15,
        "source_text": SOURCE,
        "text": made.text,
        "status": "accepted" if accepted else "rejected",
        "attempts": 1 if accepted else 3,
        "reasons": [] if accepted else ["invented_number", "invented_number", "loop"],
        "seed": 7,
        "supported": 0.95,
        "kept": 0.9,
        "fidelity": 0.9,
        "length_ratio": 1.5,
        "copied": 0.25,
        "facts_invented": 0,
        "facts_kept": 1.0,
        "sentences_supported": 0.8,
        "sentences_covered": 1.0,
    }
    return RewrittenChunk.model_validate(known | fields)


def reject(document: str, number: int, **fields: Any) -> Reject:
    known: dict[str, Any] = {
        "id": row_id(document, number),
        "document_id": document,
        "stage": "rewrite",
        "reason": "loop",
        "failed": False,
        "detail": "",
        "style": "faq" if number % 2 else "textbook",
        "number": number,
        "chunk": 0,
        "attempts": 3,
        "scores": "{}",
        "text": "again again again",
        "source": "{}",
        "origin": f"in.jsonl:{document}",
    }
    return Reject.model_validate(known | fields)


def failure(document: str, number: int) -> Reject:
    return reject(document, number, failed=True, reason="unreachable", chunk=-1, attempts=0)


def unreadable(origin: str) -> Reject:
    fields = {"id": row_id("read", origin), "stage": "read", "reason": "not_json", "style": ""}
    return reject("", -1, chunk=-1, attempts=0, origin=origin, **fields)


def without_style(document: str) -> Reject:
    fields = {"id": row_id("draw", document), "reason": "no_fitting_style", "style": ""}
    return reject(document, -1, chunk=-1, attempts=0, **fields)


def tables(*rows: Rephrasing | Reject) -> Tables:
    """A partition's tables; each rephrasing and each rewrite reject of a chunk gets its chunk."""
    made = [row for row in rows if isinstance(row, Rephrasing)]
    refused = [row for row in rows if isinstance(row, Reject)]
    chained = [*made, *(row for row in refused if row.chunk >= 0)]
    return {
        "rejects": sorted(refused, key=lambda row: row.id),
        "chunks": sorted((chunk_of(row) for row in chained), key=lambda row: row.id),
        "rephrasings": sorted(made, key=lambda row: row.id),
    }


def commit_of(partition: str, planned: int, made: Tables) -> Commit:
    refused = [row for row in made["rejects"] if isinstance(row, Reject)]
    accepted = [row for row in made["rephrasings"] if isinstance(row, Rephrasing)]
    return Commit(
        partition=partition,
        planned=planned,
        rows={name: len(rows) for name, rows in made.items()},
        failed=sum(row.failed for row in refused),
        totals={
            "completions": 2 * len(accepted),
            "prompt_tokens": 200 * len(accepted),
            "completion_tokens": 32 * len(accepted),
            "cached_tokens": 50 * len(accepted),
            "tokens": sum(row.tokens for row in accepted),
            "source_tokens": sum(row.source_tokens for row in accepted),
        },
        reasons=dict(Counter(f"{row.stage}.{row.reason}" for row in refused)),
    )


def partitions(counts: Sequence[int], name: str = "in.jsonl") -> list[Partition]:
    """Adjacent partitions of one input; a record is 10 bytes and a line."""
    cut: list[Partition] = []
    for number, count in enumerate(counts):
        first = sum(counts[:number])
        cut.append(
            Partition(
                id=f"{number:06d}",
                input=name,
                format="jsonl",
                first=first,
                count=count,
                start=10 * first,
                bytes=10 * count,
                line=first + 1,
                lines=count,
                last=number == len(counts) - 1,
            )
        )
    return cut


class WrittenRun:
    """A run folder under construction. What is not committed stays planned."""

    def __init__(self, path: Path, counts: Sequence[int]) -> None:
        self.folder = RunFolder(path, RephrasePipeline.tables)
        self.planned = partitions(counts)
        self.commits: dict[str, Commit] = {}
        path.mkdir(parents=True, exist_ok=True)
        self.plan(self.planned)

    @property
    def path(self) -> Path:
        return self.folder.path

    def plan(self, planned: Sequence[Partition], records: int | None = None) -> None:
        total = sum(p.count for p in planned) if records is None else records
        save_plan(self.folder, Plan(tuple(planned), (InputFile("in.jsonl", 10, "1", total),)))

    def commit(
        self, number: int, made: Tables, *, shard_rows: int = 50_000, **changes: Any
    ) -> "WrittenRun":
        partition = self.planned[number]
        commit = replace(commit_of(partition.id, partition.count, made), **changes)
        self.folder.publish(commit, made, shard_rows=shard_rows)
        self.commits[partition.id] = commit
        return self

    def finish(self, status: str = "done", counts: Mapping[str, int] | None = None) -> Path:
        """Write the manifest."""
        commits = self.commits.values()
        planned = sum(partition.count for partition in self.planned)
        failed = sum(commit.failed for commit in commits)
        known = {
            "planned_records": planned,
            "pending_records": planned - sum(commit.planned for commit in commits),
            "accepted": sum(commit.rows["rephrasings"] for commit in commits),
            "rejected": sum(commit.rows["rejects"] for commit in commits) - failed,
            "failed": failed,
        }
        content = {
            "pipeline": "rephrase",
            "status": status,
            "versions": {"datagen": "0.1.0"},
            "identity": {"rewrite.rephrasings": REPHRASINGS, "fidelity.tiers": ["hygiene"]},
            "inputs": ["in.jsonl"],
            "model": "scripted",
            "entries": 1,
            "seconds": 12.5,
            "counts": known | dict(counts or {}),
            "totals": {},
            "reasons": {},
        }
        recipe = '[engine]\nkind = "scripted"\n[rewrite]\nrephrasings = 2\n'
        self.folder.write_text(self.path / "recipe.toml", recipe)
        self.folder.write_text(self.folder.manifest_path, json.dumps(content))
        return self.path


def small_run(path: Path) -> Path:
    """Two partitions done: three documents, a bad line and one without a style."""
    run = WrittenRun(path, [2, 3])
    run.commit(0, tables(rephrasing("a", 0), rephrasing("a", 1), unreadable("in.jsonl:2")))
    rows = (rephrasing("b", 0), reject("b", 1), rephrasing("c", 0), failure("c", 1))
    return run.commit(1, tables(*rows, without_style("d"))).finish()
