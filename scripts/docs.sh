#!/bin/bash
# The public headers as pages, and what the documentation shows of the code.
set -euo pipefail

usage() {
  cat <<'END'
Usage: scripts/docs.sh [--update]

Builds the pages of the public headers with Doxygen into build/docs/html; a warning is a failure.

  --update  instead: writes examples of the wire, state machines and pictures anew into docs/, from the release build
            (remit_sim_command, remit_wire_examples)
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
case ${1:-} in
  --help | -h) usage && exit 0 ;;
  --update) exec /usr/bin/python3 scripts/docs/generated.py ;;
  '') ;;
  *) echo "docs: unknown option '$1'; see --help" >&2 && exit 2 ;;
esac
for program in doxygen dot; do
  command -v "$program" >/dev/null || { echo "docs: $program is not installed; scripts/setup.sh installs it" >&2 && exit 3; }
done
mkdir -p build/docs
doxygen docs/Doxyfile
echo "build/docs/html/index.html"
