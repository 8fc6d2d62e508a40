#!/usr/bin/env bash
# Proves on a machine with an NVIDIA GPU what cannot be proved without one: builds the kernels and what stands on them,
# runs them against the model of the CPU tests, plain and under compute-sanitizer, moves a request from one device pool
# into another one's tensors by the staged path, then measures the kernels. It needs the CUDA toolkit (12.4 to 13.x) and a
# C++20 compiler; no network, RDMA card, ZeroMQ or CMake. Where the remit command is built, it is run on the GPU too.
# usage: scripts/gpu_check.sh [--quick] [--no-bench] [--build-only] [--jobs N] [--out FOLDER] [--build FOLDER]
#   --quick       fewer figures          --no-bench  tests only
#   --build-only  stop after the build   --out       folder of the results (default: bench/results)
#   --jobs N      compilers at once      --build     folder of what is built (default: build/gpu-check)
# exit status: 0 done, 1 a test failed, 2 misuse, 3 no GPU or no toolkit, 4 a target was missed
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
build=$repository/build/gpu-check
out=$repository/bench/results
jobs=$(nproc)
quick=0 bench=1 build_only=0

usage() { sed -n '/^# usage/,/^# exit/s/^# //p' "$0"; }

while [ $# -gt 0 ]; do
    case $1 in
        --quick) quick=1 ;;
        --no-bench) bench=0 ;;
        --build-only) build_only=1 ;;
        --jobs | --out | --build)
            [ $# -ge 2 ] || { echo "gpu_check: $1 needs a value" >&2; exit 2; }
            case $1 in --jobs) jobs=$2 ;; --out) out=$2 ;; --build) build=$2 ;; esac
            shift ;;
        --help) usage; exit 0 ;;
        *) echo "gpu_check: unknown option $1" >&2; usage >&2; exit 2 ;;
    esac
    shift
done
case $jobs in '' | *[!0-9]* | 0) echo "gpu_check: --jobs takes a number from 1 on" >&2; exit 2 ;; esac

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
if [ ! -x "$nvcc" ]; then
    echo "gpu_check: no CUDA toolkit; install 12.4 to 13.x and put its nvcc on PATH, or name it in NVCC"
    exit 3
fi

architectures() {
    local listed arch newest=
    listed=$("$nvcc" --list-gpu-arch)
    for arch in 80 90 100; do
        grep -qx "compute_$arch" <<<"$listed" || continue
        printf ' -gencode arch=compute_%s,code=sm_%s' $arch $arch
        newest=$arch
    done
    printf ' -gencode arch=compute_%s,code=compute_%s' "$newest" "$newest"
}

flags="-std=c++20 -O3 -I$repository/cuda -I$repository/tests/cuda -I$repository/src -I$repository/include $(architectures)"
watched=("$repository/cuda" "$repository/tests/cuda" "$repository/src/base" "$repository/src/memory" "$repository/include")
export watched_list="${watched[*]}"

# Compiles what is older than any source or header of it.
compile() {  # source
    local object
    object=$build/$(printf '%s' "${1#"$repository/"}" | tr '/' '_').o
    # shellcheck disable=SC2086   # folders without blanks, or the find fails and all is compiled
    if [ -f "$object" ] && [ -z "$(find $watched_list -newer "$object" -type f -print -quit || echo all)" ]; then
        return
    fi
    # shellcheck disable=SC2086   # flags are meant to be split
    "$nvcc" $flags -c "$1" -o "$object.new" && mv "$object.new" "$object"
}
export -f compile
export build nvcc flags repository

