#!/bin/bash
# How remit reaches its users: installed, packaged, and as part of another project. One step a call.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
Usage: tests/package/run.sh STEP

  build      the preset "package": shared library, archive, command
  install    into build/package-test/prefix; the command and its manual page from there
  headers    each public header by itself, with none of remit's dependencies
  abi        what the shared library exports (scripts/abi_check.sh)
  consume HOW  a project of somebody else's that moves a request: package, archive, pkgconfig, pkgconfig-static,
               subdirectory, fetch; or that looks up a peer: bootstrap
  refusals   what find_package says of a wrong version, an unknown component, a dependency that is missing
  debs       packages by cpack: what is in them, what they need, and that they run from a folder

"install" needs "build"; the steps after it need "install". Exit status: 0 where the step holds.
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=$root/build/package
work=$root/build/package-test
prefix=$work/prefix
consumer=$root/tests/package/consumer
jobs=$(nproc)
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root}
cxx=${CXX:-c++}

die() { echo "package: $*" >&2 && exit 1; }
# is_there FILE...: by exact name.
is_there() { local file; for file; do [[ -e $file ]] || die "$file is missing"; done; }

step_build() {
  cmake --preset package -S "$root"
  cmake --build "$build" -j "$jobs"
}

# Where libraries lie below a prefix: lib/x86_64-linux-gnu, as the preset is for /usr.
libdir() { sed -n 's/^CMAKE_INSTALL_LIBDIR:[A-Z]*=//p' "$build/CMakeCache.txt"; }

step_install() {
  rm -rf "$prefix"
  cmake --install "$build" --prefix "$prefix"
  local lib
  lib=$prefix/$(libdir)
  is_there "$lib/libremit.so" "$lib/libremit.a" "$lib/libremit_bootstrap.a" "$lib/pkgconfig/remit.pc" "$lib/cmake/remit/remitConfig.cmake" \
    "$prefix/include/remit/remit.hpp" "$prefix/share/doc/remit/LICENSE" "$prefix/share/doc/remit/docs/protocol.md"
  # Nothing of the tree that it was built in may be left in what others read or load.
  ! grep -rIl --exclude-dir=doc -- "$root" "$prefix" || die "the installed files above name the source tree"
  ! readelf --dynamic "$lib/libremit.so" "$prefix/bin/remit" | grep -E 'RPATH|RUNPATH' || die "a run path is left"
  "$prefix/bin/remit" demo --fabric loopback --hidden 64
  [[ -z $(groff -man -ww -z -Tutf8 "$prefix/share/man/man1/remit.1" 2>&1) ]] || die "groff complains of remit.1"
  local option page
  page=$(man -l "$prefix/share/man/man1/remit.1" 2>/dev/null)
  for option in --allocate --drain --key 'EXIT STATUS'; do
    [[ $page == *"$option"* ]] || die "remit.1 does not name $option"
  done
}

# The public headers alone: each by itself, as C where it is one of C, with nothing of what remit is built with.
step_headers() {
  local header language compiler seen=0
  for header in "$prefix"/include/remit/*; do
    case $header in
      *.hpp) language=c++ compiler=("$cxx" -std=c++20) ;;
      *.h) language=c compiler=("${CC:-cc}" -std=c11) ;;
      *) die "$header is neither a header of C nor of C++" ;;
    esac
    # Its name twice: a header that is included again must not mind.
    printf '#include <remit/%s>\n' "${header##*/}" "${header##*/}" |
      "${compiler[@]}" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsyntax-only -MD -MF "$work/header.d" \
        -I "$prefix/include" -x "$language" - || die "$header does not stand alone"
    ! grep -oE '[^ ]*/(infiniband|rdma|zmq[^ ]*|spdlog|fmt|nlohmann|tl|toml[^ ]*|CLI|xtensor|cuda[^ ]*)(/[^ ]*|\.hp*)' "$work/header.d" ||
      die "$header pulls in the header above"
    seen=$((seen + 1))
  done
  ((seen >= 10)) || die "only $seen headers are installed"
  echo "$seen headers stand alone"
}

