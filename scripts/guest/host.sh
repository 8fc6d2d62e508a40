# shellcheck shell=bash disable=SC2034,SC2153 # the sourced files share their variables
# The lanes without a guest: rdma_rxe on veth pairs of our own on this host, and a real device of it.
# Sourced, never run.

readonly HOST_PREFIX=remit_
readonly HOST_LOCK=/run/lock/remit-soft-roce.lock

host_missing() {
  [[ $(id -u) = 0 ]] || { echo "loading rdma_rxe on this host takes root, this is user $(id -un)" && return; }
  local missing
  missing=$(missing_programs modprobe ip rdma tc flock)
  [[ -z $missing ]] || { echo "$missing" && return; }
  [[ -d /sys/module/rdma_rxe ]] || modprobe -nq rdma_rxe ||
    { echo "this host's kernel $(uname -r) has no module rdma_rxe" && return; }
  if ip -4 -o addr show | grep -v " $HOST_PREFIX" | grep -q ' 10\.77\.'; then
    echo "this host already uses addresses in 10.77.0.0/16, which the topology needs"
  fi
}

lane_host() {
  # One run at a time, as names and addresses are fixed; whatever carries our prefix while we hold the
  # lock was left by a run that was killed.
  mkdir -p "${HOST_LOCK%/*}"
  exec {HOST_LOCK_FD}>"$HOST_LOCK"
  flock -n "$HOST_LOCK_FD" || {
    say "waiting for another run on this host to end"
    flock "$HOST_LOCK_FD"
  }
  local -a modules=(rdma_rxe ib_uverbs rdma_ucm veth)
  [[ -z $NETEM ]] || modules+=(sch_netem)
  modprobe -a "${modules[@]}" || die "$EXIT_NO_LANE" "the modules ${modules[*]} could not be loaded (see dmesg)"
  # shellcheck disable=SC2317 # called on the way out
  lane_cleanup() { topology_down "$HOST_PREFIX"; }
  topology_down "$HOST_PREFIX"
  say "lane host: rdma_rxe of this host's kernel $(uname -r), $RAILS veth pair(s)"
  topology_up "$HOST_PREFIX" "$RAILS" "$NETEM" || die "$EXIT_NO_LANE" "the soft-RoCE devices could not be set up on this host"
  run_here host "$@"
}

# --- a real device --------------------------------------------------------------------------------

active_devices() {
  local port
  for port in /sys/class/infiniband/*/ports/*; do
    grep -q ACTIVE "$port/state" 2>/dev/null || continue
    port=${port#/sys/class/infiniband/}
    echo "${port%%/*}"
  done | sort -u
}

# The first IPv4-mapped GID of a device as an address, or nothing.
device_address() {
  local file gid
  for file in "/sys/class/infiniband/$1/ports"/*/gids/*; do
    gid=$(cat "$file" 2>/dev/null) || continue
    if [[ $gid =~ ^0000:0000:0000:0000:0000:ffff:(..)(..):(..)(..)$ ]]; then
      printf '%d.%d.%d.%d\n' "0x${BASH_REMATCH[1]}" "0x${BASH_REMATCH[2]}" "0x${BASH_REMATCH[3]}" "0x${BASH_REMATCH[4]}"
      return
    fi
  done
}

device_missing() {
  [[ -n $(active_devices) ]] || echo "no RDMA device of this host has an active port"
}

lane_device() {
  local device
  TOPOLOGY_DEVICES=${REMIT_RDMA_DEVICES:-$(active_devices | paste -sd ' ')}
  TOPOLOGY_ADDRESSES='' TOPOLOGY_NETDEVS=''
  for device in $TOPOLOGY_DEVICES; do
    [[ -d /sys/class/infiniband/$device ]] ||
      die "$EXIT_NO_LANE" "REMIT_RDMA_DEVICES names $device, which this host lacks (it has: $(active_devices | paste -sd ' '))"
    TOPOLOGY_ADDRESSES+="${TOPOLOGY_ADDRESSES:+ }$(device_address "$device")"
  done
  say "lane device: $TOPOLOGY_DEVICES of this host; what the command sends leaves this machine"
  run_here device "$@"
}

# --- CMD on this host -----------------------------------------------------------------------------

run_here() {
  local lane=$1 status=0
  shift
  make_run_dir
  choose_out_dir
  if [[ $SHELL_MODE = 1 ]]; then
    (here_environment "$lane" && exec "$@") <&3 || status=$?
    exit "$status"
  fi
  (here_environment "$lane" && exec setsid nice -n 0 -- "$@") </dev/null &
  GUEST_PID=$!
  : >"$RUN_DIR/job/up"
  supervise "$TIMEOUT"
  if [[ $END = timeout ]]; then die "$EXIT_TIMEOUT" "stopped after $TIMEOUT s (--timeout): '$1' had not ended"; fi
  exit "$GUEST_STATUS"
}

here_environment() {
  # CMD must not inherit the lock: what it leaves running would hold it.
  [[ -z ${HOST_LOCK_FD:-} ]] || exec {HOST_LOCK_FD}>&-
  exec {TICK_FD}>&- {MESSAGES}>&-
  ulimit -l unlimited 2>/dev/null || true
  export PATH=$CALLER_PATH:/usr/sbin:/sbin REMIT_GUEST=$1 REMIT_TIME_SCALE=${TIME_SCALE:-1} REMIT_OUT=$OUT_DIR
  export REMIT_RDMA_DEVICES=$TOPOLOGY_DEVICES REMIT_RDMA_ADDRESSES=$TOPOLOGY_ADDRESSES
  export REMIT_RDMA_NETDEVS=$TOPOLOGY_NETDEVS
}
