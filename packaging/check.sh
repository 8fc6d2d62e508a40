#!/bin/bash
# Judges what deploys remit without a container engine or a cluster: the Dockerfile by hadolint, Kubernetes' objects and
# the workflow by their schemas, the unit by systemd.
set -euo pipefail

usage() {
  cat <<'END_OF_USAGE'
Usage: packaging/check.sh [COMMAND]

  COMMAND  the remit command, whose --help must know each option that is used here (none: options are not looked at)

The checkers of packaging/requirements.txt are installed in ~/.cache/remit at the first call. Exit status: 0 where
nothing is found.
END_OF_USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
case ${1:-} in
  --help | -h) usage && exit 0 ;;
  -*) echo "packaging: unknown option $1; see --help" >&2 && exit 2 ;;
esac
command=${1:-}

status=0
# judge NAME COMMAND...: its output counts only where it fails.
judge() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then echo "ok     $name"; else
    printf 'FAILED %s\n%s\n' "$name" "$said"
    status=1
  fi
}

# A folder a list of checkers: one that was installed in part, or is of another list, is not taken.
checkers() {
  local folder
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/remit/checkers-$(sha256sum packaging/requirements.txt | cut -c 1-12)
  if [[ ! -e $folder/complete ]]; then
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement packaging/requirements.txt
    touch "$folder/complete"
  fi
  bin=$folder/bin
}

# The unit as it is installed, with a program that is there in place of the one that is not.
check_unit() {
  local work unit
  work=$(mktemp -d)
  unit=$work/remit-embed.service
  sed 's|@CMAKE_INSTALL_FULL_BINDIR@/remit|/bin/true|' packaging/systemd/remit-embed.service.in >"$unit"
  # It speaks of units of the machine too, and ends with 0 whatever it said of this one.
  SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$unit" >"$work/said" 2>&1 || true
  grep -F remit-embed "$work/said" && return 1
  # From 0, shut off from all, to 10.
  local exposure
  exposure=$(systemd-analyze security --offline=yes --threshold=25 "$unit" 2>&1) || { echo "$exposure" && return 1; }
  rm -rf "$work"
}

# The stop times have to leave a drain its seconds.
check_drain() {
  local drain stop grace
  drain=$(sed -nE 's/^ExecStart=.* --drain ([0-9]+) .*/\1/p' packaging/systemd/remit-embed.service.in)
  stop=$(sed -nE 's/^TimeoutStopSec=([0-9]+)$/\1/p' packaging/systemd/remit-embed.service.in)
  ((drain > 0 && stop >= drain + 10)) || { echo "unit: TimeoutStopSec is $stop, --drain $drain: 10 more are needed" && return 1; }
  for grace in $(sed -nE 's/^ *terminationGracePeriodSeconds: ([0-9]+)$/\1/p' packaging/kubernetes/remit.yaml); do
    for drain in $(grep -oE -- '--drain=[0-9]+' packaging/kubernetes/remit.yaml | cut -d = -f 2); do
      ((grace >= drain + 10)) || { echo "pods: the grace period is $grace, --drain $drain: 10 more are needed" && return 1; }
    done
  done
}

# Each --option here is one of the command's.
check_options() {
  local known option found=0
  known=$(for word in embed language doctor; do "$command" "$word" --help; done)
  while IFS= read -r option; do
    found=$((found + 1))
    grep -qE -- "^ +$option( |$)" <<<"$known" || { echo "the command knows no $option" && return 1; }
  done < <(grep -hE '^ExecStart=|^ +- --|exec /usr/bin/remit|--key' packaging/systemd/*.in packaging/kubernetes/*.yaml |
    grep -vE '^ *#' | grep -oE -- '--[a-z-]+' | sort -u)
  ((found > 5)) || { echo "only $found options were found in packaging/" && return 1; }
}

checkers
judge dockerfile "$bin/hadolint" packaging/docker/Dockerfile
judge kubernetes "$bin/kubernetes-validate" --strict packaging/kubernetes/remit.yaml
judge workflow "$bin/check-jsonschema" --builtin-schema vendor.github-workflows .github/workflows/ci.yml
judge systemd-unit check_unit
judge drain check_drain
[[ -z $command ]] || judge options check_options
exit $status
