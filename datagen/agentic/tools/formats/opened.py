"""A file's bytes in blocks, decompressed if its first bytes say so, whatever its name says.

A block never has more than `BLOCK_BYTES`, so that a file that unpacks to a thousand times its size
costs time, not memory."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import zstandard

from datagen.errors import RecipeError

BLOCK_BYTES = 1 << 18
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class DamagedError(Exception):
    """The rest of a file can't be decompressed."""


def blocks(path: Path) -> Iterator[bytes]:
    """Raises `RecipeError` if the file can't be read, `DamagedError` after its last good byte."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start[:2] == _GZIP:
                yield from _gunzipped(file)
            elif start == _ZSTD:
                yield from _unzstd(file)
            else:
                while block := file.read(BLOCK_BYTES):
                    yield block
    except OSError as problem:
        raise RecipeError(f"{path}: {problem.strerror or problem}") from problem


def _gunzipped(file: IO[bytes]) -> Iterator[bytes]:
    """Members one after the other; zeros after the last one are padding."""
    decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    ended = False
    while raw := file.read(BLOCK_BYTES):
        while raw:
            if ended:
                raw = raw.lstrip(b"\0")
                if not raw:
                    break
                decoder, ended = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), False
            try:
                block = decoder.decompress(raw, BLOCK_BYTES)
            except zlib.error as problem:
                raise DamagedError(str(problem)) from problem
            if block:
                yield block
            ended = decoder.eof
            raw = decoder.unused_data if ended else decoder.unconsumed_tail
    if not ended:
        raise DamagedError("the compressed file ends too early")


def _unzstd(file: IO[bytes]) -> Iterator[bytes]:
    reader: Any = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
        file, read_across_frames=True
    )
    try:
        while block := reader.read(BLOCK_BYTES):
            yield block
    except zstandard.ZstdError as problem:
        raise DamagedError(str(problem)) from problem
