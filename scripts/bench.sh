#!/bin/bash
# Measures everything that docs/performance.md tells, in one run, and judges it.
set -euo pipefail

usage() {
  cat <<'END'
Usage: scripts/bench.sh [--quick] [--how LANE] [--section NAME]... [--no-document]

Builds remit, runs the microbenchmarks here, then every comparison over RDMA: in the guest of scripts/soft_roce.sh, or with
--how device on this host's own devices (REMIT_RDMA_DEVICES="mlx5_0 mlx5_1", sender's and receiver's;
REMIT_RDMA_ADDRESSES with their addresses). perftest's programs run beside remit in turns. Nothing else should run meanwhile.

  --quick         fewer and shorter turns: to try the script, not to quote
  --how LANE      host, uml, qemu or device, as scripts/soft_roce.sh takes it
  --section NAME  only this one: counts, goodput, resume, latency, delays, small_requests, set_up, rails, settings,
                  estimator, micro
  --no-document   leaves docs/performance.md as it is

Writes bench/results/<date>-<host kind>.json, plots (SVG, PNG) in docs/plots, the tables of docs/performance.md, and ends
with the table of targets. Exit status: 0 every target met, 4 one was missed or not measured, 1 it could not be run.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
how=() sections=() document=1
export REMIT_BENCH_QUICK=
while (($#)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --quick) REMIT_BENCH_QUICK=1 ;;
    --no-document) document=0 ;;
    --how | --section)
      (($# > 1)) || { echo "bench: $1 needs a value (see --help)" >&2 && exit 2; }
      if [[ $1 = --how ]]; then how=(--how "$2"); else sections+=("$2"); fi
      shift
      ;;
    *) echo "bench: unknown option '$1' (see --help)" >&2 && exit 2 ;;
  esac
  shift
done

wanted() { ((${#sections[@]} == 0)) || [[ " ${sections[*]} " = *" $1 "* ]]; }

# Figures belong to a commit: what is measured is built from what lies here.
[[ -d build/release ]] || cmake --preset release >/dev/null
cmake --build --preset release -j "$(nproc)" | tail -n 1

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
if wanted micro; then
  echo "micro: on this host, outside the guest"
  build/release/bin/remit_micro --benchmark_format=json --benchmark_min_time=1 >"$out/micro.json"
fi

# Two rails; a real device is what it is.
if [[ ${how[*]:-} != *device* ]]; then how+=(--rails 2); fi
guest_sections=()
for name in "${sections[@]}"; do [[ $name = micro ]] || guest_sections+=("$name"); done
if ((${#sections[@]} == 0 || ${#guest_sections[@]} > 0)); then
  # A section that failed is in the results with its reason: the rest is still worth judging.
  REMIT_OUT=$out scripts/soft_roce.sh "${how[@]}" --timeout 2400 \
    scripts/bench/run.py "$root/build/release/bin" "$out/guest.json" "${guest_sections[@]}" || echo "bench: the run ended with status $?"
fi

mkdir -p bench/results
results=$(scripts/bench/merge.py "$out" bench/results)
echo "results: $results"
arguments=(--plots docs/plots)
if ((document && ${#sections[@]} == 0)); then arguments+=(--document docs/performance.md); fi
exec scripts/plot_bench.py "$results" "${arguments[@]}"
