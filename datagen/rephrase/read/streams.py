"""The uncompressed bytes of a file as blocks, and as lines from any offset.

gzip and zstd are decoded here rather than with `gzip.open`: planning and reading must agree on the
byte at which a damaged file breaks, so both see the same blocks and everything before the damage.
"""

import io
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

import zstandard

from datagen.rephrase.read.places import lost, open_file

BLOCK_BYTES = 4 << 20
"""Bytes asked of a plain file at a time; larger blocks measured no faster."""
RAW_BYTES = 1 << 18
"""Compressed bytes fed to a decoder at a time: keeps one decoded zstd block within some MB."""
BOM = b"\xef\xbb\xbf"


class DamagedError(Exception):
    """The rest of a file can't be decoded."""


def is_compressed(name: str) -> bool:
    return name.lower().endswith((".gz", ".zst"))


def blocks(name: str, start: int = 0) -> Iterator[bytes]:
    """Uncompressed blocks from `start` on. Raises `DamagedError` after the last good byte."""
    with open_file(name) as file:
        if not is_compressed(name):
            file.seek(start)
            while block := _read(file, BLOCK_BYTES, name):
                yield block
            return
        raws = iter(lambda: _read(file, RAW_BYTES, name), b"")
        for block in _decoded(raws, _gzip if name.lower().endswith(".gz") else _zstd):
            if start >= len(block):
                start -= len(block)
            else:
                yield block[start:]
                start = 0


def _read(file: IO[bytes], size: int, name: str) -> bytes:
    try:
        return file.read(size)
    except OSError as problem:
        raise lost(name, problem) from problem


def _gzip() -> Any:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


def _zstd() -> Any:
    return zstandard.ZstdDecompressor().decompressobj()


def _decoded(raws: Iterator[bytes], new: Callable[[], Any]) -> Iterator[bytes]:
    """Members (frames) one after the other; zeros after the last one are padding."""
    decoder, opened = new(), False
    for raw in raws:
        while raw:
            if not opened and not raw.strip(b"\0"):
                break
            try:
                block = decoder.decompress(raw)
            except (zlib.error, zstandard.ZstdError) as problem:
                raise DamagedError(str(problem)) from problem
            opened = True
            if block:
                yield block
            raw = b""
            if decoder.eof:
                raw, decoder, opened = decoder.unused_data, new(), False
    if opened:
        raise DamagedError("the compressed file ends too early")


class _Raw(io.RawIOBase):
    """Blocks as a file, so that `BufferedReader` finds the lines."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._source, b""))
        n = min(len(buffer), len(self._rest))
        buffer[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n


class LineCursor:
    """Lines of one file from a given offset on; moving forward in a compressed file reads on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.position = 0
        self._blocks: Iterator[bytes] | None = None
        self._lines: io.BufferedReader | None = None

    def seek(self, start: int) -> None:
        if self._lines is not None and start == self.position:
            return
        if self._lines is not None and is_compressed(self.name) and start > self.position:
            while start > self.position and (
                skipped := self._lines.read(min(BLOCK_BYTES, start - self.position))
            ):
                self.position += len(skipped)
            return
        self.close()
        self._blocks = blocks(self.name, start)
        self._lines = io.BufferedReader(_Raw(self._blocks), 1 << 20)
        self.position = start

    def line(self) -> bytes:
        """The next line with its end; b"" at the end of the file. Raises `DamagedError`."""
        assert self._lines is not None, "seek first"
        line = self._lines.readline()
        self.position += len(line)
        return line

    def close(self) -> None:
        """Let go of the file; a later `seek` opens it again."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None
        if self._blocks is not None:
            self._blocks.close()  # type: ignore[attr-defined]  # a generator
            self._blocks = None