link() {  # program source...
    local program=$1 objects=() source
    shift
    for source in "$@"; do objects+=("$build/$(printf '%s' "${source#"$repository/"}" | tr '/' '_').o"); done
    "$nvcc" -cudart static "${objects[@]}" -o "$build/$program" -Xcompiler -pthread -ldl
}

common=("$repository"/cuda/kernels/*.cu "$repository"/cuda/host/*.cpp "$repository"/cuda/driver/*.cpp
    "$repository"/cuda/memory/*.cpp "$repository"/cuda/bulk/*.cu "$repository"/cuda/bulk/*.cpp)
test_sources=("$repository"/tests/cuda/gpu/*.cpp "$repository/tests/cuda/case.cpp")
bench_sources=("$repository"/cuda/bench/*.cpp "$repository"/cuda/bench/*.cu)

echo "== build, with $("$nvcc" --version | sed -n 's/.*release \([^,]*\),.*/CUDA \1/p')"
mkdir -p "$build"
# shellcheck disable=SC2016   # expanded by the inner shell
printf '%s\0' "${common[@]}" "${test_sources[@]}" "${bench_sources[@]}" |
    xargs -0 -n 1 -P "$jobs" bash -c 'compile "$1"' compile
link remit_gpu_test "${common[@]}" "${test_sources[@]}"
link remit_copy_bench "${common[@]}" "${bench_sources[@]}"
[ "$build_only" = 0 ] || exit 0

echo "== kernels against the model, memory, streams, the staged path"
arguments=()
[ "$quick" = 0 ] || arguments=(--small)
status=0
"$build/remit_gpu_test" "${arguments[@]}" || status=$?
if [ "$status" = 3 ]; then
    echo "gpu_check: built, but there is no GPU to run on (is the driver loaded, and new enough for this toolkit?)"
    exit 3
fi
[ "$status" = 0 ] || exit 1

sanitizer=${COMPUTE_SANITIZER:-$(command -v compute-sanitizer || echo "$(dirname "$nvcc")/compute-sanitizer")}
if [ -x "$sanitizer" ]; then
    for check in memcheck initcheck "racecheck bulk" "racecheck checksums"; do
        read -r tool only <<<"$check"
        echo "== compute-sanitizer $check"
        # Shared memory is all that racecheck sees, and these kernels alone have some.
        arguments=(--small) options=()
        [ -z "$only" ] || arguments+=(--only "$only")
        # It does not see what is written by the engines of the multiprocessors and by cudaMemcpyBatchAsync().
        [ "$tool" != initcheck ] || arguments+=(--skip bulk --skip engines)
        status=0
        # What the driver says of memory that is gone, or not the GPU's, is what some tests ask it: no error of an access.
        [ "$tool" != memcheck ] || options=(--report-api-errors no)
        "$sanitizer" --tool "$tool" "${options[@]}" --error-exitcode 9 "$build/remit_gpu_test" "${arguments[@]}" >"$build/${check// /-}.log" 2>&1 || status=$?
        tail -n 4 "$build/${check// /-}.log"
        # It needs rights that containers often lack: told apart from an error that it found.
        if grep -qiE 'not supported|permission|Unable to launch|failed to initialize' "$build/${check// /-}.log"; then
            echo "$tool: refused by the platform, nothing was checked"
        elif [ "$status" != 0 ]; then
            echo "$tool: failed, see $build/${check// /-}.log"
            exit 1
        fi
    done
else
    echo "== compute-sanitizer is not there: memcheck, initcheck and racecheck were not run"
fi
# The workers themselves, over the loopback fabric, device pools on both sides: 2000 tokens into 1024. The command needs
# ZeroMQ, which a bare machine has not.
remit=${REMIT:-$repository/build/release/bin/remit}
if [ -x "$remit" ]; then
    for way in "--sink" "--keep-blocks" "--source contiguous --sink" \
        "--checksum --progressive 5 --requests 8 --layout slab" "--checksum --requests 50 --concurrency 16 --ranks 2"; do
        echo "== remit demo --memory cuda --gpu-direct staged $way"
        # shellcheck disable=SC2086   # options are meant to be split
        "$remit" demo --fabric loopback --memory cuda --gpu-direct staged --tokens 2000 --allocate 1024 $way || exit 1
    done
else
    echo "== $remit is not built: the workers were not run on the GPU"
fi
# torch's tensors, where the Python package is (PYTHONPATH, or installed) and torch and pytest are.
if python3 -c 'import pytest, remit, torch' 2>/dev/null; then
    echo "== torch tensors of the GPU"
    python3 -m pytest -q -p no:cacheprovider "$repository/python/tests/test_torch_cuda.py" || exit 1
else
    echo "== python3 has not all of remit, torch, pytest: tensors of the GPU were not tried"
fi
[ "$bench" = 1 ] || exit 0

echo "== benchmark"
mkdir -p "$out"
arguments=(--out "$build/figures.json")
[ "$quick" = 0 ] || arguments+=(--sizes "4,16" --hidden 4096 --seconds 0.05)
"$build/remit_copy_bench" "${arguments[@]}"
name=$(sed -n 's/.*"device": "\([^"]*\)".*/\1/p' "$build/figures.json" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9-')
cp "$build/figures.json" "$out/gpu-$name.json"
echo "$out/gpu-$name.json"
command -v python3 >/dev/null || { echo "no python3: figures are neither drawn nor judged"; exit 0; }
python3 "$repository/scripts/plot_gpu.py" "$out/gpu-$name.json"
