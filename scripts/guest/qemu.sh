# shellcheck shell=bash disable=SC2034,SC2153 # the sourced files share their variables
# The QEMU lane: Debian's stock kernel, fetched once into the cache, with the host's files as the
# root of the guest. Nothing is built and no network card exists in the guest. Sourced, never run.

readonly QEMU_CACHE=$CACHE/qemu

qemu_missing() {
  [[ $(uname -m) = x86_64 ]] || { echo "the QEMU lane knows x86_64 only, this is $(uname -m)" && return; }
  local missing
  missing=$(missing_programs qemu-system-x86_64 busybox cpio gzip modprobe setpriv)
  [[ -z $missing ]] || { echo "$missing" && return; }
  if ! busybox_is_static; then
    echo "$(command -v busybox) is not static, so it cannot start the guest (package busybox-static)" && return
  fi
  [[ -s $QEMU_CACHE/version ]] || missing_programs dpkg apt-get depmod
}

# A static program names no interpreter.
busybox_is_static() { ! grep -aq '/lib64/ld-linux' "$(command -v busybox)"; }

# --- the kernel and the initramfs -----------------------------------------------------------------

# Fetches the kernel unless the cache has one: the only step that needs a network.
qemu_fetch_kernel() {
  [[ ! -s $QEMU_CACHE/version ]] || return 0
  local package version stage
  # linux-image-amd64 is an empty package; what it depends on is the kernel. (The -cloud- kernels
  # have neither rxe nor 9p.)
  package=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends: linux-image-/ {print $2; exit}')
  [[ -n $package ]] ||
    die "$EXIT_NO_LANE" "apt knows no linux-image-amd64, so no kernel can be fetched: run 'apt-get update' on a Debian system"
  version=${package#linux-image-}
  version=${version%-unsigned}
  say "fetching $package into $QEMU_CACHE (once, about 70 MB)"
  stage=$(mktemp -d "$QEMU_CACHE/fetch.XXXXXX")
  # As root, apt would drop to its own user, who may not write here, and warn about it.
  (cd "$stage" && apt-get -q -o APT::Sandbox::User=root download "$package" >fetch.log 2>&1) || {
    cat "$stage/fetch.log" >&2
    rm -rf "$stage"
    die "$EXIT_NO_LANE" "$package could not be downloaded: run 'apt-get update' and see that the Debian mirror can be reached"
  }
  dpkg -x "$stage/$package"_*.deb "$stage/root"
  depmod -b "$stage/root" "$version"
  mkdir -p "$stage/keep/root/lib"
  mv "$stage/root/boot/vmlinuz-$version" "$stage/keep/vmlinuz"
  mv "$stage/root/lib/modules" "$stage/keep/root/lib/modules"
  rm -rf "${QEMU_CACHE:?}/$version"
  mv "$stage/keep" "$QEMU_CACHE/$version"
  rm -rf "$stage"
  echo "$version" >"$QEMU_CACHE/version.part" && mv "$QEMU_CACHE/version.part" "$QEMU_CACHE/version"
}

# Builds the initramfs of the cached kernel unless one of the same init and busybox is there.
# Sets INITRAMFS.
qemu_build_initramfs() {
  local version=$1 stamp stage module name
  stamp=$(cat "$GUEST_DIR/initramfs_init.sh" "$(command -v busybox)" | sha256sum)
  INITRAMFS=$QEMU_CACHE/$version/initramfs-${stamp:0:16}.gz
  [[ ! -s $INITRAMFS ]] || return 0
  stage=$(mktemp -d "$QEMU_CACHE/initramfs.XXXXXX")
  mkdir -p "$stage"/{bin,proc,sys,dev,lower,layer,new,modules}
  cp "$(command -v busybox)" "$stage/bin/busybox"
  install -m 755 "$GUEST_DIR/initramfs_init.sh" "$stage/init"
  # Without -a, modprobe would take the later names for options of the first module.
  modprobe -d "$QEMU_CACHE/$version/root" -S "$version" -a --show-depends virtio_pci 9p 9pnet_virtio overlay |
    awk '$1 == "insmod" && !seen[$2]++ {print $2}' >"$stage/list"
  while read -r module; do
    name=${module##*/}
    if [[ $name == *.xz ]]; then
      name=${name%.xz}
      xz -dc "$module" >"$stage/modules/$name"
    else
      cp "$module" "$stage/modules/$name"
    fi
    echo "$name" >>"$stage/modules/order"
  done <"$stage/list"
  rm "$stage/list"
  (cd "$stage" && find . | cpio -o -H newc --quiet | gzip -1) >"$INITRAMFS.part.$$"
  mv "$INITRAMFS.part.$$" "$INITRAMFS"
  rm -rf "$stage"
}

# Sets KERNEL_VERSION and INITRAMFS. Several runs may come here at once.
qemu_prepare() {
  mkdir -p "$QEMU_CACHE"
  local lock
  exec {lock}>"$QEMU_CACHE/lock"
  flock "$lock"
  qemu_fetch_kernel
  KERNEL_VERSION=$(<"$QEMU_CACHE/version")
  qemu_build_initramfs "$KERNEL_VERSION"
  exec {lock}>&-
}

# --- the machine ----------------------------------------------------------------------------------

# /dev/kvm can open and even create a machine on hosts where QEMU then aborts, so only a trial boot
# tells: a kernel without a root panics, reboots and so ends QEMU with 0. Remembered per host boot.
qemu_has_kvm() {
  [[ -r /dev/kvm && -w /dev/kvm ]] || return 1
  local memory key verdict=no
  memory=$QEMU_CACHE/kvm-$(id -u)
  key="$(cat /proc/sys/kernel/random/boot_id) $KERNEL_VERSION"
  if [[ ! -s $memory || $(head -n 1 "$memory") != "$key" ]]; then
    # The subshell keeps the shell's own "Aborted" out of the output.
    if (qemu_trial_boot || exit 1) >/dev/null 2>&1; then
      verdict=yes
    fi
    printf '%s\n%s\n' "$key" "$verdict" >"$memory.$$" && mv "$memory.$$" "$memory"
  fi
  [[ $(tail -n 1 "$memory") = yes ]]
}

qemu_trial_boot() {
  timeout -k 1 10 qemu-system-x86_64 -machine q35,accel=kvm -cpu host -m 256M -nodefaults -no-user-config \
    -display none -monitor none -no-reboot -kernel "$QEMU_CACHE/$KERNEL_VERSION/vmlinuz" \
    -append 'panic=-1 quiet' </dev/null
}

lane_qemu() {
  qemu_prepare
  local accel=${REMIT_QEMU_ACCEL:-} cpu
  if [[ -z $accel ]]; then
    if qemu_has_kvm; then accel=kvm; else accel=tcg; fi
  fi
  case $accel in
    kvm) cpu=host TIME_SCALE=${TIME_SCALE:-2} ;;
    # TCG emulates `rep movsb` byte by byte; without these two flags memcpy goes another way, twice as fast.
    tcg) cpu=max,-erms,-fsrm TIME_SCALE=${TIME_SCALE:-10} ;;
    *) die "$EXIT_USAGE" "REMIT_QEMU_ACCEL is '$accel': use tcg or kvm" ;;
  esac
  MODULES_DIR=$QEMU_CACHE/$KERNEL_VERSION/root/lib/modules/$KERNEL_VERSION
  refuse_hidden_path "the working directory" "$PWD"
  refuse_hidden_path "the cache" "$CACHE"
  make_run_dir
  choose_out_dir
  write_job qemu "$@"
  say "lane qemu: Debian kernel $KERNEL_VERSION, $accel, ${MEMORY:=3072} MiB, $CPUS CPUs"

  local -a terminal=()
  if [[ $SHELL_MODE = 1 ]]; then
    # signal=off: Ctrl-C belongs to the shell in the guest.
    terminal=(-chardev "stdio,id=terminal,signal=off" -serial chardev:terminal)
  fi
  # pdeathsig: even a SIGKILL of this script leaves no guest behind.
  setsid setpriv --pdeathsig KILL -- qemu-system-x86_64 \
    -machine "q35,accel=$accel" -cpu "$cpu" -smp "$CPUS" -m "${MEMORY}M" \
    -nodefaults -no-user-config -nic none -display none -monitor none -no-reboot \
    -chardev "file,id=console,path=${RUN_DIR}/console" -serial chardev:console \
    ${terminal[@]+"${terminal[@]}"} \
    -device isa-debug-exit,iobase=0xf4,iosize=0x04 \
    -kernel "$QEMU_CACHE/$KERNEL_VERSION/vmlinuz" -initrd "$INITRAMFS" \
    -append "$(qemu_kernel_line)" \
    -fsdev local,id=root,path=/,security_model=none,readonly=on,multidevs=remap \
    -device virtio-9p-pci,fsdev=root,mount_tag=root \
    -fsdev "local,id=job,path=$RUN_DIR/job,security_model=none,multidevs=remap" \
    -device virtio-9p-pci,fsdev=job,mount_tag=job \
    -fsdev "local,id=out,path=${OUT_DIR//,/,,},security_model=none,multidevs=remap" \
    -device virtio-9p-pci,fsdev=out,mount_tag=out \
    <&3 >"$([[ $SHELL_MODE = 1 ]] && echo /dev/fd/4 || echo "$RUN_DIR/monitor.log")" 2>"$RUN_DIR/monitor.log" &
  GUEST_PID=$!
  BOOT_TIMEOUT=${BOOT_TIMEOUT:-180}
}

# loglevel=5 is the least that shows a WARNING of the kernel. A soft lockup is one after a minute, as
# the host may take the emulated CPUs away for seconds.
qemu_kernel_line() {
  echo console=ttyS0 loglevel=5 mitigations=off panic=-1 oops=panic tsc=reliable no_timer_check \
    watchdog_thresh=30
}
