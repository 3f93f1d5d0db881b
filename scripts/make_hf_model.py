"""Turn a GGUF file into a Hugging Face folder that vLLM loads: weights, tokenizer, chat template.

vLLM reads GGUF only with a plugin, transformers reads it by itself. The quantised weights are
unpacked to bfloat16, so the folder is larger than the file and no more exact. Needs `transformers`,
`accelerate` and `gguf` (scripts/install_vllm_cpu.sh installs them); a second call returns at once.

    make_hf_model.py [MODEL [FOLDER]]     # a GGUF file, or a name that `datagen models` knows

The folder's path is the last line of standard output.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from datagen.assets import model_path
from datagen.errors import RecipeError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_KEEP_LINES)
    parser.add_argument("model", nargs="?", default="smollm2", help="default: smollm2")
    parser.add_argument("folder", nargs="?", type=Path, help="default: in the user's cache")
    arguments = parser.parse_args()
    try:
        gguf = model_path(arguments.model)
    except RecipeError as problem:
        parser.error(str(problem))
    # The stem of a fetched model is its hash, so a newer file of that name is not taken for it.
    name = "-".join(dict.fromkeys((Path(arguments.model).stem, gguf.stem)))
    folder = arguments.folder or cache_folder() / name
    if not (folder / "config.json").is_file():
        convert(gguf, folder)
    sys.stdout.write(f"{folder}\n")
    return 0


_KEEP_LINES = argparse.RawDescriptionHelpFormatter


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "datagen" / "hf"


def convert(gguf: Path, folder: Path) -> None:
    """Write the folder under another name, then rename it: a half-written one is never found."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    if not tokenizer.chat_template:
        raise SystemExit(f"{gguf}: it holds no chat template")
    model = AutoModelForCausalLM.from_pretrained(
        **source, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        tokenizer.save_pretrained(unfinished)
        model.save_pretrained(unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
