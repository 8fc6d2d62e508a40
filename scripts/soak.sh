#!/bin/bash
# Thousands of requests over RDMA verbs while workers are killed, packets lost and requests aborted.
set -euo pipefail

usage() {
  cat <<'END'
Usage: scripts/soak.sh [REQUESTS] [--seed N] [--record]

  REQUESTS   how many (20000); each is asked for until it has arrived, every byte of it compared
  --seed N   of sizes and faults (1)
  --record   writes the result, with date and machine, to bench/results/

Runs build/release/bin/remit_soak through scripts/soft_roce.sh. Exit status: 0 where nothing was lost or wrong,
every failure had a reason that its fault explains, and memory, descriptors and threads stayed flat.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
requests=20000 seed=1 record=
while (($#)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --seed) seed=${2:?--seed needs a number} && shift ;;
    --record) record=1 ;;
    *[!0-9]* | '') echo "soak: \"$1\" is neither an option nor a number; see --help" >&2 && exit 2 ;;
    *) requests=$1 ;;
  esac
  shift
done

if [[ ! -x build/release/bin/remit_soak ]]; then
  cmake --preset release >/dev/null
  cmake --build --preset release -j "$(nproc)" --target remit_soak
fi
out=${REMIT_OUT:-$(mktemp -d)}
export REMIT_OUT=$out
# Ends by itself; the limit only stops what hangs: a second a request is far beyond what emulation needs.
limit=$((600 + requests))
status=0
scripts/soft_roce.sh --timeout "$limit" build/release/bin/remit_soak --requests "$requests" --seed "$seed" \
  --output "$out/soak.json" || status=$?
if [[ -n $record && -s $out/soak.json ]]; then
  mkdir -p bench/results
  date=$(date -u +%F) target=bench/results/$(date -u +%F)-soak.json
  python3 - "$out/soak.json" "$target" "$date" <<'END'
import json, os, pathlib, platform, sys
source, target, date = sys.argv[1:]
model = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
result = {"date": date, "machine": f"{os.cpu_count()} cores of {model}; soft-RoCE in a guest", **json.load(open(source))}
pathlib.Path(target).write_text(json.dumps(result, indent=2) + "\n")
print("recorded in", target)
END
fi
exit "$status"
