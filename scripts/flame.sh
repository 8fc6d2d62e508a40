#!/bin/bash
# Draws where the CPU time of requests goes, as flame graphs in docs/plots.
set -euo pipefail

usage() {
  cat <<'END'
Usage: scripts/flame.sh [--out FOLDER]

Profiles `remit bench` natively over the loopback fabric with perf, both workers in one process, and draws flame graphs of requests
of one token, one at a time, where no byte is worth mentioning, and of requests of 16 MiB. Needs perf and leave to use it
(sysctl kernel.perf_event_paranoid), and a release build.

  --out FOLDER  where flame_small_requests.svg and flame_goodput.svg go (docs/plots)
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
out=docs/plots
while (($#)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --out)
      (($# > 1)) || { echo "flame: --out needs a value (see --help)" >&2 && exit 2; }
      out=$2
      shift
      ;;
    *) echo "flame: unknown option '$1' (see --help)" >&2 && exit 2 ;;
  esac
  shift
done
command -v perf >/dev/null || { echo "flame: there is no perf; scripts/setup.sh installs it" >&2 && exit 1; }
[[ -x build/release/bin/remit ]] || { echo "flame: there is no build/release/bin/remit: cmake --build --preset release" >&2 && exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# draw NAME TITLE OPTION... of remit bench
draw() {
  local name=$1 title=$2
  shift 2
  perf record -q -F 499 --call-graph dwarf,16384 -o "$scratch/$name" -- \
    build/release/bin/remit bench --fabric loopback --modes one-shot --no-verify "$@" >"$scratch/$name.log" 2>&1 ||
    { tail -n 5 "$scratch/$name.log" >&2 && exit 1; }
  perf script -i "$scratch/$name" 2>/dev/null | scripts/bench/flame.py "$out/$name.svg" "$title"
  echo "$out/$name.svg"
}

mkdir -p "$out"
draw flame_small_requests "one token, one request at a time, loopback" --sizes 1t --duration 4
draw flame_goodput "16 MiB, one request at a time, loopback" --sizes 16M --duration 4
