#!/bin/bash
# clang-tidy and cppcheck over the sources; what they find is a failure.
set -uo pipefail

usage() {
  cat <<'END'
Usage: scripts/lint.sh [tidy|cppcheck]... [-- FILE...]

  tidy      clang-tidy with the checks of .clang-tidy: the library's layers and the host part of cuda/ (or FILE...)
  cppcheck  cppcheck with .cppcheck-suppressions: src/ and cuda/

Both where none is named. Exit status: 0 where neither finds anything.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root" || exit 1
chosen=() files=()
while (($#)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    tidy | cppcheck) chosen+=("$1") ;;
    --) shift && files=("$@") && break ;;
    *) echo "lint: '$1' is neither tidy nor cppcheck; see --help" >&2 && exit 2 ;;
  esac
  shift
done
((${#chosen[@]})) || chosen=(tidy cppcheck)
jobs=$(nproc)
for program in clang-tidy-14 cppcheck clang++-14; do
  command -v "$program" >/dev/null || { echo "lint: $program is not installed; scripts/setup.sh installs it" >&2 && exit 2; }
done
cmake --preset clang >/dev/null || exit 1
commands=build/clang/compile_commands.json

# The library's own sources, of those that this machine builds. The command and the simulation are cppcheck's alone: they
# would double the time.
lint_tidy() {
  if ((${#files[@]} == 0)); then
    mapfile -t files < <(python3 - "$commands" "$root" <<'END'
import json, os, sys
commands, root = sys.argv[1:]
layers = ("base", "control", "fabric", "layout", "memory", "plan", "pool", "protocol", "registration", "worker")
roots = tuple(os.path.join(root, "src", layer, "") for layer in layers) + (os.path.join(root, "cuda/host", ""),)
names = {os.path.normpath(os.path.join(c["directory"], c["file"])) for c in json.load(open(commands))}
print(*sorted(n for n in names if n.startswith(roots) and n.endswith(".cpp")), sep="\n")
END
    )
  fi
  ((${#files[@]})) || { echo "lint: no file to look at in $commands" >&2 && return 1; }
  echo "clang-tidy: ${#files[@]} files"
  # One file after the other a process: the largest first would end sooner, but which they are changes.
  printf '%s\0' "${files[@]}" | xargs -0 -n 2 -P "$jobs" clang-tidy-14 -p build/clang --quiet --warnings-as-errors='*' 2> >(
    grep -vE '^[0-9]+ warnings? (generated|treated as error)|^$' >&2)
}

lint_cppcheck() {
  mkdir -p build/clang/cppcheck
  cppcheck --project="$commands" --file-filter='src/*' --file-filter='cuda/host/*' \
    --suppressions-list=.cppcheck-suppressions --inline-suppr --enable=warning,performance,portability --std=c++20 \
    --cppcheck-build-dir=build/clang/cppcheck --error-exitcode=1 -q -j "$jobs" \
    --template='{file}:{line}: {severity}: {message} [{id}]' && echo "cppcheck: nothing found"
}

status=0
for one in "${chosen[@]}"; do "lint_$one" || status=1; done
exit $status
