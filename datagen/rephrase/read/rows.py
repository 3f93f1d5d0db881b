"""One row (an object with fields) turned into a document, or the reason why it is none."""

import base64
import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import orjson

from datagen.rephrase.read.options import SourceOptions
from datagen.rephrase.read.partitions import BAD_TEXT_CHARS, BadRecord
from datagen.schemas import Document, Kind, ReadReason, row_id

_FORMULA = re.compile(r"\\[A-Za-z]+|\\[()\[\]]|\$[^$\n]+\$|<<[^<>]*>>|\d\s*[-+*/=^×÷]\s*[\d(]")
FORMULAS_PER_1000 = 5.0
"""`auto`: formula marks per 1,000 characters from which a text counts as math. 99 % of textbook
sections lie below 4.2 and of country descriptions below 1.4; 90 % of worked solutions (GSM8K) and
of LaTeX chapters lie above 10, the median chapter on precalculus at 7.8."""
_GUESS_CHARS = 20_000


def from_line(raw: bytes, origin: str, source: SourceOptions) -> Document | BadRecord:
    """A line of JSON."""
    try:
        row = orjson.loads(raw)
    except orjson.JSONDecodeError:
        row = _lenient(raw, origin)
    if isinstance(row, BadRecord):
        return row
    if not isinstance(row, dict):
        return bad(origin, "not_an_object", f"a JSON {_json_type(row)}", _shown(raw))
    return from_row(row, origin, source)


def _lenient(raw: bytes, origin: str) -> Any:
    """What the fast parser refuses: NaN, which becomes null, and the reason for everything else."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        return bad(origin, "not_utf8", f"byte {problem.start} of the line", _shown(raw))
    try:
        row = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as problem:
        return bad(origin, "not_json", str(problem), text)
    try:
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return bad(origin, "not_utf8", "an unpaired surrogate", text)
    return row


def from_row(row: Mapping[str, Any], origin: str, source: SourceOptions) -> Document | BadRecord:
    """A row of any format; values may be what Parquet gives (times, decimals, bytes)."""
    text = _text(row, origin, source)
    if isinstance(text, BadRecord):
        return text
    kind = _kind(row, text, source)
    if kind is None:
        said = _dumped(row[source.kind_field])
        return bad(origin, "bad_kind", f"{source.kind_field} is {said[:80]}", text)
    read = {source.text_field, source.id_field, source.kind_field} - {""}
    rest = {key: jsonable(value) for key, value in row.items() if key not in read}
    id = _id(_field(row, source.id_field)) or row_id(text)
    return document(text, id, kind, rest, origin)


def _field(row: Mapping[str, Any], name: str) -> Any:
    return row.get(name) if name else None


def _text(row: Mapping[str, Any], origin: str, source: SourceOptions) -> str | BadRecord:
    """The row's text. Bytes count if they are UTF-8: some Parquet writers leave the mark out."""
    text = row.get(source.text_field)
    if text is None:
        there = "is null" if source.text_field in row else "is missing"
        return bad(origin, "no_text", f"{source.text_field} {there}", _dumped(row))
    if isinstance(text, bytes):
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError as problem:
            return bad(origin, "not_utf8", f"byte {problem.start} of the text", _shown(text))
    if not isinstance(text, str):
        detail = f"{source.text_field} is a {_json_type(text)}"
        return bad(origin, "not_text", detail, _dumped(row))
    return text


def document(
    text: str, id: str, kind: Kind, source: Mapping[str, Any], origin: str
) -> Document | BadRecord:
    """A document, unless its text is blank."""
    if not text or text.isspace():
        return bad(origin, "empty", "", text)
    return Document(id=id, text=text, kind=kind, source=source, origin=origin)


def bad(origin: str, reason: ReadReason, detail: str, text: str = "") -> BadRecord:
    kept = text[:BAD_TEXT_CHARS].encode("utf-8", "replace").decode("utf-8")
    return BadRecord(origin, reason, detail, kept)


def guess_kind(text: str) -> Kind:
    """Math if formulas are dense in its first 20,000 characters."""
    head = text[:_GUESS_CHARS]
    marks = sum(1 for _ in _FORMULA.finditer(head))
    return "math" if marks * 1000 >= FORMULAS_PER_1000 * len(head) else "knowledge"


def _kind(row: Mapping[str, Any], text: str, source: SourceOptions) -> Kind | None:
    said = _field(row, source.kind_field)
    if said is None:
        return guess_kind(text) if source.kind == "auto" else source.kind
    return said if said in ("knowledge", "math") else None


def _id(value: Any) -> str:
    """The id as text; "" where there is none. Whole floats lose their point: Arrow makes them of
    integers beside nulls."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _dumped(value).strip('"')


def jsonable(value: Any) -> Any:
    """The value as JSON holds it: NaN is null, times are ISO text, bytes are UTF-8 or base64."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): jsonable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(part) for part in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return base64.b64encode(value).decode("ascii")
    return str(value)


def _dumped(value: Any) -> str:
    return json.dumps(jsonable(value), ensure_ascii=False)


def _shown(raw: bytes) -> str:
    return raw[: 4 * BAD_TEXT_CHARS].decode("utf-8", "replace")


def _json_type(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number" if isinstance(value, int | float) else "value")
