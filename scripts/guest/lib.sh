# shellcheck shell=bash disable=SC2034,SC2153 # the sourced files share their variables
# What every lane of soft_roce.sh shares: messages, the cache, the folder of one run, handing a
# command to a guest, watching the guest and judging how it ended. Sourced, never run.

readonly EXIT_USAGE=2     # the command line is wrong
readonly EXIT_NO_LANE=3   # nothing here can offer an RDMA device
readonly EXIT_GUEST=70    # the guest crashed, warned or never reported
readonly EXIT_TIMEOUT=124 # as timeout(1) says it

MESSAGES=2
say() { printf 'soft_roce: %s\n' "$*" >&"$MESSAGES"; }

die() {
  local status=$1
  shift
  say "$@"
  exit "$status"
}

# Fails with the remedy when one of the named programs is missing; prints nothing when all are there.
missing_programs() {
  local program package
  for program in "$@"; do
    command -v "$program" >/dev/null && continue
    case $program in
      qemu-system-x86_64) package=qemu-system-x86 ;;
      busybox) package=busybox-static ;;
      modprobe | depmod) package=kmod ;;
      ip | rdma | tc) package=iproute2 ;;
      dpkg) package="a Debian system" ;;
      *) package=$program ;;
    esac
    echo "$program is not installed (package $package; scripts/setup.sh installs all)"
    return
  done
}

# --- one run --------------------------------------------------------------------------------------

RUN_DIR=
GUEST_PID=
GUEST_REAPED=0
STREAM_PIDS=()
TERMINAL_STATE=
OUT_IS_OURS=0

# The folder of this run. The UML kernel line and hostfs options take no blanks or commas, so a
# TMPDIR with such characters is passed over.
make_run_dir() {
  local base=${TMPDIR:-/tmp}
  [[ $base =~ ^/[A-Za-z0-9_./+-]*$ && -d $base && -w $base ]] || base=/tmp
  RUN_DIR=$(mktemp -d "$base/remit-run.XXXXXX")
  mkdir "$RUN_DIR/job"
}

# Decides where the results of CMD come back: the caller's REMIT_OUT, else a folder of our own.
choose_out_dir() {
  if [[ -n ${REMIT_OUT:-} ]]; then
    mkdir -p "$REMIT_OUT" || die "$EXIT_USAGE" "REMIT_OUT=$REMIT_OUT cannot be created: name a folder you may write to"
    OUT_DIR=$(cd "$REMIT_OUT" && pwd -P)
    [[ -w $OUT_DIR ]] || die "$EXIT_USAGE" "REMIT_OUT=$OUT_DIR is not writable: name a folder you may write to"
  else
    OUT_DIR=$(mktemp -d "${RUN_DIR%/*}/remit-out.XXXXXX")
    OUT_IS_OURS=1
  fi
}

