#!/bin/bash
# Installs what remit needs to be built, shown and tested on a bare Debian 12, from Debian's packages and, for the
# Python package, from PyPI; and prepares the guest in which RDMA tests run. A second run finds everything there and
# changes nothing.
set -euo pipefail

if [[ ${1:-} = --help || ${1:-} = -h ]]; then
  cat <<'END'
Usage: scripts/setup.sh [--no-guest | --build]
Installs the packages to build, demonstrate and test remit (sudo where you aren't root), then fetches
the kernel of the test guest into ~/.cache/remit so that tests need no network.
  --no-guest  packages only
  --build     only the packages that the library and the command are built with
END
  exit 0
fi
with_guest=1
with_tests=1
case ${1:-} in
  '') ;;
  --no-guest) with_guest=0 ;;
  --build) with_guest=0 with_tests=0 ;;
  *) echo "setup: unknown option '$1' (see --help)" >&2 && exit 2 ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "setup: this is no Debian system (no apt-get): install what scripts/setup.sh lists by other means" >&2
  exit 3
fi

packages=()
group() { # why, packages...
  printf '%-46s %s\n' "$1:" "${*:2}"
  packages+=("${@:2}")
}

# for_tests WHY PACKAGE...: what the build alone does without.
for_tests() { [[ $with_tests = 0 ]] || group "$@"; }

group "compilers and the build" cmake ninja-build g++ ccache pkg-config git
for_tests "second compiler, sanitizers, fuzzing, lint" clang clang-format clang-tidy cppcheck libclang-rt-14-dev shellcheck
group "RDMA verbs" libibverbs-dev
group "control messages" libzmq3-dev cppzmq-dev
group "logs, JSON, TOML, options, expected" libspdlog-dev nlohmann-json3-dev libtomlplusplus-dev libcli11-dev libexpected-dev
group "HTTP of the command" libcpp-httplib-dev
group "arrays in the examples" libxtensor-dev
group "packages and the manual page" dpkg-dev file python3
for_tests "checks of packages and of what deploys them" groff-base man-db python3-venv systemd
for_tests "tests and benchmarks" libgtest-dev libgmock-dev libbenchmark-dev
for_tests "scripts and the photographs of the demo" python3 python3-numpy python3-pil python-matplotlib-data
for_tests "plots" python3-matplotlib
for_tests "documentation" doxygen graphviz
for_tests "soft-RoCE guest" qemu-system-x86 busybox-static kmod cpio iproute2 procps
for_tests "RDMA providers and tools, to compare with" rdma-core ibverbs-providers ibverbs-utils perftest
for_tests "tests that drop privileges" libcap2-bin util-linux
for_tests "the Python package" python3-dev python3-venv
for_tests "tests of lookups in etcd" etcd-server

# One query for all; a package that was removed but left its settings is not "installed".
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" {print $1}')
missing=()
for package in "${packages[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done

as_root=()
refresh_lists() {
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || {
      echo "setup: you are not root and there is no sudo; as root: apt-get update && apt-get install ${missing[*]}" >&2
      exit 1
    }
    as_root=(sudo)
  fi
  ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get update -qq
}

if ((${#missing[@]} == 0)); then
  echo "all ${#packages[@]} packages are installed"
else
  echo "installing ${#missing[@]} packages: ${missing[*]}"
  refresh_lists
  ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

# A machine where all packages are there may never have fetched apt's lists, which name the kernel.
if [[ $with_guest = 1 ]] && ! apt-cache show linux-image-amd64 >/dev/null 2>&1; then
  refresh_lists
fi

# From PyPI, as the calling user: what builds and tests the Python package.
[[ $with_tests = 0 ]] || "$(dirname "${BASH_SOURCE[0]}")/python_venv.sh" ||
  echo "setup: without it the Python package is neither built nor tested; everything else is" >&2

# As the calling user: the guest's kernel goes into that user's cache.
if [[ $with_guest = 1 ]]; then "$(dirname "${BASH_SOURCE[0]}")/soft_roce.sh" --prepare; fi
