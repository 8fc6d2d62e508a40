#!/bin/bash
# Builds a User-Mode Linux kernel with soft RoCE built in, once a machine (about 6 minutes on two
# cores), from Debian's kernel sources. soft_roce.sh then prefers it to QEMU: it starts in a second,
# moves data several times as fast and needs no privileges.
set -euo pipefail

jobs=$(nproc)
keep=0
while (($# > 0)); do
  case $1 in
    --help | -h)
      cat <<'END'
Usage: scripts/build_uml.sh [-j N] [--keep]
Installs Debian's kernel sources and what builds them (sudo where you aren't root), and builds
User-Mode Linux into ~/.cache/remit/uml (REMIT_CACHE names another cache).
  -j N    jobs at once (number of CPUs)
  --keep  keep sources and objects, 1.7 GB, in the cache
END
      exit 0
      ;;
    -j) jobs=${2:?-j needs a number} && shift ;;
    -j*) jobs=${1#-j} ;;
    --keep) keep=1 ;;
    *) echo "build_uml: unknown option '$1' (see --help)" >&2 && exit 2 ;;
  esac
  shift
done
[[ $jobs =~ ^[1-9][0-9]*$ ]] || { echo "build_uml: -j is '$jobs': a number is needed" >&2 && exit 2; }

version=6.1 # the series that rxe was tried with, and that of Debian 12
archive=/usr/src/linux-source-$version.tar.xz
config=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)/guest/uml-rxe.config
cache=${REMIT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/remit}/uml
mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)

packages=("linux-source-$version" gcc libc6-dev make flex bison bc xz-utils)
missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) = installed ]] || missing+=("$package")
done
if ((${#missing[@]} > 0)); then
  as_root=()
  [[ $(id -u) = 0 ]] || as_root=(sudo)
  echo "installing the kernel's sources and what builds them: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
[[ -r $archive ]] || { echo "build_uml: $archive is missing: reinstall linux-source-$version" >&2 && exit 1; }

exec {lock}>"$cache/lock"
flock -n "$lock" || { echo "build_uml: another build is running in $cache" >&2 && exit 1; }

# A name without blanks or colons: the kernel's makefiles take none.
work=$cache/build
[[ $work =~ ^[A-Za-z0-9_./+-]+$ ]] || { echo "build_uml: the kernel cannot be built in '$work': set REMIT_CACHE to a plain path" >&2 && exit 1; }
rm -rf "$work"
mkdir -p "$work/objects"
if [[ $keep = 0 ]]; then trap 'rm -rf "$work"' EXIT; fi

echo "unpacking $archive"
tar -xJf "$archive" -C "$work"
source=$work/linux-source-$version
log=$cache/build.log
# allnoconfig and a short list: what isn't listed in the configuration is not built.
make -C "$source" ARCH=um O="$work/objects" allnoconfig KCONFIG_ALLCONFIG="$config" >"$log" 2>&1 ||
  { tail -n 30 "$log" >&2 && exit 1; }
# An option whose dependencies are not met vanishes silently; that must not surface in a test.
while IFS= read -r option; do
  grep -qxF -- "$option" "$work/objects/.config" || {
    echo "build_uml: $option did not make it into the configuration" >&2
    exit 1
  }
done < <(grep -E '^CONFIG_(RDMA_RXE|VETH|NET_SCH_NETEM|OVERLAY_FS|HOSTFS|CGROUP_RDMA|INFINIBAND_USER_ACCESS)=' "$config")
echo "building with $jobs jobs (log: $log)"
make -C "$source" ARCH=um O="$work/objects" -j"$jobs" linux >>"$log" 2>&1 ||
  { tail -n 30 "$log" >&2 && exit 1; }
strip -o "$cache/linux.part" "$work/objects/linux"
# One that does not boot would be preferred to QEMU all the same: processors whose saved state is larger than this
# kernel expects (AMX) end it with "ptrace set fp regs failed".
if ! REMIT_UML=$cache/linux.part "$(dirname "$config")/../soft_roce.sh" --how uml --timeout 60 true >"$cache/trial.log" 2>&1; then
  tail -n 15 "$cache/trial.log" >&2
  rm -f "$cache/linux.part"
  echo "build_uml: the kernel was built and does not boot on this processor (above): scripts/soft_roce.sh keeps to QEMU" >&2
  exit 3
fi
mv "$cache/linux.part" "$cache/linux"
echo "built $cache/linux; scripts/soft_roce.sh uses it from now on"