step_abi() { "$root/scripts/abi_check.sh" "$build/src"; }

# run_consumer PROGRAM LINKED ARGUMENT...: it holds, and is linked with the shared library (yes) or not (no).
run_consumer() {
  local program=$1 expected=$2 shared=no
  shift 2
  readelf --dynamic "$program" | grep 'NEEDED.*libremit' >/dev/null && shared=yes
  [[ $shared = "$expected" ]] || die "$program: linked with libremit.so: $shared; expected: $expected"
  LD_LIBRARY_PATH=$prefix/$(libdir) "$program" "$@"
}

# With the flags that the presets compile with: the compiler's cache then has the objects of a subproject already.
configure_consumer() { # FOLDER OPTION...
  local folder=$1 flags
  shift
  flags=$(sed -n 's/^CMAKE_CXX_FLAGS:[A-Z]*=//p' "$build/CMakeCache.txt")
  rm -rf "$folder"
  cmake -S "$consumer" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_EXTENSIONS=OFF \
    -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"
}

consume_package() {
  configure_consumer "$work/package" -DCMAKE_PREFIX_PATH="$prefix"
  cmake --build "$work/package"
  run_consumer "$work/package/consumer" yes
}

consume_archive() {
  configure_consumer "$work/archive" -DREMIT_FROM=archive -DCMAKE_PREFIX_PATH="$prefix"
  cmake --build "$work/archive"
  run_consumer "$work/archive/consumer" no
}

# of_module MODULE OPTION...: with this installation's files alone in front of the system's.
of_module() { PKG_CONFIG_PATH=$prefix/$(libdir)/pkgconfig pkg-config "${@:2}" "$1"; }
remit_pkg_config() { of_module remit "$@"; }

consume_pkgconfig() {
  local flags libs
  read -ra flags <<<"$(remit_pkg_config --cflags)"
  read -ra libs <<<"$(remit_pkg_config --libs)"
  [[ "${libs[*]}" != *zmq* ]] || die "users of the shared library are told to link ${libs[*]}"
  "$cxx" -std=c++20 -Wall -Wextra -Werror "${flags[@]}" "$consumer/main.cpp" -o "$work/by_pkgconfig" "${libs[@]}"
  run_consumer "$work/by_pkgconfig" yes
  "${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror "${flags[@]}" "$consumer/main.c" -o "$work/c_by_pkgconfig" "${libs[@]}"
  run_consumer "$work/c_by_pkgconfig" yes "$(remit_pkg_config --modversion)"
}

# The archive, with the shared libraries that it needs: -l:libremit.a for what an installation without libremit.so has.
consume_pkgconfig-static() {
  local flags libs
  read -ra flags <<<"$(remit_pkg_config --static --cflags)"
  read -ra libs <<<"$(remit_pkg_config --static --libs)"
  "$cxx" -std=c++20 "${flags[@]}" "$consumer/main.cpp" -o "$work/by_pkgconfig_static" "${libs[@]/#-lremit/-l:libremit.a}"
  run_consumer "$work/by_pkgconfig_static" no
  "${CC:-cc}" -std=c11 "${flags[@]}" "$consumer/main.c" -o "$work/c_by_pkgconfig_static" "${libs[@]/#-lremit/-l:libremit.a}"
  run_consumer "$work/c_by_pkgconfig_static" no "$(remit_pkg_config --modversion)"
}

