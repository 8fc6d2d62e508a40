#!/bin/bash
# Sets up, builds and shows remit: a request that does not fit where it was to go, moved over real RDMA verbs.
set -euo pipefail

usage() {
  cat <<'END'
Usage: scripts/demo.sh [--photos] [OPTION of `remit demo`]...

Installs what is missing (scripts/setup.sh), builds the remit command and runs `remit demo` where an RDMA
device is active (scripts/soft_roce.sh): 2000 tokens into 1024, resumed, every byte verified.

  --photos   make a request from several photographs and a prompt (scripts/make_sample.py; --hidden and --dtype
             are its as well), move that, and compare what arrives bit for bit
  --json     the last line on standard output is one JSON object; all else goes to standard error
  --help     this text; `build/release/bin/remit demo --help` names the other options

Exit status: that of `remit demo`, or 3 where set-up or build failed. build/demo.log tells the story.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
log=$root/build/demo.log
photos=0
demo_options=()
sample_options=()

# Those of `remit demo`, for a checkout in which it is not yet built.
known="--tokens --allocate --block-size --sender-block-size --hidden --dtype --deepstack --pool-blocks
  --sender-pool-blocks --requests --concurrency --layout --source --sink --keep-blocks --fabric --device --gid-index
  --ib-port --insecure --config --set --input --output --seed --timeout --json --log-level"

# check_option WORD: an option that nobody knows is refused before set-up and build take their minutes.
check_option() {
  local name=${1%%=*} built=$root/build/release/bin/remit
  [[ $name == -* && ! $name =~ ^-[0-9] ]] || return 0
  [[ " ${known//$'\n'/ } " == *" $name "* ]] && return 0
  if [[ -x $built ]] && "$built" demo --help 2>/dev/null | grep -qE "^ *$name( |$)"; then return 0; fi
  echo "demo: unknown option \"$name\"; permitted: --photos --help" $known >&2
  exit 2
}

while (($#)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --photos) photos=1 ;;
    --hidden | --dtype)
      if (($# < 2)); then echo "demo: option $1: the value is missing" >&2 && exit 2; fi
      demo_options+=("$1" "$2")
      sample_options+=("$1" "$2")
      shift
      ;;
    --hidden=* | --dtype=*)
      demo_options+=("$1")
      sample_options+=("$1")
      ;;
    *)
      check_option "$1"
      demo_options+=("$1")
      ;;
  esac
  shift
done

# step WHAT COMMAND...: standard output is the demo's alone.
step() {
  local what=$1 begin=$SECONDS
  shift
  echo "demo: $what ..." >&2
  if ! (cd "$root" && "$@") >>"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "demo: $what failed; all of it is in $log" >&2
    exit 3
  fi
  echo "demo: $what done in $((SECONDS - begin)) s" >&2
}

build() {
  cmake --preset release
  cmake --build --preset release --target remit_command
}

mkdir -p "$root/build"
: >"$log"
step "set-up" "$root/scripts/setup.sh"
step "build" build

if ((photos)); then
  sample=$root/build/photos
  echo "demo: making a request from photographs" >&2
  /usr/bin/python3 "$root/scripts/make_sample.py" --out "$sample" ${sample_options[@]+"${sample_options[@]}"} >&2
  demo_options+=(--input "$sample" --output "$root/build/photos-arrived")
fi

exec "$root/scripts/soft_roce.sh" -- "$root/build/release/bin/remit" demo ${demo_options[@]+"${demo_options[@]}"}
