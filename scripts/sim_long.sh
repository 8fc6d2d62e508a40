#!/usr/bin/env bash
# As many simulated histories as asked for, on all cores.
# usage: scripts/sim_long.sh [SEEDS [FIRST_SEED]]    SEEDS 200000, FIRST_SEED 1 unless said otherwise
# Prints the result as JSON. Exit 0: no history failed and every edge and fault was taken.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seeds=${1:-200000}
first=${2:-1}
command=build/release/bin/remit-sim
[[ -x $command ]] || { echo "sim_long: build it first: cmake --preset release && cmake --build --preset release --target remit_sim_command" >&2 && exit 2; }
exec "$command" --seeds "$seeds" --first-seed "$first" --jobs "$(nproc)" --json --all-edges
