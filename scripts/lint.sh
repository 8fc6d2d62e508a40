#!/bin/bash
# clang-tidy and cppcheck over the sources; what they find is a failure.
set -uo pipefail

usage() {
  cat <<'END'
Usage: scripts/lint.sh [--all] [--since REVISION] [--jobs N] [tidy|cppcheck]... [-- FILE...]

  tidy      clang-tidy with the checks of .clang-tidy: the library's layers and the host part of cuda/ (or FILE...). What
            has not changed since nothing was found in it is skipped (--all: nothing is)
  cppcheck  cppcheck with .cppcheck-suppressions: src/ and cuda/
  --since   tidy only what differs from that revision, and what includes such a header

Both where none is named. Exit status: 0 where neither finds anything.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root" || exit 1
chosen=() files=() tidy=()
jobs=$(nproc)
while (($#)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    tidy | cppcheck) chosen+=("$1") ;;
    --all) tidy+=(--all) ;;
    --since) tidy+=(--since "${2:?lint: --since needs a revision}") && shift ;;
    --jobs) jobs=${2:?lint: --jobs needs a number} && shift ;;
    --) shift && files=("$@") && break ;;
    *) echo "lint: '$1' is none of tidy, cppcheck and the options; see --help" >&2 && exit 2 ;;
  esac
  shift
done
((${#chosen[@]})) || chosen=(tidy cppcheck)
for program in clang-tidy-14 cppcheck clang++-14; do
  command -v "$program" >/dev/null || { echo "lint: $program is not installed; scripts/setup.sh installs it" >&2 && exit 2; }
done
cmake --preset clang >/dev/null || exit 1
commands=build/clang/compile_commands.json

lint_tidy() {
  scripts/tidy.py --commands "$commands" --stamps build/clang/tidy --jobs "$jobs" "${tidy[@]}" "${files[@]}"
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