# remit::bootstrap with the shared library and with the archive, by CMake and by pkg-config.
consume_bootstrap() {
  local peers=$work/peers.toml flags libs
  printf '[[peer]]\nendpoint = "tcp://10.0.0.5:7700"\n[[peer]]\nendpoint = "tcp://10.0.0.6:7700"\ntp_rank = 1\n' >"$peers"
  configure_consumer "$work/bootstrap" -DREMIT_FROM=bootstrap -DCMAKE_PREFIX_PATH="$prefix"
  cmake --build "$work/bootstrap"
  run_consumer "$work/bootstrap/consumer" yes "$peers"
  configure_consumer "$work/bootstrap-archive" -DREMIT_FROM=bootstrap-archive -DCMAKE_PREFIX_PATH="$prefix"
  cmake --build "$work/bootstrap-archive"
  run_consumer "$work/bootstrap-archive/consumer" no "$peers"
  read -ra flags <<<"$(of_module remit-bootstrap --cflags)"
  read -ra libs <<<"$(of_module remit-bootstrap --libs)"
  "$cxx" -std=c++20 -Wall -Wextra -Werror "${flags[@]}" "$consumer/bootstrap.cpp" -o "$work/bootstrap_by_pkgconfig" "${libs[@]}"
  run_consumer "$work/bootstrap_by_pkgconfig" yes "$peers"
}

# What remit may leave in the cache of the project that it is part of: its own options, and what it found of what it
# needs. Neither its tests' and tools' needs nor a setting that is the project's.
check_cache() {
  local strangers
  strangers=$(sed -nE 's/^([A-Za-z0-9_.-]+):[A-Z]+=.*/\1/p' "$1/CMakeCache.txt" |
    grep -E '^(BUILD_SHARED_LIBS|BUILD_TESTING|CPACK_.*|GTest_DIR|benchmark_DIR|CLI11_DIR|xtensor_DIR|_?Python3_.*|CMAKE_INSTALL_LIBDIR)$' || true)
  [[ -z $strangers ]] || die "remit leaves in the cache of its parent project: ${strangers//$'\n'/ }"
}

# consume_source HOW: remit as part of the project; one folder below build/ as the presets' are, for the cache's sake.
consume_source() {
  local folder=$root/build/package-consumer-$1
  configure_consumer "$folder" -DREMIT_FROM="$1" -DREMIT_SOURCE="$root"
  check_cache "$folder"
  cmake --build "$folder" -j "$jobs"
  local built
  built=$(find "$folder" -type f -perm -u+x ! -path '*/CMakeFiles/*' -printf '%f\n' | sort | tr '\n' ' ')
  [[ $built = "consumer " ]] || die "the project builds programs of remit's: $built"
  run_consumer "$folder/consumer" no
  cmake --install "$folder" --prefix "$folder/installed" >/dev/null
  [[ $(cd "$folder/installed" && find . -type f) = ./bin/consumer ]] || die "installing the project installs remit with it"
}

consume_subdirectory() { consume_source subdirectory; }
consume_fetch() { consume_source fetch; }

step_consume() {
  mkdir -p "$work"
  declare -F "consume_$1" >/dev/null || die "there is no consumer \"$1\"; see --help"
  "consume_$1"
}

# refused NAME PATTERN OPTION...: configuring the consumer fails with that text.
refused() {
  local name=$1 pattern=$2 said
  shift 2
  if said=$(configure_consumer "$work/refused" "$@" 2>&1); then die "$name: was not refused"; fi
  # CMake breaks lines where it likes.
  tr -s ' \n' ' ' <<<"$said" | grep -E -- "$pattern" >/dev/null || die "$name: $said"
  echo "refused as it should be: $name"
}

