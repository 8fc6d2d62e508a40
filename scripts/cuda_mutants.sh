#!/usr/bin/env bash
# Spoils the kernels in one way after another (tests/cuda/mutants/*.patch) and tells which test catches it.
# The first line of a patch says what is to catch it: "tsan" or "plain" (the emulated kernels, with and without the
# thread sanitizer) or "ptx" (the gate on the compiler's output; skipped without nvcc).
# usage: scripts/cuda_mutants.sh [NAME...]      exit 0: all were caught, 1: one survived
# shellcheck disable=SC2086   # flags are meant to be split
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
tree=$work/tree
flags="-std=c++20 -g1 -pthread -Wno-unknown-pragmas -I$tree/tests/cuda -I$tree/cuda -I$tree/src"
sources="$tree/cuda/host/lots.cpp $tree/cuda/host/pack.cpp $tree/tests/cuda/case.cpp $tree/tests/cuda/emulation.cpp"
for name in shim/recorder shim/grid shim/kernels work_test kernel_test sum_test sum_kernel_test layout_work_test; do
    sources+=" $tree/tests/cuda/$name.cpp"
done

fresh_tree() {
    rm -rf "$tree"
    mkdir -p "$tree/src/memory" "$tree/tests"
    cp -r "$repository/cuda" "$tree/"
    cp -r "$repository/tests/cuda" "$tree/tests/"
    cp "$repository/src/memory/copy.hpp" "$repository/src/memory/streams.hpp" "$tree/src/memory/"
}

# An object is named after the sources it depends on, all of the tree, so that only what a mutant changes is built.
build() {  # kind
    local kind=$1 extra="-O1" objects=()
    [ "$kind" = tsan ] && extra="-O1 -fsanitize=thread"
    for source in $sources; do
        local text hash
        text=$(${CXX:-g++} $flags $extra -E "$source" | grep -v '^#') || return 1
        hash=$(printf '%s %s' "$kind" "$text" | sha256sum | cut -d' ' -f1)
        [ -f "$work/$hash.o" ] || ${CXX:-g++} $flags $extra -c "$source" -o "$work/$hash.o" || return 1
        objects+=("$work/$hash.o")
    done
    ${CXX:-g++} $extra "${objects[@]}" -o "$work/test_$kind" -lgtest -lgtest_main -pthread
}

# Prints what failed, or nothing.
run_tests() {  # kind
    TSAN_OPTIONS="halt_on_error=1 exitcode=66" timeout 300 "$work/test_$1" --gtest_fail_fast >"$work/log" 2>&1 && return
    if grep -q 'ThreadSanitizer: data race' "$work/log"; then
        echo "$(grep -E '^\[ +RUN' "$work/log" | tail -n 1 | sed 's/.*\] //') (data race)"
    else
        # The first that failed; if none got that far, the one that was running.
        { grep -E '^\[ +FAILED' "$work/log" || grep -E '^\[ +RUN' "$work/log" | tail -n 1; } | sed -n '1s/.*\] //p'
    fi
}

run_gate() {
    "$tree/tests/cuda/ptx_gate.py" --nvcc "$nvcc" --include "$tree/cuda" --arch 90 >"$work/log" 2>&1 && return
    echo "ptx_gate: $(grep -m 1 -v 'as it must be' "$work/log" | sed 's/^[^,]*registers, //')"
}

check() {  # name kind
    local caught
    if [ "$2" = ptx ]; then
        [ -x "$nvcc" ] || { echo "$1: skipped, there is no nvcc"; return 0; }
        caught=$(run_gate)
    else
        build "$2" || { echo "$1: does not compile"; return 1; }
        caught=$(run_tests "$2")
    fi
    [ -n "$caught" ] || { echo "$1: NOT CAUGHT"; return 1; }
    echo "$1: caught by $caught"
}

fresh_tree
for kind in plain tsan; do
    build "$kind"
    failed=$(run_tests "$kind")
    [ -z "$failed" ] || { echo "the tests fail without a mutant: $failed"; exit 1; }
done

survivors=0
for patch in "$repository"/tests/cuda/mutants/*.patch; do
    name=$(basename "$patch" .patch)
    if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
    fresh_tree
    patch --quiet -d "$tree" -p1 <"$patch" || { echo "$name: the patch does not apply"; exit 1; }
    check "$name" "$(head -n 1 "$patch")" || survivors=1
done
exit $survivors
