"""Find what ships with the package."""

from pathlib import Path


def shipped(*parts: str) -> Path:
    """A shipped file or folder."""
    return Path(__file__).parent.parent.joinpath(*parts)
