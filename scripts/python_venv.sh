#!/bin/bash
# Makes the virtual environment in which the Python package is built and tested, from PyPI: build/python/venv. A second run
# finds everything there and changes nothing; no other script needs a network for it.
set -euo pipefail

if [[ ${1:-} = --help || ${1:-} = -h ]]; then
  echo "Usage: scripts/python_venv.sh
Makes build/python/venv with what python/requirements.txt names. REMIT_PYTHON names another interpreter than /usr/bin/python3."
  exit 0
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/build/python/venv
wanted=$root/python/requirements.txt
python=${REMIT_PYTHON:-/usr/bin/python3}

# The list as it was when all of it had been installed.
if [[ -x $venv/bin/python ]] && cmp -s "$wanted" "$venv/installed"; then exit 0; fi
echo "making $venv from $wanted"
"$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$wanted" || {
  echo "python_venv: PyPI could not be reached, or lacks a package of $wanted; behind a mirror set PIP_INDEX_URL" >&2
  exit 3
}
cp "$wanted" "$venv/installed"