step_refusals() {
  local other=$work/other
  mkdir -p "$other"
  refused "nothing installed" 'remitConfig.cmake' -DCMAKE_PREFIX_PATH=/nonexistent \
    -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF
  refused "archive without spdlog" 'spdlog \(Debian: libspdlog-dev\)' -DREMIT_FROM=archive -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_DISABLE_FIND_PACKAGE_spdlog=ON
  refused "archive without pkg-config" 'pkg-config \(Debian: pkg-config\).*libzmq \(Debian: libzmq3-dev\)' -DREMIT_FROM=archive \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON
  refused "bootstrap without HTTP" 'pkg-config \(Debian: pkg-config\).*cpp-httplib \(Debian: libcpp-httplib-dev\)' \
    -DREMIT_FROM=bootstrap -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON
  # The shared library needs none of them.
  configure_consumer "$other" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_DISABLE_FIND_PACKAGE_spdlog=ON \
    -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON >/dev/null || die "the shared library asks for what the archive needs"
  local consumer=$other/project request pattern
  mkdir -p "$consumer"
  while IFS='|' read -r request pattern; do
    printf 'cmake_minimum_required(VERSION 3.25)\nproject(other LANGUAGES CXX)\nfind_package(remit %s REQUIRED)\n' \
      "$request" >"$consumer/CMakeLists.txt"
    refused "$request" "$pattern" -DCMAKE_PREFIX_PATH="$prefix"
  done <<'END_OF_REQUESTS'
0.2|version: 0\.1\.
1.0|version: 0\.1\.
COMPONENTS shared|component shared \(there are: static, bootstrap\)
END_OF_REQUESTS
}

# field FILE NAME: of a package's control file.
field() { dpkg-deb --field "$1" "$2"; }

step_debs() {
  local out=$work/debs version deb needs package
  rm -rf "$out" "$work/root"
  mkdir -p "$out" "$work/root"
  (cd "$build" && cpack -B "$out")
  version=$(sed -n 's/^CMAKE_PROJECT_VERSION:[A-Z]*=//p' "$build/CMakeCache.txt")
  [[ $(cd "$out" && ls *.deb | sed 's/_.*//' | sort | tr '\n' ' ') = "libremit-dev libremit0 remit " ]] || die "packages are: $(ls "$out")"
  for deb in "$out"/*.deb; do
    [[ $(field "$deb" Version) = "$version" ]] || die "$deb has version $(field "$deb" Version), not $version"
    dpkg-deb --extract "$deb" "$work/root"
  done
  # What is read from the binaries, and what the archive is linked with.
  for package in libremit0 remit; do
    needs=$(field "$out/${package}_"*.deb Depends)
    for deb in libc6 libstdc++6 libibverbs1 libspdlog libzmq5; do
      [[ $needs == *"$deb"* ]] || die "$package does not depend on $deb: $needs"
    done
    [[ $needs != *-dev* ]] || die "$package needs a package for development: $needs"
  done
  needs=$(field "$out"/libremit-dev_*.deb Depends)
  for deb in "libremit0 (= $version)" libspdlog-dev libzmq3-dev libibverbs-dev; do
    [[ $needs == *"$deb"* ]] || die "libremit-dev does not depend on $deb: $needs"
  done
  dpkg-deb --info "$out"/libremit0_*.deb shlibs | grep '^libremit 0 libremit0 ' >/dev/null || die "libremit0 tells others nothing of its soname"
  dpkg-deb --contents "$out"/libremit0_*.deb | grep 'libremit\.so\.0 -> ' >/dev/null || die "libremit0 lacks libremit.so.0"
  local lib
  lib=$work/root/usr/$(libdir)
  is_there "$work/root/usr/bin/remit" "$work/root/usr/share/man/man1/remit.1" "$lib/libremit.a" \
    "$work/root/usr/lib/systemd/system/remit-embed.service"
  "$work/root/usr/bin/remit" demo --fabric loopback --hidden 64
  # A program that was built against the installation runs with the package's library.
  LD_LIBRARY_PATH=$lib "$work/package/consumer"
  tar --list --file "$out"/remit-*.tar.gz | grep '/bin/remit$' >/dev/null || die "the archive of all lacks the command"
}

if (($# == 0)) || [[ $1 = --help || $1 = -h ]]; then usage && exit 0; fi
declare -F "step_$1" >/dev/null || die "there is no step \"$1\"; see --help"
cd "$root"
step=$1
shift
"step_$step" "$@"
