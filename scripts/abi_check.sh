#!/bin/bash
# What a shared libremit shows, compared with what it is to show.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
Usage: scripts/abi_check.sh [--update] [FOLDER]

Looks at libremit.so and libremit.a in FOLDER (build/package/src, by the preset "package"):
  - each symbol that the shared library exports is declared with REMIT_API in a header of include/remit, or is part of the
    C API of remit.h;
  - what those headers declare and the library defines is exported;
  - the exported symbols are those of tests/package/libremit.symbols.

  --update  writes that list anew. A symbol that goes away or changes breaks programs that were linked with it: raise
            REMIT_ABI in the top CMakeLists.txt and the version in src/libremit.map with it, once a release

Exit status: 0 where all is so.
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
list=$root/tests/package/libremit.symbols
update='' folder=''
while (($#)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --update) update=1 ;;
    -*) echo "abi_check: unknown option $1; see --help" >&2 && exit 2 ;;
    *) folder=$1 ;;
  esac
  shift
done
folder=${folder:-$root/build/package/src}
for file in libremit.so libremit.a; do
  [[ -e $folder/$file ]] || { echo "abi_check: $folder/$file is not there; build the preset \"package\" first" >&2 && exit 2; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
fail() { echo "abi_check: $*" >&2 && status=1; }

# By name alone, as people read them; the symbol's version is the library's, and is looked at once.
nm --dynamic --defined-only --with-symbol-versions "$folder/libremit.so" | awk '$2 != "A" {print $NF}' >"$work/mangled"
sed 's/@@.*//' "$work/mangled" | c++filt | LC_ALL=C sort -u >"$work/exported"
versions=$(sed 's/.*@//' "$work/mangled" | sort -u)
number=$(sed -n 's/^set(REMIT_ABI \([0-9]*\))$/\1/p' "$root/CMakeLists.txt")
[[ $versions = "REMIT_$number" ]] || fail "versions of the symbols are \"$versions\", but REMIT_ABI is \"$number\""
soname=$(readelf --dynamic "$folder/libremit.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
[[ $soname = "libremit.so.$number" ]] || fail "the soname is \"$soname\", but REMIT_ABI is \"$number\""

# Names that the headers declare: C++ classes and functions with REMIT_API, functions of the C API, all classes, all
# functions at the beginning of a line.
headers=("$root"/include/remit/*)
annotated=$(grep -hE '\bREMIT_(C_)?API\b' "${headers[@]}" | grep -vE '^ *#' || true)
classes=$(grep -hoE '^(class|struct) (REMIT_API )?\w+' "${headers[@]}" | awk '{print $NF}')
functions=$(grep -hE '^[A-Za-z[]' "${headers[@]}" | grep -oE '\b[a-z_]\w*\(' | tr -d '(' | sort -u)
declares() { grep -qwF -- "$2" <<<"$1"; }

while IFS= read -r symbol; do
  case $symbol in
    remit_*) name=$symbol ;;
    'typeinfo for remit::'* | 'typeinfo name for remit::'* | 'vtable for remit::'* | remit::*)
      name=${symbol##* for }
      name=${name#remit::}
      name=${name%%[!A-Za-z0-9_]*}
      ;;
    *)
      fail "exported, but not remit's: $symbol"
      continue
      ;;
  esac
  if ! declares "$annotated" "$name"; then fail "exported, but no header has REMIT_API on $name: $symbol"; fi
  # Handles hide what is behind them.
  if [[ $symbol =~ ::(State|Impl)(::|$) ]]; then fail "exported, but inside a handle (REMIT_LOCAL is missing): $symbol"; fi
done <"$work/exported"

# What is defined out of line and declared in a header, but not shown.
nm --demangle --defined-only "$folder/libremit.a" 2>/dev/null | sed -nE 's/^[0-9a-f]+ T (remit(::|_).*)$/\1/p' | LC_ALL=C sort -u >"$work/defined"
while IFS= read -r symbol; do
  name=${symbol%%[(\[]*}
  case $name in
    remit_*) declares "$annotated" "$name" || continue ;;
    remit::*::*::*) continue ;;
    remit::*::*)
      name=${name#remit::}
      declares "$classes" "${name%%::*}" || continue
      ;;
    *) declares "$functions" "${name#remit::}" || continue ;;
  esac
  fail "declared in a header, but not exported (REMIT_API is missing): $symbol"
done < <(LC_ALL=C comm -13 "$work/exported" "$work/defined")

if [[ $update ]]; then
  cp "$work/exported" "$list"
  echo "abi_check: $list has $(wc -l <"$list") symbols"
elif ! diff -u "$list" "$work/exported"; then
  fail "the exported symbols (+) are not those of ${list#"$root/"} (-); where that is meant: scripts/abi_check.sh --update"
fi
if ((status == 0)); then echo "abi_check: $(wc -l <"$work/exported") symbols, all declared and listed, soname $soname"; fi
exit $status
