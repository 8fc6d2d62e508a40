#!/usr/bin/env bash
# Plants one defect after another in the product's code (tests/mutants/*.patch; the first line says what is wrong) and
# tells after how many seeds the simulation, and which unit test, caught it.
# usage: scripts/mutants.sh [--quick] [--sim-only] [NAME...]
#   --quick     each patch must apply; four are built, other ones every day
#   --sim-only  no unit tests
# MUTANT_SEEDS (20000): what the simulation may take. Exit 0: it caught all, but for those whose first line says "(unit tests)",
# which a unit test caught; 1: one survived.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd -P)
seeds=${MUTANT_SEEDS:-20000}
limit=120  # seconds for a history that never ends: an endless loop is caught as such
handful=4
quick=
unit_tests=(protocol plan pool)
names=()
for argument in "$@"; do
    case $argument in
        --quick) quick=1 ;;
        --sim-only) unit_tests=() ;;
        -*) echo "mutants: unknown option $argument; see the head of the script" >&2 && exit 2 ;;
        *) names+=("$argument") ;;
    esac
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
# Laid out and compiled as a checkout's release build is: the cache has those objects, wherever the copy lies.
build=$tree/build/release
export CCACHE_BASEDIR=$tree CCACHE_NOHASHDIR=1

copy_repository() {
    mkdir "$tree"
    (cd "$repository" && git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --create) | tar --extract --directory "$tree"
}

configure() {
    (cd "$tree" && cmake --preset release -DREMIT_BUILD_TESTS=ON -DREMIT_BUILD_TOOLS=ON -DREMIT_CUDA=OFF)
}

build_all() {
    cmake --build "$build" -j "$(nproc)" --target remit_sim_command "${unit_tests[@]/#/remit_test_}"
}

# Half of the seeds are of the scenario that has a little of all, the rest of those that have much of one thing.
run_simulation() {
    local scenario share done=0 found
    for scenario in mixed loss crash everything window memory checksum ranks; do
        [[ $scenario == mixed ]] && share=$((seeds / 2)) || share=$((seeds / 14))
        found=$(run_scenario "$scenario" "$share" "$done") || return
        [[ -z $found ]] || { echo "$found" && return; }
        done=$((done + share))
    done
}

# Prints what was found and after how many seeds; nothing where nothing was.
run_scenario() {  # NAME SEEDS SEEDS_BEFORE
    local status=0
    timeout "$limit" "$build/bin/remit-sim" --scenario "$1" --seeds "$2" --until-failure --json >"$work/sim.json" \
        2>"$work/sim.err" || status=$?
    case $status in
        0) ;;
        1) /usr/bin/python3 - "$work/sim.json" "$3" <<'END' ;;
import json, sys
result = json.load(open(sys.argv[1]))
failure = result["failures"][0]
seeds = int(sys.argv[2]) + failure["seed"] - result["first_seed"] + 1
print(f"{seeds} seeds ({result['scenario']}): {failure['failure'][:90]}")
END
        2) cat "$work/sim.err" >&2 && return 1 ;;
        124) echo "$1: no end" ;;
        *) echo "$1: a crash (status $status)" ;;
    esac
}

# Prints the first unit test that failed, or nothing.
run_unit_tests() {
    local test
    if ((${#unit_tests[@]} == 0)); then echo "not run" && return; fi
    for test in "${unit_tests[@]}"; do
        timeout "$limit" "$build/bin/remit_test_$test" --gtest_brief=1 --gtest_fail_fast >"$work/unit.log" 2>&1 && continue
        { grep -m 1 -oP '^\[ +FAILED +\] \K[^ ,]+' "$work/unit.log" || echo "a crash of remit_test_$test"; } | head -n 1
        return
    done
}

check() {  # PATCH
    local name found by_unit
    name=$(basename "$1" .patch)
    patch --quiet -d "$tree" -p1 <"$1"
    if ! build_all >"$work/build.log" 2>&1; then
        tail -n 20 "$work/build.log"
        echo "$name: DOES NOT BUILD"
        patch --quiet --reverse -d "$tree" -p1 <"$1"
        return 1
    fi
    found=$(run_simulation)
    by_unit=$(run_unit_tests)
    patch --quiet --reverse -d "$tree" -p1 <"$1"
    printf '%-36s %s; unit tests: %s\n' "$name" "${found:-NOT CAUGHT}" "${by_unit:-nothing}"
    # What no history of the simulation shows is for unit tests alone, and says so.
    [[ -n $found ]] || { [[ $(head -n 1 "$1") == *"(unit tests)" && -n $by_unit ]]; }
}

copy_repository
chosen=()
for patch in "$repository"/tests/mutants/*.patch; do
    patch --quiet --dry-run -d "$tree" -p1 <"$patch" >/dev/null || { echo "$(basename "$patch"): does not apply" && exit 1; }
    if ((${#names[@]} == 0)) || [[ " ${names[*]} " == *" $(basename "$patch" .patch) "* ]]; then chosen+=("$patch"); fi
done
((${#chosen[@]})) || { echo "mutants: none is named ${names[*]}" >&2 && exit 2; }
if [[ -n $quick ]]; then
    today=$(($(date +%s) / 86400 * handful % ${#chosen[@]}))
    chosen=("${chosen[@]:today}" "${chosen[@]:0:today}")
    chosen=("${chosen[@]:0:handful}")
fi

{ configure && build_all; } >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" && exit 1; }
clean=$(run_simulation)$(run_unit_tests)
[[ -z ${clean%not run} ]] || { echo "without a mutant: $clean" && exit 1; }

survivors=0
for patch in "${chosen[@]}"; do check "$patch" || survivors=$((survivors + 1)); done
echo "$((${#chosen[@]} - survivors)) of ${#chosen[@]} caught: by the simulation within $seeds seeds, or by the unit tests where those alone can"
((survivors == 0))
