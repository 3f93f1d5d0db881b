"""The command line: a thin skin. Imports nothing heavy until a command runs."""

import logging
import os
import signal
import sys

import typer

from datagen.cli import agentic, fidelity, models, questions, refilter, rephrase, sandbox, tools
from datagen.errors import DatagenError, EngineError

INTERRUPTED = 130
"""Exit code of a stopped command: 128 + SIGINT, as shells count."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def datagen() -> None:
    """Training data for language models: faithful rephrasings of your documents, as Parquet."""


for command in (
    rephrase.rephrase,
    agentic.agentic,
    questions.inspect,
    questions.sql,
    questions.audit,
    rephrase.plan,
    refilter.refilter,
    fidelity.fidelity,
    sandbox.sandbox,
):
    app.command()(command)
app.add_typer(tools.app, name="tools")
app.add_typer(models.app, name="models")


def main() -> None:
    """Run the command line; a user's mistake is one line and exit 2, never a traceback."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _interrupt)
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:  # Typer turns the interrupt into this and says nothing
            _complain("stopped; the same command goes on where it stopped", code)
    except EngineError as problem:
        code = _complain(f"{problem}; the same command goes on where it stopped", 1)
    except DatagenError as problem:
        code = _complain(str(problem), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = _complain("stopped", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as problem:
        usage = getattr(problem, "format_message", None)
        if usage is None:
            raise
        code = _complain(usage(), 2)
    sys.exit(code or 0)


def _complain(line: str, code: int) -> int:
    sys.stderr.write(f"datagen: {line}\n")
    return code


def _interrupt(signum: int, frame: object) -> None:
    """Stop cleanly; a second signal, while that goes on, changes nothing."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    raise KeyboardInterrupt
