#!/bin/bash
# The one test command: builds and runs every test, natively, under sanitizers, and over RDMA verbs in a guest.
set -uo pipefail

usage() {
  cat <<'END'
Usage: scripts/test.sh [--quick] [--lane NAME]... [--fuzz-seconds N]

  --quick      the release build alone: native tests and the tests over verbs, no sanitizers, no second compiler
  --lane NAME  only these lanes: release, sim, mutants, guest, python, scripts, docs, lint, asan, tsan, clang, fuzz, package, cuda; or
               bench, which the guest lane has in its own boot
  --fuzz-seconds N  how long each fuzz target runs (60); scripts/fuzz.sh runs them by themselves

Results (JUnit XML, logs) are under build/results. The last line counts all tests.
Exit status: 0 where every test passed.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root" || exit 1
lanes=(release guest python asan tsan clang fuzz cuda lint sim mutants scripts docs package)
extra=(bench tidy)  # part of another lane, or for those who want it alone
chosen=()
fuzz_seconds=60
while (($#)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --quick) chosen=(release guest) ;;
    --lane)
      if (($# < 2)) || [[ " ${lanes[*]} ${extra[*]} " != *" $2 "* ]]; then
        echo "test: --lane is \"${2:-}\"; permitted: ${lanes[*]} ${extra[*]}" >&2
        exit 2
      fi
      chosen+=("$2")
      shift
      ;;
    --fuzz-seconds)
      [[ ${2:-} =~ ^[1-9][0-9]{0,6}$ ]] || { echo "test: --fuzz-seconds is '${2:-}': a number from 1 is needed" >&2 && exit 2; }
      fuzz_seconds=$2
      shift
      ;;
    *) echo "test: unknown option $1; see --help" >&2 && exit 2 ;;
  esac
  shift
done
((${#chosen[@]})) || chosen=("${lanes[@]}")

results=$root/build/results
rm -rf "$results"
mkdir -p "$results"
jobs=$(nproc)
venv=$root/build/python/venv
# What one checkout has compiled serves another, and the copies in which defects are planted.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root} CCACHE_NOHASHDIR=1

# What each sanitizer lane runs: everything native, and what has threads of its own (the control channel alone has none
# but those of libzmq, which is not instrumented).
sanitized=(config metrics trace layout memory pool plan codec protocol sim control fabric registration worker capi gpu_worker bootstrap tools cuda)
threaded=(trace fabric worker capi gpu_worker cuda)

say() { printf '\n=== %s (%d s)\n' "$*" "$SECONDS"; }

# record NAME COMMAND...: a step that is a test by itself, such as a build.
record() {
  local name=$1
  shift
  if "$@" >"$results/$name.log" 2>&1; then
    echo "ok     $name"
    printf '<testsuite name="steps" tests="1" failures="0"/>\n' >"$results/$name.xml"
  else
    echo "FAILED $name"
    tail -n 40 "$results/$name.log"
    printf '<testsuite name="steps" tests="1" failures="1"/>\n' >"$results/$name.xml"
    return 1
  fi
}

# run_gtest LANE BINARY: its tests, dealt out to one process a processor.
run_gtest() {
  local name=$1-${2##*/} shard
  if [[ ! -x $2 ]]; then
    echo "FAILED $name: not built"
    printf '<testsuite name="missing" tests="1" failures="1"/>\n' >"$results/$name.xml"
    return
  fi
  local pids=()
  for ((shard = 0; shard < jobs; shard++)); do
    run_shard "$name-$shard" "$2" "$shard" &
    pids+=($!)
  done
  wait "${pids[@]}"
}

# run_shard NAME BINARY INDEX: a process that leaves no report has crashed and counts as a failure.
run_shard() {
  local name=$1 status
  GTEST_TOTAL_SHARDS=$jobs GTEST_SHARD_INDEX=$3 timeout 900 "$2" --gtest_brief=1 --gtest_output="xml:$results/$name.xml" \
    >"$results/$name.log" 2>&1
  status=$?
  if [[ $status -ne 0 ]]; then tail -n 60 "$results/$name.log"; fi
  if [[ $status -ne 0 ]] && ! grep -qs '<failure' "$results/$name.xml"; then
    printf '<testsuite name="crashed" tests="1" failures="1"/>\n' >"$results/$name-crashed.xml"
  fi
  printf '%s %s: %s\n' "$([[ $status -eq 0 ]] && echo 'ok    ' || echo FAILED)" "$name" \
    "$(grep -E '^\[ +(PASSED|FAILED) ' "$results/$name.log" | head -n 1)"
}

build() { # build PRESET TARGET...
  local preset=$1 python=()
  shift
  if [[ $preset = release && -x $venv/bin/python ]]; then
    python=(-DREMIT_BUILD_PYTHON=ON "-DPython_EXECUTABLE=$venv/bin/python")
  fi
  record "$preset-configure" cmake --preset "$preset" -DREMIT_BUILD_TESTS=ON -DREMIT_BUILD_TOOLS=ON ${python[@]+"${python[@]}"} &&
    record "$preset-build" cmake --build --preset "$preset" -j "$jobs" --target "$@"
}

native_tests() { # the gtest binaries of a build folder that need no device
  find "build/$1/bin" -name 'remit_test_*' -type f ! -name '*_verbs' | sort
}

lane_release() {
  record python-venv scripts/python_venv.sh
  build release all || return
  local binary
  for binary in $(native_tests release); do run_gtest release "$binary"; done
  # On the bare machine the command must say what is missing, with the exit status of a lacking environment.
  if ! compgen -G '/sys/class/infiniband/*' >/dev/null; then
    record bare-machine bash -c 'build/release/bin/remit demo 2>bare.err; status=$?
      cat bare.err; [[ $status = 3 ]] && grep -q "modprobe rdma_rxe" bare.err; ok=$?; rm -f bare.err; exit $ok'
  fi
  # One binary serves machines with and without a GPU: the driver is looked up at run time.
  record no-libcuda bash -c 'for program in remit remit_gpu_test; do
    [[ -x build/release/bin/$program ]] || continue
    linked=$(ldd "build/release/bin/$program") || exit 1
    ! grep -E "libcuda|libnvidia" <<<"$linked" || exit 1
  done'
}

# run_pytest NAME PACKAGES TEST...: with the package that lies in PACKAGES.
run_pytest() {
  local name=$1 packages=$2 status
  shift 2
  PYTHONPATH=$packages timeout 900 "$venv/bin/python" -m pytest -q --junitxml="$results/$name.xml" "$@" >"$results/$name.log" 2>&1
  status=$?
  if [[ $status -ne 0 ]]; then
    tail -n 60 "$results/$name.log"
    [[ -s $results/$name.xml ]] || printf '<testsuite name="crashed" tests="1" failures="1"/>\n' >"$results/$name.xml"
  fi
  printf '%s %s: %s\n' "$([[ $status -eq 0 ]] && echo 'ok    ' || echo FAILED)" "$name" "$(tail -n 1 "$results/$name.log")"
}

# The Python package and the examples of both languages; then the package as users get it, by pip. No network: what it is
# built with lies in the virtual environment.
lane_python() {
  record python-venv scripts/python_venv.sh || return
  build release remit_python remit_python_stub remit_example_{in_one_process,many_rooms,minimal_sender,minimal_receiver} || return
  run_pytest python build/release/python python/tests tests/examples
  record python-types env PYTHONPATH=build/release/python "$venv/bin/python" -m mypy -p remit
  record python-wheel env CMAKE_CXX_COMPILER_LAUNCHER=ccache "$venv/bin/python" -m pip wheel -q --no-build-isolation --no-deps \
    --config-settings=build-dir=build/python/wheel-build -w build/python/wheels . || return
  rm -rf build/python/installed
  record python-install "$venv/bin/python" -m pip install -q --no-index --no-deps --find-links build/python/wheels \
    --target build/python/installed remit || return
  run_pytest python-installed build/python/installed python/tests
}

# Long simulations: what no edge and no fault may be missing from, then each scenario by itself.
lane_sim() {
  build release remit_sim_command || return
  local sim=build/release/bin/remit-sim scenario
  record sim-mixed "$sim" --seeds 30000 --first-seed 1 --jobs "$jobs" --json --all-edges
  for scenario in calm loss crash abort wire memory window ranks checksum; do
    record "sim-$scenario" "$sim" --seeds 2000 --first-seed 1 --jobs "$jobs" --scenario "$scenario" --json
  done
  record sim-everything "$sim" --seeds 2000 --first-seed 1 --jobs "$jobs" --scenario everything --json
}

# Planted defects: all patches apply, and a handful is built and caught; scripts/mutants.sh builds all.
lane_mutants() { record mutants scripts/mutants.sh --quick; }

lane_guest() {
  [[ -x build/release/bin/remit ]] || build release all || return
  local out=$results/guest
  mkdir -p "$out"
  # One boot for all; what it leaves under REMIT_OUT comes back. A guest that does not report is a failure.
  REMIT_OUT=$out scripts/soft_roce.sh --rails 2 --timeout 1500 tests/guest/run.sh build/release/bin 2>&1 | tee "$results/guest.log"
  local status=${PIPESTATUS[0]}
  if [[ $status -ne 0 ]] && ! grep -qsE '<failure|failures="[1-9]' "$out"/*.xml; then
    echo "FAILED guest: exit status $status without a failed test: the guest itself did not come through"
    printf '<testsuite name="guest" tests="1" failures="1"/>\n' >"$results/guest-status.xml"
  fi
}

lane_bench() {
  build release remit_command remit_counts remit_setup_cost || return
  record bench-counts-loopback build/release/bin/remit_counts
  local out=$results/bench
  mkdir -p "$out"
  REMIT_OUT=$out scripts/soft_roce.sh --timeout 900 tests/guest/bench.sh build/release/bin 2>&1 | tee "$results/bench.log"
  local status=${PIPESTATUS[0]}
  if [[ $status -ne 0 ]] && ! grep -qs 'failures="[1-9]' "$out"/*.xml; then
    echo "FAILED bench: exit status $status without a failed step: the guest itself did not come through"
    printf '<testsuite name="bench" tests="1" failures="1"/>\n' >"$results/bench-status.xml"
  fi
}

lane_scripts() {
  record guest-selftest scripts/guest/selftest.sh
  record bench-selftest scripts/bench/selftest.py
  record gpu-selftest scripts/gpu/selftest.sh
  if command -v shellcheck >/dev/null; then
    record shellcheck shellcheck -S warning -x -P "$root" scripts/*.sh scripts/guest/*.sh scripts/gpu/*.sh tests/guest/*.sh tests/package/*.sh packaging/*.sh .ci/run
  fi
}

# Every command, program, link, name and picture of the documentation; scripts/docs_test.py counts its own tests.
lane_docs() {
  build release remit remit_command remit_sim_command remit_wire_examples || return
  record docs-selftest tests/docs/selftest.py
  record docs-api scripts/docs.sh
  scripts/docs_test.py --junit "$results/docs.xml" >"$results/docs.log" 2>&1
  local status=$?
  if [[ $status -ne 0 ]]; then tail -n 60 "$results/docs.log"; else tail -n 16 "$results/docs.log"; fi
  if [[ ! -s $results/docs.xml ]]; then printf '<testsuite name="docs" tests="1" failures="1"/>\n' >"$results/docs.xml"; fi
}

lane_sanitizer() { # PRESET TIME_SCALE TEST...: instrumented code is slower, and so its deadlines are longer
  local preset=$1 name
  local -x REMIT_TIME_SCALE=$2
  shift 2
  build "$preset" "${@/#/remit_test_}" || return
  for name in "$@"; do run_gtest "$preset" "build/$preset/bin/remit_test_$name"; done
}

lane_asan() { lane_sanitizer asan 2 "${sanitized[@]}"; }
lane_tsan() { lane_sanitizer tsan 4 "${threaded[@]}"; }
lane_clang() { build clang remit remit_command remit_sim_command; }

lane_lint() { record lint-cppcheck scripts/lint.sh cppcheck; }

# What the latest commit changed. All of it takes minutes on an empty build folder: scripts/lint.sh tidy.
lane_tidy() { record lint-tidy scripts/lint.sh --since HEAD^ tidy; }

# Targets side by side, each on a processor of its own; the same choices each time, so that a failure is the change's.
lane_fuzz() { record fuzz scripts/fuzz.sh --seconds "$fuzz_seconds" --jobs "$jobs" --seed 1; }

# What users get: installed, packaged, as part of another project; what a shared library shows; what deploys it.
lane_package() {
  record package-build tests/package/run.sh build || return
  record packaging packaging/check.sh build/package/bin/remit
  record package-install tests/package/run.sh install || return
  local step
  for step in headers abi refusals; do record "package-$step" tests/package/run.sh "$step"; done
  for step in package archive pkgconfig pkgconfig-static bootstrap subdirectory fetch; do
    record "package-consume-$step" tests/package/run.sh consume "$step"
  done
  record package-debs tests/package/run.sh debs
}

# cuda/ alone, with neither libibverbs nor ZeroMQ; then what the CPU cannot see of the kernels, and whether the tests
# notice when a kernel is spoiled.
lane_cuda() {
  build cuda-only all || return
  record cuda-only-is-alone bash -c '! grep -iE "^[^/#].*(ibverbs|zmq)" build/cuda-only/CMakeCache.txt'
  run_gtest cuda-only build/cuda-only/bin/remit_test_cuda
  local nvcc
  nvcc=$(sed -n 's/^CMAKE_CUDA_COMPILER:[A-Z]*=//p' build/cuda-only/CMakeCache.txt)
  if [[ -x $nvcc ]]; then
    record cuda-ptx-gate tests/cuda/ptx_gate.py --nvcc "$nvcc" --include cuda
  else
    echo "no CUDA toolkit: kernels are emulated, not compiled; there is no PTX to judge"
  fi
  NVCC=$nvcc record cuda-mutants scripts/cuda_mutants.sh
  # The rest builds without it, and says what is missing where memory of a GPU is asked for.
  record without-cuda-configure cmake --preset release -B build/without-cuda -DREMIT_CUDA=OFF -DREMIT_BUILD_TESTS=OFF &&
    record without-cuda-build cmake --build build/without-cuda -j "$jobs" --target remit remit_command &&
    record without-cuda-runs bash -c 'build/without-cuda/bin/remit demo --fabric loopback --hidden 64 || exit 1
      said=$(build/without-cuda/bin/remit demo --fabric loopback --memory cuda 2>&1); status=$?
      echo "$said"; [[ $status = 3 ]] && grep -q "this build has no GPU support" <<<"$said"'
}

# The guest keeps one processor busy and waits much: its lane runs beside the others once there is something to run in it,
# and goes first where both want the processor.
guest=
for lane in "${chosen[@]}"; do
  if [[ $lane = guest && $lane != "${chosen[-1]}" ]]; then
    say "guest, beside what follows"
    lane_guest >"$results/guest-lane.log" 2>&1 &
    guest=$!
    renice -n 10 $$ >/dev/null
    continue
  fi
  say "$lane"
  "lane_$lane"
done
if [[ -n $guest ]]; then
  wait "$guest"
  say "guest"
  cat "$results/guest-lane.log"
fi

say "all"
exec /usr/bin/python3 scripts/count_tests.py "$results"
