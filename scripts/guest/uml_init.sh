#!/bin/bash
# init of the User-Mode Linux guest. Its root is the host's / as hostfs, read-only; a writable layer
# is put above it and the root moved there, then stage2.sh goes on as in the QEMU guest.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

stop() {
  echo "remit: $1" >/dev/console
  echo o >/proc/sysrq-trigger
  sleep 60
}

mount -t proc proc /proc
mount -t devtmpfs dev /dev 2>/dev/null
job=$(sed -n 's/.*remit_job=\([^ ]*\).*/\1/p' /proc/cmdline)
mount -t tmpfs -o size=60% tmpfs /mnt || stop "no tmpfs on /mnt"
mkdir /mnt/upper /mnt/work /mnt/new
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/new || stop "no writable layer"
cd /mnt/new || stop "no new root"
mkdir -p proc sys dev run
mount -t tmpfs tmpfs run || stop "no tmpfs on /run"
mkdir -p run/remit/job run/remit/host
mount -t hostfs none run/remit/job -o "$job" || stop "the share of this run cannot be mounted"
mount -t sysfs sysfs sys || stop "no sysfs"
# -n: the record of mounts that mount(8) keeps lies on the read-only root.
mount -n --move /dev dev || stop "no devtmpfs"
mount -n --move /proc proc || stop "no proc"
# Not switch_root: that one empties the old root, which here is the host's.
pivot_root . run/remit/host || stop "the root cannot be moved"
exec chroot . /bin/bash /run/remit/job/stage2.sh