# A zombie counts as ended; kill -0 would call it alive.
guest_alive() {
  local stat
  [[ -n $GUEST_PID && $GUEST_REAPED = 0 ]] || return 1
  { read -r stat <"/proc/$GUEST_PID/stat"; } 2>/dev/null || return 1
  [[ ${stat##*) } != Z* ]]
}

# The guest (or, on the host, CMD) leads a session of its own, so its process group holds what it
# started and nothing else.
kill_guest() {
  guest_alive || return 0
  kill -TERM -- "-$GUEST_PID" 2>/dev/null || true
  local i
  for ((i = 0; i < 20; i++)); do
    guest_alive || break
    tick
  done
  kill -KILL -- "-$GUEST_PID" 2>/dev/null || true
  wait "$GUEST_PID" 2>/dev/null || true
  GUEST_REAPED=1
}

cleanup() {
  trap '' INT TERM HUP # the way out must not be cut short: the host lane takes its devices down here
  kill_guest
  local pid
  for pid in ${STREAM_PIDS[@]+"${STREAM_PIDS[@]}"}; do kill "$pid" 2>/dev/null || true; done
  if [[ -n $TERMINAL_STATE ]]; then stty "$TERMINAL_STATE" <&3 2>/dev/null || true; fi
  if declare -F lane_cleanup >/dev/null; then lane_cleanup; fi
  if [[ $OUT_IS_OURS = 1 ]]; then
    if ! rmdir "$OUT_DIR" 2>/dev/null; then say "results are in $OUT_DIR"; fi
  fi
  if [[ -n $RUN_DIR ]]; then rm -rf -- "$RUN_DIR"; fi
}

arm_traps() {
  exec {MESSAGES}>&2
  trap cleanup EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # A pipe that nobody writes to: `read -t` on it sleeps without starting a process, and a signal
  # interrupts it at once.
  exec {TICK_FD}<> <(:)
}

tick() { read -rt 0.1 -u "$TICK_FD" || true; }

# --- handing a command to a guest -----------------------------------------------------------------

# Arguments and environment travel as NUL-separated files: nothing has to be quoted, nothing changes.
write_job() {
  local lane=$1
  shift
  printf '%s\0' "$@" >"$RUN_DIR/job/argv0"
  PATH=$CALLER_PATH /usr/bin/env -0 >"$RUN_DIR/job/env0"
  cp "$GUEST_DIR/stage2.sh" "$GUEST_DIR/topology.sh" "$RUN_DIR/job/"
  head -c 512 /dev/urandom >"$RUN_DIR/job/seed"
  : >"$RUN_DIR/job/stdout"
  : >"$RUN_DIR/job/stderr"
  : >"$RUN_DIR/job/guest.log"
  : >"$RUN_DIR/console"
  local rows=24 columns=80
  if [[ $SHELL_MODE = 1 ]]; then read -r rows columns < <(stty size <&3 2>/dev/null || echo 24 80) || true; fi
  if [[ $rows = 0 || $columns = 0 ]]; then rows=24 columns=80; fi # a terminal that doesn't know its size
  local name
  {
    printf 'LANE=%q\nCALLER_CWD=%q\nCALLER_UMASK=%q\nOUT_DIR=%q\n' "$lane" "$PWD" "$(umask)" "$OUT_DIR"
    for name in RAILS NETEM TIME_SCALE SHELL_MODE MODULES_DIR; do printf '%s=%q\n' "$name" "${!name:-}"; done
    printf 'TTY_ROWS=%q\nTTY_COLUMNS=%q\n' "$rows" "$columns"
  } >"$RUN_DIR/job/params"
}

# The guest has its own /run, /dev, /proc and /sys: what lies there on the host is not visible in it.
refuse_hidden_path() {
  case $2/ in
    /run/* | /dev/* | /proc/* | /sys/*)
      die "$EXIT_USAGE" "$1 $2 is hidden in the guest, which has its own ${2:0:4}…: use a folder elsewhere" ;;
  esac
}

stream_results() {
  [[ $SHELL_MODE = 0 ]] || return 0
  tail -c +1 -s 0.1 -f --pid="$GUEST_PID" "$RUN_DIR/job/stdout" 2>/dev/null &
  STREAM_PIDS+=($!)
  tail -c +1 -s 0.1 -f --pid="$GUEST_PID" "$RUN_DIR/job/stderr" >&2 2>/dev/null &
  STREAM_PIDS+=($!)
}

# Waits for the guest and kills it when it doesn't start CMD in time or takes longer than allowed.
# Sets END: ended, boot (never started CMD) or timeout.
supervise() {
  local boot_limit=$1 started=$SECONDS
  END=ended
  while guest_alive; do
    tick
    if ((SECONDS - started >= TIMEOUT)); then
      END=timeout
    elif ((SECONDS - started >= boot_limit)) && [[ ! -e $RUN_DIR/job/up ]]; then
      END=boot
    else
      continue
    fi
    kill_guest
  done 2>/dev/null # bash itself has something to say about a guest that aborts
  if [[ $GUEST_REAPED = 0 ]]; then
    GUEST_STATUS=0
    { wait "$GUEST_PID" || GUEST_STATUS=$?; } 2>/dev/null
    GUEST_REAPED=1
    # Children of a User-Mode Linux that was killed can outlive it; the group is ours alone.
    kill -KILL -- "-$GUEST_PID" 2>/dev/null || true
  fi
  local pid
  for pid in ${STREAM_PIDS[@]+"${STREAM_PIDS[@]}"}; do wait "$pid" 2>/dev/null || true; done
  STREAM_PIDS=()
}

show_guest() {
  local file
  for file in job/guest.log monitor.log console; do
    [[ -s $RUN_DIR/$file ]] || continue
    printf -- '--- end of %s ---\n' "${file##*/}" >&2
    tail -n 40 "$RUN_DIR/$file" | tr -d '\r' >&2
  done
}

# What the kernel says when something in it went wrong, whatever CMD made of it.
readonly KERNEL_TROUBLE='BUG:|WARNING:|soft lockup|Oops|Kernel panic'

# Exits with the status of CMD, or with another one when the guest cannot be believed.
judge() {
  case $END in
    timeout)
      show_guest
      die "$EXIT_TIMEOUT" "stopped after $TIMEOUT s (--timeout): '$1' had not ended"
      ;;
    boot)
      show_guest
      die "$EXIT_GUEST" "the guest did not start the command in $BOOT_TIMEOUT s (REMIT_BOOT_TIMEOUT)"
      ;;
  esac
  if grep -aEq "$KERNEL_TROUBLE" "$RUN_DIR/console"; then
    show_guest
    die "$EXIT_GUEST" "the guest's kernel reported: $(grep -aEm1 "$KERNEL_TROUBLE" "$RUN_DIR/console" | tr -d '\r')"
  fi
  if [[ -s $RUN_DIR/job/failed ]]; then
    show_guest
    die "$EXIT_GUEST" "the guest could not be set up: $(<"$RUN_DIR/job/failed")"
  fi
  if [[ ! -s $RUN_DIR/job/rc ]]; then
    show_guest
    die "$EXIT_GUEST" "the guest ended (status ${GUEST_STATUS:-unknown}) without reporting a result of '$1'"
  fi
  local status
  status=$(<"$RUN_DIR/job/rc")
  [[ $status =~ ^[0-9]+$ ]] || die "$EXIT_GUEST" "the guest reported '$status', which is no exit status"
  exit "$status"
}
