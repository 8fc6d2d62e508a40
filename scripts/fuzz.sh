#!/bin/bash
# Fuzzes what a worker reads from others: builds the libFuzzer targets with clang and its sanitizers and runs each.
set -euo pipefail

usage() {
  cat <<'END'
Usage: scripts/fuzz.sh [--seconds N] [--jobs N] [--seed N] [--record] [--merge] [TARGET]...

  TARGET       codec, register, embedding, language (all of them, one after the other)
  --seconds N  how long each target runs (60)
  --jobs N     targets at the same time (1)
  --seed N     of the fuzzer's choices (another one each time)
  --record     adds what was run, with date and machine, to bench/results/DATE-fuzz.json
  --merge      afterwards reduces what was found to few inputs that cover the same edges, into tests/fuzz/corpus

A run begins with the committed inputs (tests/fuzz/corpus) and goes on from what earlier runs have found
(build/fuzz/corpus). An input that fails is left in build/fuzz/findings; replay it: build/fuzz/bin/remit_fuzz_TARGET FILE.
Exit status: 0 where nothing was found; 1 a finding; 2 wrong usage.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
targets=(codec register embedding language)
chosen=() seconds=60 jobs=1 seed=0 record='' merge=''
while (($#)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --seconds | --jobs | --seed)
      [[ ${2:-} =~ ^[1-9][0-9]{0,6}$ ]] || { echo "fuzz: $1 is '${2:-}': a number from 1 is needed" >&2 && exit 2; }
      case $1 in
        --seconds) seconds=$2 ;;
        --jobs) jobs=$2 ;;
        --seed) seed=$2 ;;
      esac
      shift
      ;;
    --record) record=1 ;;
    --merge) merge=1 ;;
    *)
      [[ " ${targets[*]} " = *" $1 "* ]] || { echo "fuzz: '$1' is neither an option nor a target; targets: ${targets[*]}" >&2 && exit 2; }
      chosen+=("$1")
      ;;
  esac
  shift
done
((${#chosen[@]})) || chosen=("${targets[@]}")

command -v clang++-14 >/dev/null || { echo "fuzz: clang++-14 is not installed; scripts/setup.sh installs it" >&2 && exit 2; }
work=build/fuzz
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$(nproc)" --target "${chosen[@]/#/remit_fuzz_}"
mkdir -p "$work/findings" "$work/logs"

# Executions a second depend on the machine; that an input takes long or much memory does not, and is a finding.
run_target() {
  local target=$1
  local found=$work/corpus/$target
  # Scripts of the workers: long enough for a few rooms and a forger among them, short enough to run hundreds a second.
  local longest=8192
  [[ $target = codec || $target = register ]] || longest=384
  mkdir -p "$found" "tests/fuzz/corpus/$target"
  UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=malloc_context_size=8 \
    "$work/bin/remit_fuzz_$target" -max_total_time="$seconds" -seed="$seed" -timeout=60 -rss_limit_mb=2048 \
    -max_len="$longest" -len_control=0 -dict=tests/fuzz/control.dict -artifact_prefix="$work/findings/$target-" -print_final_stats=1 -verbosity=1 \
    "$found" "tests/fuzz/corpus/$target" >"$work/logs/$target.log" 2>&1
}

status=0
declare -A pids
finish() { # the oldest of the running targets
  local target=$1
  if wait "${pids[$target]}"; then
    echo "ok     $target: $(grep -E '^Done' "$work/logs/$target.log"), nothing found"
  else
    status=1
    grep -E 'ERROR|DOES NOT HOLD|SUMMARY|Test unit written|runtime error' "$work/logs/$target.log" || tail -n 30 "$work/logs/$target.log"
    echo "FAILED $target: see $work/logs/$target.log"
  fi
}
running=()
for target in "${chosen[@]}"; do
  if ((${#running[@]} == jobs)); then
    finish "${running[0]}"
    running=("${running[@]:1}")
  fi
  run_target "$target" &
  pids[$target]=$!
  running+=("$target")
done
for target in "${running[@]}"; do finish "$target"; done

if [[ -n $record ]]; then
  scripts/fuzz_record.py "$seconds" "${chosen[@]}"
fi
if [[ -n $merge && $status = 0 ]]; then
  for target in "${chosen[@]}"; do
    rm -rf "$work/merged" && mkdir "$work/merged"
    "$work/bin/remit_fuzz_$target" -set_cover_merge=1 -use_counters=0 -max_len=8192 "$work/merged" "tests/fuzz/corpus/$target" "$work/corpus/$target" \
      >"$work/logs/$target-merge.log" 2>&1
    rm -rf "tests/fuzz/corpus/$target" && mv "$work/merged" "tests/fuzz/corpus/$target"
    echo "$target: $(find "tests/fuzz/corpus/$target" -type f | wc -l) inputs"
  done
fi
exit $status
