#!/bin/bash
# Runs a command where an RDMA device is active, and returns its output and its exit status.
# The lanes are in scripts/guest/; `soft_roce.sh --help` tells the rest.
set -euo pipefail

usage() {
  cat <<'END'
Usage: scripts/soft_roce.sh [options] [--] CMD [ARGUMENT...]
       scripts/soft_roce.sh [options] --shell [CMD...]
       scripts/soft_roce.sh --prepare

Runs the program CMD where an RDMA device is active: same working directory, same environment and
arguments, standard input empty. Its output comes as it is written, and its exit status is returned.

Where it runs, the first that is possible:
  host    rdma_rxe of this host's kernel on veth pairs of its own (root, module there)
  uml     a User-Mode Linux with rxe built in, once built by scripts/build_uml.sh
  qemu    Debian's stock kernel in QEMU, fetched once into the cache
A guest (uml, qemu) has the host's files as its root; what CMD writes there is gone afterwards, but
for what it leaves under $REMIT_OUT. /run, /dev, /proc and /sys are the guest's own. CMD is root there.
No traffic leaves the machine.

Options
  --how LANE         host, uml or qemu only; or device: a real RDMA device of this host, never chosen
                     by itself since its traffic leaves the machine
  --rails N          N pairs of devices instead of 1, 0 to 16
  --netem "ARGS"     netem on both ends of every pair, as tc takes it: --netem "loss 1% delay 2ms"
  --memory MIB       memory of the guest (qemu 3072, uml 2048; also REMIT_GUEST_MEMORY)
  --cpus N           CPUs of the QEMU guest (2; also REMIT_GUEST_CPUS)
  --timeout SECONDS  stop CMD after that time (1800; with --shell never)
  --shell            CMD, or else bash, interactively on this terminal
  --prepare          fetch and build what the QEMU lane needs, so that later runs need no network
  --help             this text

Read from the environment
  REMIT_OUT              folder where results come back; if unset one is made, and named if not empty
  REMIT_CACHE            cache of kernels (~/.cache/remit)
  REMIT_TIME_SCALE       overrides the time scale of the lane
  REMIT_BOOT_TIMEOUT     seconds a guest may take to start CMD (qemu 180, uml 90)
  REMIT_QEMU_ACCEL       tcg or kvm, instead of trying kvm out
  REMIT_UML              User-Mode Linux binary to use instead of the one in the cache
  REMIT_RDMA_DEVICES     with --how device: the devices to use

Set for CMD
  REMIT_GUEST            qemu, uml, host or device
  REMIT_RDMA_DEVICES     "rxe_a0 rxe_b0 rxe_a1 ..."; a and b are the two ends of a rail
  REMIT_RDMA_ADDRESSES   "10.77.0.1 10.77.0.2 10.77.1.1 ..." in the same order
  REMIT_RDMA_NETDEVS     "va0 vb0 va1 ..." in the same order
  REMIT_TIME_SCALE       factor for waits in tests (10 emulated, 4 uml, 2 kvm, 1 host and device)
  REMIT_OUT              the results folder, at the same path inside and outside

Exit status: that of CMD (126, 127: it could not be started); 2 wrong usage; 3 no lane is possible
here; 70 the guest crashed, its kernel warned, or it never reported; 124 --timeout passed.
A message on standard error tells each of the latter apart from a CMD with the same status.
END
}

CALLER_PATH=${PATH:-/usr/bin:/bin}
# What the lanes call partly lies in folders that an ordinary user's PATH lacks.
PATH=$CALLER_PATH:/usr/sbin:/sbin
GUEST_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)/guest
CACHE=${REMIT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/remit}
mkdir -p "$CACHE"
CACHE=$(cd "$CACHE" && pwd -P)

# shellcheck source=scripts/guest/lib.sh
. "$GUEST_DIR/lib.sh"
# shellcheck source=scripts/guest/topology.sh
. "$GUEST_DIR/topology.sh"
# shellcheck source=scripts/guest/host.sh
. "$GUEST_DIR/host.sh"
# shellcheck source=scripts/guest/uml.sh
. "$GUEST_DIR/uml.sh"
# shellcheck source=scripts/guest/qemu.sh
. "$GUEST_DIR/qemu.sh"

