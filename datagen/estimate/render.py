"""An estimate as lines of text: every assumption stands beside its figure."""

from collections.abc import Iterator

from datagen.estimate.totals import ONE_REQUEST, Estimate, Range

_UNITS = ((1e12, 1e12, "T"), (1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
"""From which value on, divided by what, called what."""


def lines(found: Estimate) -> Iterator[str]:
    """What `datagen plan` prints."""
    asked = found.asked
    yield (
        f"{found.records:,} records in {found.partitions:,} partitions of {found.inputs:,} "
        f"input{'' if found.inputs == 1 else 's'}; {found.sampled:,} documents sampled from "
        f"{found.read_partitions:,} partitions"
    )
    yield from _table(
        ("documents", _figure(found.documents), f"{found.unusable:.2%} of records are not usable"),
        ("chunks", _figure(asked["chunks"]), ""),
        ("requests", _figure(asked["requests"]), _retries(found)),
        ("prompt tokens", _figure(asked["prompt_tokens"]), "without the chat template"),
        ("  a prefix cache answers", _figure(asked["shared_tokens"]), _share(found)),
        ("output tokens", _figure(asked["output_tokens"]), "if answers are as long as sources"),
        ("rephrasings", _figure(asked["rephrasings"]), ""),
        ("Parquet", _figure(found.parquet_bytes, "B"), "texts as compressible as their sources"),
    )
    yield (
        f"longest chain: {found.longest.requests:,} requests one after the other, "
        f"{found.longest.output_tokens:,} output tokens (of the sample), "
        f"{span(found.longest.output_tokens / ONE_REQUEST)} at {ONE_REQUEST:.0f} tokens/s"
    )
    for rate in found.rates:
        time = found.seconds(rate)
        interval = "" if time.low == time.high else f" ({span(time.low)} to {span(time.high)})"
        speed = f"{rate.tokens_per_second:,.0f} tokens/s, {rate.name}"
        yield f"time: {span(time.value)}{interval} at {speed}"
    if (cost := found.cost) and found.prices:
        yield (
            f"cost: {cost.value:,.2f} ({cost.low:,.2f} to {cost.high:,.2f}) at "
            f"{found.prices.prompt:g} per million prompt tokens (cached ones too) and "
            f"{found.prices.output:g} per million output tokens"
        )
    yield "Ranges are 90% intervals of the sample; they don't hold the assumptions."


def span(seconds: float) -> str:
    """A time that one can grasp: 40 s, 12 min, 5.5 h, 3.2 days."""
    for size, name in ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {name}"
    return f"{seconds:,.0f} s"


def _table(*rows: tuple[str, str, str]) -> Iterator[str]:
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    for name, figure, note in rows:
        yield f"  {name:<{widths[0]}}  {figure:<{widths[1]}}  {note}".rstrip()


def _figure(figure: Range, unit: str = "") -> str:
    if round(figure.low) == round(figure.high):
        return _short(figure.value) + unit
    return f"{_short(figure.value)}{unit} ({_short(figure.low)} to {_short(figure.high)})"


def _short(value: float) -> str:
    for least, size, name in _UNITS:
        if value >= least:
            return f"{value / size:,.1f} {name}"
    return f"{value:,.0f}"


def _share(found: Estimate) -> str:
    prompt = found.asked["prompt_tokens"].value
    return f"{found.asked['shared_tokens'].value / prompt:.0%} of them" if prompt else ""


def _retries(found: Estimate) -> str:
    if found.acceptance == 1:
        return "without retries"
    return f"retries included: {found.acceptance:.0%} of attempts are accepted"
