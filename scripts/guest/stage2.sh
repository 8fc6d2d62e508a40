#!/bin/bash
# Process 1 of a guest once the host's files are its root: the rest of the system, the devices, then
# CMD and its report. The same under QEMU and User-Mode Linux. No `set -e`: process 1 must not end.
job=/run/remit/job
exec </dev/null >>"$job/guest.log" 2>&1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# shellcheck disable=SC1091
. "$job/params"
# shellcheck source=scripts/guest/topology.sh
. "$job/topology.sh"

power_off() {
  sync
  if [[ $LANE = qemu ]]; then
    # The debug-exit device ends QEMU with status 1; the status of CMD is in the rc file.
    printf '\000' | dd of=/dev/port bs=1 seek=244 conv=notrunc
  fi
  echo o >/proc/sysrq-trigger
  while :; do sleep 60; done
}

fail() {
  printf '%s\n' "$1" >"$job/failed"
  power_off
}

set_up_system() {
  mkdir -p /dev/pts /dev/shm
  mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
  mount -t tmpfs tmpfs /dev/shm
  ln -sfn /proc/self/fd /dev/fd
  ln -sfn /proc/self/fd/0 /dev/stdin
  ln -sfn /proc/self/fd/1 /dev/stdout
  ln -sfn /proc/self/fd/2 /dev/stderr
  mkdir -p /run/lock /run/netns
  mount -t debugfs debugfs /sys/kernel/debug
  # Limits on RDMA objects are one of the faults that tests inject.
  if mount -t cgroup2 cgroup2 /sys/fs/cgroup; then
    local controller
    for controller in rdma pids memory; do
      echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null
    done
  fi
  hostname remit-guest
  ulimit -l unlimited
  ulimit -n 65536
}

# User-Mode Linux has nothing to draw randomness from: getrandom() would block every program that makes a
# key or an identity for minutes. Only the ioctl RNDADDENTROPY credits what is written; perl is in every Debian.
seed_random() {
  perl -e 'open(my $seed, "<:raw", $ARGV[0]) or die "$ARGV[0]: $!";
    my $bytes = read($seed, my $data, 512) or die "no seed";
    open(my $random, ">", "/dev/random") or die "/dev/random: $!";
    ioctl($random, 0x40085203, pack("ii a*", 8 * $bytes, $bytes, $data)) or die "RNDADDENTROPY: $!";' "$job/seed" ||
    fail "the random number generator cannot be seeded"
}

load_modules() {
  [[ -n $MODULES_DIR ]] || return 0 # built in
  # rxe asks the kernel for crypto-crc32, which has modprobe look in /lib/modules.
  mkdir -p /lib/modules
  ln -sfn "$MODULES_DIR" "/lib/modules/$(uname -r)"
  modprobe -a rdma_rxe ib_uverbs rdma_ucm veth dummy sch_netem || fail "the RDMA modules cannot be loaded"
}

mount_out() {
  mkdir -p "$OUT_DIR" || fail "no folder $OUT_DIR in the guest"
  # At the path it has on the host, so that a path printed in the guest holds outside as well.
  case $LANE in
    qemu) mount -t 9p -o rw,trans=virtio,version=9p2000.L,msize=512000,cache=mmap out "$OUT_DIR" ;;
    uml) mount -t hostfs none "$OUT_DIR" -o "$OUT_DIR" ;;
  esac || fail "the results folder $OUT_DIR cannot be mounted"
}

run_command() {
  local -a environment arguments
  local entry path=
  mapfile -d '' -t environment <"$job/env0"
  mapfile -d '' -t arguments <"$job/argv0"
  for entry in "${environment[@]}"; do
    if [[ $entry == PATH=* ]]; then path=${entry#PATH=}; fi
  done
  # CMD is root here, and an ordinary user's PATH has no ip, tc or rdma.
  environment+=("PATH=${path:-$PATH}:/usr/sbin:/sbin" "REMIT_GUEST=$LANE" "REMIT_TIME_SCALE=$TIME_SCALE"
    "REMIT_OUT=$OUT_DIR" "REMIT_RDMA_DEVICES=$TOPOLOGY_DEVICES" "REMIT_RDMA_ADDRESSES=$TOPOLOGY_ADDRESSES"
    "REMIT_RDMA_NETDEVS=$TOPOLOGY_NETDEVS")
  cd "$CALLER_CWD" || fail "the working directory $CALLER_CWD is not visible in the guest"
  umask "$CALLER_UMASK"
  # nice changes nothing here: it executes its arguments as they are, whereas env would take a
  # command name with `=` in it for a variable.
  local -a command=(setsid -w env -i "${environment[@]}" nice -n 0 -- "${arguments[@]}")
  : >"$job/up"
  if [[ $SHELL_MODE = 1 ]]; then
    local tty=/dev/ttyS1
    [[ $LANE = qemu ]] || tty=/dev/tty1
    stty -F $tty rows "$TTY_ROWS" columns "$TTY_COLUMNS" sane
    command[1]=-wc
    # shellcheck disable=SC2094 # a terminal is both
    "${command[@]}" <$tty >$tty 2>&1
  else
    "${command[@]}" >"$job/stdout" 2>"$job/stderr"
  fi
}

# The old root of User-Mode Linux: the layer above it keeps what it needs, and nothing else should walk
# into it.
[[ $LANE != uml ]] || umount -l /run/remit/host
set_up_system
seed_random
ip link set lo up
load_modules
# shellcheck disable=SC2153 # from the parameters
topology_up "" "$RAILS" "$NETEM" || fail "the soft-RoCE devices cannot be set up"
mount_out
run_command
status=$?
cd /
umount "$OUT_DIR" || sync
# Renamed into place: a report that is there is whole.
echo $status >"$job/rc.part" && mv "$job/rc.part" "$job/rc"
power_off
