#!/bin/busybox sh
# shellcheck shell=dash
# /init of the QEMU guest: mounts the host's files read-only, a writable layer above them and the
# share of this run, then goes on in stage2.sh. Runs in busybox, before any file of the host is there.
export PATH=/bin

stop() {
  echo "remit: $1"
  # Without a report on the share the run counts as failed, whatever the status of QEMU.
  printf '\000' | dd of=/dev/port bs=1 seek=244 conv=notrunc 2>/dev/null
  poweroff -f
}

/bin/busybox --install -s /bin
mount -t proc proc /proc || stop "no proc"
mount -t sysfs sysfs /sys || stop "no sysfs"
mount -t devtmpfs dev /dev || stop "no devtmpfs"
while read -r module; do
  insmod "/modules/$module" || stop "module $module cannot be loaded"
done </modules/order

nine=trans=virtio,version=9p2000.L,msize=512000
# The host's files don't change under a run in ways that matter, so they may be cached; results must
# be on the host as soon as they are written.
mount -t 9p -o "ro,$nine,cache=loose" root /lower || stop "the host's files cannot be mounted"
mount -t tmpfs -o size=60% tmpfs /layer || stop "no tmpfs"
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work overlay /new ||
  stop "no writable layer"
# No tmpfs on /tmp: checkouts and build folders may live there.
mkdir -p /new/proc /new/sys /new/dev /new/run
mount -t tmpfs tmpfs /new/run || stop "no tmpfs on /run"
mkdir -p /new/run/remit/job
mount -t 9p -o "rw,$nine,cache=none" job /new/run/remit/job || stop "the share of this run cannot be mounted"
for directory in proc sys dev; do mount --move "/$directory" "/new/$directory"; done
exec switch_root /new /bin/bash /run/remit/job/stage2.sh
