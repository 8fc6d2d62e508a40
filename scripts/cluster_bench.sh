#!/bin/bash
# The comparisons of scripts/bench.sh between two machines with RDMA, over ssh.
set -euo pipefail

usage() {
  cat <<'END'
Usage: scripts/cluster_bench.sh [options] SENDER RECEIVER

SENDER and RECEIVER are reached as `ssh HOST` without a password, have perftest and python3, and an RDMA device with an
active port. The programs of build/release/bin are copied to both (~/.cache/remit-bench); they need libibverbs and
libzmq there. `local` instead of a host is this machine: `cluster_bench.sh local local` tries the script in one guest.

  --devices A,B     RDMA devices of sender and receiver (the first active one of each)
  --addresses A,B   addresses on the network of control messages; the receiver must reach the sender's (from `ip`)
  --gid-index N     GID for perftest (what remit has picked is in its log; 3 on many RoCE v2 hosts) (1)
  --sizes LIST      lengths of requests (64K,1M,16M,64M,256M)
  --keys            control messages are encrypted with keys made for this run; without, the network must be trusted
  --turns N         turns of remit and perftest (7)
  --out FILE        results (bench/results/<date>-cluster.json)
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
devices='' addresses='' gid=1 sizes=64K,1M,16M,64M,256M keys=0 turns=7 out=''
hosts=()
while (($#)); do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --keys) keys=1 ;;
    --devices | --addresses | --gid-index | --sizes | --turns | --out)
      (($# > 1)) || { echo "cluster_bench: $1 needs a value (see --help)" >&2 && exit 2; }
      case $1 in
        --devices) devices=$2 ;;
        --addresses) addresses=$2 ;;
        --gid-index) gid=$2 ;;
        --sizes) sizes=$2 ;;
        --turns) turns=$2 ;;
        --out) out=$2 ;;
      esac
      shift
      ;;
    -*) echo "cluster_bench: unknown option '$1' (see --help)" >&2 && exit 2 ;;
    *) hosts+=("$1") ;;
  esac
  shift
done
((${#hosts[@]} == 2)) || { usage >&2 && exit 2; }

on() { # host, command...
  local host=$1
  shift
  if [[ $host = local ]]; then "$@"; else ssh -o BatchMode=yes "$host" "$(printf '%q ' "$@")"; fi
}

# shellcheck disable=SC2016 # expanded over there
active_device='for d in /sys/class/infiniband/*; do grep -qs ACTIVE "$d"/ports/*/state && basename "$d" && break; done'
# shellcheck disable=SC2016
first_address='ip -o -4 addr show scope global | awk "{sub(/\/.*/, \"\", \$4); print \$4; exit}"'
split() { cut -d, -f"$2" <<<"$1"; }

folders=() device=() address=()
for i in 0 1; do
  host=${hosts[$i]}
  if [[ $host = local ]]; then
    folders+=("$root/build/release/bin")
  else
    # shellcheck disable=SC2088 # the other side's home
    ssh -o BatchMode=yes "$host" mkdir -p .cache/remit-bench
    rsync -a "$root"/build/release/bin/remit "$root"/build/release/bin/remit_zmq_rtt "$host:.cache/remit-bench/"
    folders+=("$(ssh -o BatchMode=yes "$host" pwd)/.cache/remit-bench")
  fi
  device+=("${devices:+$(split "$devices" $((i + 1)))}")
  [[ -n ${device[$i]} ]] || device[i]=$(on "$host" bash -c "$active_device")
  [[ -n ${device[$i]} ]] || { echo "cluster_bench: no active RDMA device on $host; name it with --devices" >&2 && exit 3; }
  address+=("${addresses:+$(split "$addresses" $((i + 1)))}")
  [[ -n ${address[$i]} ]] || address[i]=$(on "$host" bash -c "$first_address")
  [[ -n ${address[$i]} ]] || { echo "cluster_bench: no IPv4 address on $host; name one with --addresses" >&2 && exit 3; }
done

: "${out:=$root/bench/results/$(date +%F)-cluster.json}"
exec "$root/scripts/bench/cluster.py" --hosts "${hosts[@]}" --folders "${folders[@]}" --devices "${device[@]}" \
  --addresses "${address[@]}" --gid-index "$gid" --sizes "$sizes" --turns "$turns" --keys "$keys" --out "$out"