# --- the command line -----------------------------------------------------------------------------

HOW='' RAILS=1 NETEM='' SHELL_MODE=0 PREPARE=0 TIMEOUT=''
MEMORY=${REMIT_GUEST_MEMORY:-} CPUS=${REMIT_GUEST_CPUS:-2}
# shellcheck disable=SC2034 # read in lib.sh and the lanes
BOOT_TIMEOUT=${REMIT_BOOT_TIMEOUT:-} TIME_SCALE=${REMIT_TIME_SCALE:-}

number() { # option, value, least, most
  if ! [[ $2 =~ ^[0-9]{1,7}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
    die "$EXIT_USAGE" "$1 is '$2': a whole number from $3 to $4 is needed"
  fi
}

while (($# > 0)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --shell) SHELL_MODE=1 ;;
    --prepare) PREPARE=1 ;;
    --how | --rails | --netem | --memory | --cpus | --timeout)
      (($# > 1)) || die "$EXIT_USAGE" "$1 needs a value (see --help)"
      case $1 in
        --how) HOW=$2 ;;
        --rails) RAILS=$2 ;;
        --netem) NETEM=$2 ;;
        --memory) MEMORY=$2 ;;
        --cpus) CPUS=$2 ;;
        --timeout) TIMEOUT=$2 ;;
      esac
      shift
      ;;
    --) shift && break ;;
    -*) die "$EXIT_USAGE" "unknown option '$1' (see --help)" ;;
    *) break ;;
  esac
  shift
done

number --rails "$RAILS" 0 16
# Whoever sits at a shell ends it.
if [[ $SHELL_MODE = 1 ]]; then : "${TIMEOUT:=1000000}"; else : "${TIMEOUT:=1800}"; fi
number --timeout "$TIMEOUT" 1 1000000
number --cpus "$CPUS" 1 64
[[ -z $MEMORY ]] || number --memory "$MEMORY" 256 1000000
[[ -z $BOOT_TIMEOUT ]] || number REMIT_BOOT_TIMEOUT "$BOOT_TIMEOUT" 1 1000000
case $HOW in
  '' | host | uml | qemu) ;;
  device)
    [[ $RAILS = 1 && -z $NETEM ]] ||
      die "$EXIT_USAGE" "--rails and --netem set up devices of our own: they don't go with --how device"
    ;;
  *) die "$EXIT_USAGE" "--how is '$HOW': use host, uml, qemu or device" ;;
esac

if [[ $PREPARE = 1 ]]; then
  (($# == 0)) || die "$EXIT_USAGE" "--prepare takes no command"
  reason=$(qemu_missing)
  [[ -z $reason ]] || die "$EXIT_NO_LANE" "lane qemu is not possible: $reason"
  qemu_prepare
  say "ready: kernel $KERNEL_VERSION in $QEMU_CACHE"
  exit 0
fi

if [[ $SHELL_MODE = 1 ]]; then
  [[ -t 0 && -t 1 ]] || die "$EXIT_USAGE" "--shell needs a terminal on standard input and output"
  (($# > 0)) || set -- bash -i
  exec 3<&0 4>&1
else
  (($# > 0)) || die "$EXIT_USAGE" "no command given (see --help)"
  exec 3</dev/null
fi

# --- the lane -------------------------------------------------------------------------------------

if [[ -n $HOW ]]; then
  reason=$("${HOW}_missing")
  [[ -z $reason ]] || die "$EXIT_NO_LANE" "lane $HOW is not possible: $reason"
else
  reasons=
  for lane in host uml qemu; do
    reason=$("${lane}_missing")
    if [[ -z $reason ]]; then HOW=$lane && break; fi
    reasons+=$'\n'"  $lane: $reason"
  done
  [[ -n $HOW ]] || die "$EXIT_NO_LANE" "no RDMA device can be had here, nothing was run:$reasons"
fi

arm_traps
if [[ $SHELL_MODE = 1 ]]; then TERMINAL_STATE=$(stty -g <&3); fi
case $HOW in
  host | device) "lane_$HOW" "$@" ;; # ends with the status of CMD
esac

"lane_$HOW" "$@"
stream_results
supervise "$BOOT_TIMEOUT"
judge "$1"
