"""The user's own way to the package registries, carried into the sandbox for an install.

Where pip and npm find packages is the machine's matter (a mirror, a proxy, a certificate): their
variables and configuration files are handed on as they are, and nothing about them is written
anywhere. Files may hold credentials; inside an install only pip or npm runs, never the package."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from datagen.sandbox import Bind
from datagen.sandbox.command import HOME

PREFIXES = ("PIP_", "NPM_CONFIG_", "npm_config_")
NAMES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    "NODE_EXTRA_CA_CERTS",
)
DROPPED = ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_CACHE_DIR")
"""Where to install is ours to say."""
HOME_FILES = (".config/pip/pip.conf", ".pip/pip.conf", ".npmrc", ".netrc")
MACHINE_FILES = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf", "/etc/npmrc")
_PATH_SETTING = re.compile(r"(?mi)^\s*(?:cert|client-cert|find-links|cafile|ca-file)\s*=\s*(.+)$")
_PATH = re.compile(r"(?:^|[\s,]|file://)(/[^\s,]+)")


def environment() -> Mapping[str, str]:
    """Variables that pip and npm read to find their registries."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if (name.startswith(PREFIXES) or name in NAMES) and name.upper() not in DROPPED
    }
    return kept | {"PIP_CACHE_DIR": "/tmp/pip", "npm_config_cache": "/tmp/npm"}


def files() -> list[Bind]:
    """Configuration files, and the folders and certificates that they and the variables name."""
    binds = {str(bind.source): bind for bind in _configuration()}
    texts = [Path(source).read_text(errors="replace") for source in binds if _readable(source)]
    named = [path for text in texts for path in _named(text)]
    named += [path for value in environment().values() for path in _PATH.findall(value)]
    for path in named:
        if path not in binds and _may_be_shown(path):
            binds[path] = Bind(Path(path), path)
    return list(binds.values())


def _configuration() -> Iterator[Bind]:
    home = Path.home()
    for name in HOME_FILES:
        if (home / name).is_file():
            yield Bind(home / name, f"{HOME}/{name}")
    for path in (*MACHINE_FILES, f"{sys.prefix}/pip.conf", os.environ.get("PIP_CONFIG_FILE", "")):
        if path and Path(path).is_file() and path != os.devnull:
            yield Bind(Path(path), path)


def _named(text: str) -> Iterator[str]:
    for value in _PATH_SETTING.findall(text):
        yield from _PATH.findall(value)


def _readable(path: str) -> bool:
    return os.access(path, os.R_OK)


def _may_be_shown(path: str) -> bool:
    """Not what is seen anyway, and no folder that holds a home."""
    real = Path(path).resolve()
    seen = (Path("/usr"), Path("/etc/ssl/certs"), Path("/dev"), Path("/proc"), Path("/tmp/pip"))
    return (
        real.exists()
        and not any(real.is_relative_to(folder) for folder in seen)
        and not Path.home().resolve().is_relative_to(real)
        and len(real.parts) > 2
    )
