#!/bin/bash
# Tests soft_roce.sh itself: what it hands to a command, what it hands back, and that a guest which
# crashes or keeps silent is never a pass. Prints a line a check and "N passed, N failed".
# shellcheck disable=SC2016 # dollar signs that must stay as they are are what is tested
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
soft_roce=$here/../soft_roce.sh
passed=0 failed=0

check() { # name, command... that succeeds when all is well
  local name=$1
  shift
  if "$@" >/dev/null 2>&1; then
    passed=$((passed + 1)) && echo "ok      $name"
  else
    failed=$((failed + 1)) && echo "FAILED  $name"
  fi
}

equals() { [[ $1 == "$2" ]] || { echo "'$1' is not '$2'" && return 1; }; }

# --- inside ---------------------------------------------------------------------------------------

frames() { cat "/sys/class/net/$1/statistics/tx_packets"; }

# perftest gives a queue pair 0.5 s and 7 tries by default; -u makes that longer for slow guests.
write_bandwidth() { # server device, client device, address of the server
  ib_write_bw -d "$1" -F -n 20 -s 65536 -u 18 >"$work/server.log" 2>&1 </dev/null &
  local server=$! try
  for ((try = 0; try < 30; try++)); do
    ss -Hltn 'sport = :18515' | grep -q . && break
    sleep 0.5
  done
  ib_write_bw -d "$2" -F -n 20 -s 65536 -u 18 "$3" >"$work/client.log" 2>&1 </dev/null || return
  wait $server
}

inside() {
  work=$(mktemp -d)
  local -a devices addresses netdevs
  read -ra devices <<<"$REMIT_RDMA_DEVICES"
  read -ra addresses <<<"$REMIT_RDMA_ADDRESSES"
  read -ra netdevs <<<"$REMIT_RDMA_NETDEVS"
  check "two rails are four devices, addresses and interfaces" \
    equals "${#devices[@]} ${#addresses[@]} ${#netdevs[@]}" "4 4 4"
  local device before after
  for device in "${devices[@]}"; do
    check "$device is active" grep -q PORT_ACTIVE <(ibv_devinfo -d "$device")
  done
  before=$(frames "${netdevs[0]}")
  check "ib_write_bw from ${devices[0]} to ${devices[1]}" write_bandwidth "${devices[1]}" "${devices[0]}" "${addresses[1]}"
  after=$(frames "${netdevs[0]}")
  check "what it wrote crossed ${netdevs[0]} ($((after - before)) frames)" test $((after - before)) -gt 300
  check "netem is on both ends of both rails" equals "$(tc qdisc show | grep -c 'netem.*delay')" 4
  check "the arguments are as given" equals "$(printf '<%s>' "$@")" "$(expected_arguments)"
  check "the environment is as given" equals "$REMIT_SELFTEST" $'two\nlines = "x" $y'
  check "the working directory is the caller's" equals "$PWD" "$SELFTEST_CWD"
  check "standard input is empty" equals "$(cat)" ""
  check "the time scale is a number" test "$REMIT_TIME_SCALE" -ge 1
  check "memory can be locked without limit" equals "$(ulimit -l)" unlimited
  if [[ $REMIT_GUEST != host ]]; then
    check "cgroups can limit RDMA objects" grep -qw rdma /sys/fs/cgroup/cgroup.subtree_control
    check "debugfs is there" test -d /sys/kernel/debug/tracing -o -d /sys/kernel/debug/failslab
    check "there is no network card" equals "$(cd /sys/class/net && echo * | sed 's/dummy0 //')" "lo va0 va1 vb0 vb1"
    check "the host's files can be written over" touch "$SELFTEST_CWD/written-inside"
  fi
  echo result >"$REMIT_OUT/result"
  /usr/bin/python3 -c 'import mmap, os, sys
with open(sys.argv[1], "w+b") as file:
    file.truncate(4096)
    mmap.mmap(file.fileno(), 4096)[0:6] = b"mapped"' "$REMIT_OUT/mapped"
  echo "$passed $failed" >"$REMIT_OUT/counts"
  rm -rf "$work"
  echo "words on stderr" >&2
  exit 7
}

expected_arguments() { printf '<%s>' "a b" '$x' '' "it's \"quoted\"" $'tab\tnewline\n.' '*' 'a=b' -n; }

if [[ ${1:-} = --inside ]]; then
  shift
  inside "$@"
fi

# --- outside --------------------------------------------------------------------------------------

