#!/usr/bin/env bash
# Tries scripts/gpu_check.sh without a GPU and without a toolkit: a compiler that writes programs of the test's own stands
# for nvcc, so that every step of the script runs: what it says and the exit status it ends with are looked at.
# exit status: 0 all is well, 1 something is not
set -euo pipefail

scripts=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# A compiler: an object is an empty file; a program is what stands in $work/programs under its name.
mkdir -p "$work/programs" "$work/none"
cat >"$work/nvcc" <<END
#!/usr/bin/env bash
case \$1 in
    --version) echo "Cuda compilation tools, release 13.0, V13.0.88"; exit ;;
    --list-gpu-arch) printf 'compute_80\ncompute_90\ncompute_100\n'; exit ;;
esac
printf '%s\n' "\$*" >>"$work/nvcc.log"
out=
while [ \$# -gt 0 ]; do [ "\$1" = -o ] && out=\$2; shift; done
if [ -f "$work/programs/\$(basename "\$out")" ]; then cp "$work/programs/\$(basename "\$out")" "\$out"; else : >"\$out"; fi
END
chmod +x "$work/nvcc"

program() {  # name, what it does
    printf '#!/usr/bin/env bash\n%s\n' "$2" >"$work/programs/$1"
    chmod +x "$work/programs/$1"
}

PYTHONPATH=$scripts python3 -c 'import json, plot_gpu; print(json.dumps(plot_gpu.invented(), indent=0))' >"$work/figures.json"
test_program() { program remit_gpu_test "echo \"\$*\" >>$work/tests.log; exit $1"; }
bench_program() { program remit_copy_bench "echo \"\$*\" >$work/bench.log; sed '$1' $work/figures.json >\"\$2\""; }
sanitizer() {  # what it does
    printf '#!/usr/bin/env bash\n%s\n' "$1" >"$work/sanitizer"
    chmod +x "$work/sanitizer"
}

check() {  # what, exit status, words it must say, arguments...
    local what=$1 wanted=$2 words=$3 status=0
    shift 3
    NVCC=${NVCC:-$work/nvcc} COMPUTE_SANITIZER=${COMPUTE_SANITIZER:-$work/sanitizer} REMIT=${REMIT:-$work/none/remit} \
        "$scripts/gpu_check.sh" --build "$work/build" --out "$work/out" "$@" >"$work/log" 2>&1 || status=$?
    if [ "$status" = "$wanted" ] && grep -qF -- "$words" "$work/log"; then
        echo "ok      $what"
    else
        echo "FAILED  $what: exit status $status, wanted $wanted and \"$words\"; it said:"
        sed 's/^/        /' "$work/log"
        failed=1
    fi
    rm -rf "$work/build"
}
must() {  # what, command...
    local what=$1
    shift
    "$@" >/dev/null 2>&1 || { echo "FAILED  $what"; failed=1; }
}

test_program 0
bench_program ''
sanitizer 'while [ "${1#--}" != "$1" ]; do shift 2; done; exec "$@"'

check "help" 0 "usage: scripts/gpu_check.sh" --help
check "an unknown option" 2 "unknown option --slow" --slow
check "an option without its value" 2 "--jobs needs a value" --jobs
for jobs in 0 two -1 1.5; do check "--jobs $jobs" 2 "--jobs takes a number" --jobs "$jobs"; done
NVCC=$work/none/nvcc check "no toolkit" 3 "no CUDA toolkit"

check "the build alone" 0 "CUDA 13.0" --build-only
must "all architectures and PTX for later ones" \
    grep -qF -- '-gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 -gencode arch=compute_100,code=sm_100 -gencode arch=compute_100,code=compute_100' "$work/nvcc.log"
test_program 3
check "no GPU" 3 "there is no GPU to run on" --quick
test_program 1
check "a test that fails" 1 "kernels against the model"
test_program 0

rm -f "$work/tests.log"
check "tests alone" 0 "racecheck" --no-bench
must "memcheck and initcheck take the small cases, racecheck what has shared memory" \
    grep -qxF -- '--small --only checksums' "$work/tests.log"
must "no figures without a benchmark" test ! -e "$work/out"
sanitizer 'echo "Error: not supported on this platform"; exit 9'
check "a sanitizer that the platform refuses" 0 "refused by the platform" --no-bench
sanitizer 'echo "Invalid __global__ read"; exit 9'
check "a sanitizer that finds something" 1 "memcheck: failed" --no-bench
sanitizer 'while [ "${1#--}" != "$1" ]; do shift 2; done; exec "$@"'

mkdir -p "$work/tools"
printf '#!/usr/bin/env bash\necho "$*" >>%s\n' "$work/demo.log" >"$work/tools/remit"
chmod +x "$work/tools/remit"
REMIT=$work/tools/remit check "the workers on the GPU" 0 "remit demo --memory cuda" --no-bench
must "from blocks and tensors, into tensors and blocks" test "$(grep -c -- '--tokens 2000 --allocate 1024' "$work/demo.log")" = 5
printf '#!/usr/bin/env bash\nexit 1\n' >"$work/tools/remit"
REMIT=$work/tools/remit check "workers that fail" 1 "remit demo --memory cuda" --no-bench

check "all of it" 0 "met    0.970 of one big copy"
must "figures under the device's name" test -s "$work/out/gpu-invented-figures-no-device.json"
if python3 -c 'import matplotlib' 2>/dev/null; then
    for plot in ratios baselines budgets staged; do
        must "plot of $plot" test -s "$work/out/gpu-invented-figures-no-device-$plot.png"
    done
fi
check "fewer figures" 0 "met " --quick
must "fewer sizes" grep -qF -- '--sizes 4,16' "$work/bench.log"
bench_program 's/"slowdown_at_wire_pace": 0.01/"slowdown_at_wire_pace": 0.5/'
check "a target that is missed" 4 "MISSED 0.500 slowdown of a GEMM"
exit $failed