lane=${1:-qemu}
case $lane in
  qemu | uml | host) ;;
  --help | -h) echo "Usage: scripts/guest/selftest.sh [qemu|uml|host]" && exit 0 ;;
  *) echo "selftest: unknown lane '$lane': use qemu, uml or host" >&2 && exit 2 ;;
esac

scratch=$(mktemp -d "${TMPDIR:-/tmp}/remit selftest.XXXXXX") # a blank in the path, on purpose
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/cwd" "$scratch/out" "$scratch/runs"
cd "$scratch/cwd" || exit 1

run() { # name, arguments of soft_roce.sh...; leaves name.stdout, name.stderr, name.rc
  local name=$1 status
  shift
  "$soft_roce" --how "$lane" "$@" >"$scratch/$name.stdout" 2>"$scratch/$name.stderr"
  status=$?
  echo $status >"$scratch/$name.rc"
}
returned() { equals "$(cat "$scratch/$1.rc")" "$2"; }
said() { grep -q -- "$2" "$scratch/$1.stderr"; }

run usage --rails many true
check "a bad option value is a usage error" returned usage 2
REMIT_UML=$scratch/none "$soft_roce" --how uml true 2>"$scratch/nolane.stderr"
echo $? >"$scratch/nolane.rc"
check "a lane that is not possible is an error of its own" returned nolane 3
check "and names the remedy" said nolane build_uml.sh

started=$SECONDS
SELFTEST_CWD=$PWD REMIT_SELFTEST=$'two\nlines = "x" $y' REMIT_OUT=$scratch/out \
  run main --rails 2 --netem "delay 100us" "$here/selftest.sh" --inside \
  "a b" '$x' '' "it's \"quoted\"" $'tab\tnewline\n.' '*' 'a=b' -n <<<"not for the command"
echo "        (took $((SECONDS - started)) s)"
cat "$scratch/main.stdout"
read -r passed_inside failed_inside 2>/dev/null <"$scratch/out/counts" || passed_inside=0 failed_inside=1
passed=$((passed + passed_inside)) failed=$((failed + failed_inside))
check "the exit status comes back" returned main 7
check "standard error comes back" said main "words on stderr"
check "and is not mixed into standard output" test "$(grep -c 'words on stderr' "$scratch/main.stdout")" = 0
check "the lane is named" said main "lane $lane"
check "results come back" equals "$(cat "$scratch/out/result")" result
check "also when written through a mapping" equals "$(head -c 6 "$scratch/out/mapped")" mapped
[[ $lane = host ]] || check "what is written elsewhere does not" test ! -e "$scratch/cwd/written-inside"

# The rest runs at once: runs on one machine must not get into each other's way. (On the host they
# wait for each other.)
run missing --rails 0 remit-no-such-command &
run late --rails 0 --timeout 20 sleep 1000 &
if [[ $lane != host ]]; then
  run panic --rails 0 bash -c 'echo before; sleep 0.5; echo c >/proc/sysrq-trigger; sleep 60' &
  run warned --rails 0 bash -c 'echo "<4>WARNING: CPU: 0 as a kernel says it" >/dev/kmsg; sleep 1; exit 0' &
fi
TMPDIR=$scratch/runs "$soft_roce" --how "$lane" --rails 0 sleep 1000 2>"$scratch/stop.stderr" &
stop=$!
for ((i = 0; i < 600; i++)); do
  guest=$(pgrep -P $stop -f 'qemu-system|linux|sleep 1000' | head -n 1)
  [[ -n $guest ]] && grep -q "lane $lane" "$scratch/stop.stderr" && break
  sleep 0.1
done
sleep 2
kill -TERM $stop
wait $stop
echo $? >"$scratch/stop.rc"
check "SIGTERM stops a run" returned stop 143
check "and its guest (process ${guest:-none})" test -n "$guest" -a ! -d "/proc/${guest:-1}"
check "and leaves nothing behind" equals "$(ls -A "$scratch/runs")" ""
wait
check "a command that is not there is 127" returned missing 127
check "--timeout stops what takes too long" returned late 124
if [[ $lane != host ]]; then
  check "a panic is a failure" returned panic 70
  check "and the console is shown" said panic "sysrq"
  check "what was written before it is kept" equals "$(cat "$scratch/panic.stdout")" before
  check "a kernel's warning is a failure though the command succeeds" returned warned 70
fi

echo "$passed passed, $failed failed"
[[ $failed = 0 ]] || {
  for file in "$scratch"/*.stderr; do
    printf -- '--- %s\n' "${file##*/}" >&2
    tail -n 25 "$file" >&2
  done
  exit 1
}
