#!/bin/bash
# Two workers that find each other through a directory: a demonstration, and a test of the guest.
set -euo pipefail

usage() {
  cat <<'END'
Usage: scripts/bootstrap_demo.sh route|etcd|peers [REMIT]

Starts a directory (`remit bootstrap`, a real etcd, or a file of peers), lets `remit embed` register and `remit language`
look it up, stops the directory while requests move, and fails unless every byte of every request was right all the same.
Runs where an RDMA device is, through scripts/soft_roce.sh where there is none; REMIT is the command
(build/release/bin/remit). Everything stays on 127.0.0.1.

Exit status: 0 where all was verified; 2 wrong usage; 3 the machine lacks something; else what failed said so.
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
way=${1:-}
remit=${2:-$root/build/release/bin/remit}
case $way in
  --help | -h) usage && exit 0 ;;
  route | etcd | peers) ;;
  *) echo "bootstrap_demo: \"$way\" is no directory; permitted: route, etcd, peers" >&2 && exit 2 ;;
esac
[[ -x $remit ]] || { echo "bootstrap_demo: $remit is missing: build remit_command" >&2 && exit 3; }
if [[ $way = etcd ]] && ! command -v etcd >/dev/null; then
  echo "bootstrap_demo: there is no etcd: scripts/setup.sh installs it" >&2 && exit 3
fi
if ! compgen -G '/sys/class/infiniband/*' >/dev/null; then
  exec "$root/scripts/soft_roce.sh" -- "${BASH_SOURCE[0]}" "$way" "$remit"
fi

read -r -a devices <<<"${REMIT_RDMA_DEVICES:-$(cd /sys/class/infiniband && echo *)}"
sender_device=${devices[0]} receiver_device=${devices[1]:-${devices[0]}}
patience=$((60 * ${REMIT_TIME_SCALE:-1}))
work=$(mktemp -d)
directory='' embed='' language=''
end() {
  local process
  for process in $language $embed $directory; do kill -KILL "$process" 2>/dev/null || true; done
  rm -rf "$work"
}
trap end EXIT

fail() {
  echo "bootstrap_demo: $1" >&2
  tail -n 20 "$work"/*.log >&2
  exit 1
}

# wait_for WHAT FILE PROCESS: until a line of FILE has WHAT in it.
wait_for() {
  local end=$((SECONDS + patience))
  until grep -q -- "$1" "$2" 2>/dev/null; do
    kill -0 "$3" 2>/dev/null || fail "process ended before \"$1\" was in ${2##*/}"
    ((SECONDS < end)) || fail "no \"$1\" in ${2##*/} within $patience s"
    sleep 0.05
  done
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The port of the embedding worker is chosen here, where a file must tell it beforehand.
endpoint=tcp://127.0.0.1:$(free_port)
case $way in
  route)
    "$remit" bootstrap --listen 127.0.0.1:0 >"$work/directory.log" 2>&1 &
    directory=$!
    wait_for http:// "$work/directory.log" "$directory"
    where=$(grep -o 'http://.*' "$work/directory.log")
    register=(--bootstrap "$where") look_up=(--bootstrap "$where")
    ;;
  etcd)
    client=127.0.0.1:$(free_port) peer=http://127.0.0.1:$(free_port)
    etcd --name=remit --data-dir="$work/data" --listen-client-urls="http://$client" --advertise-client-urls="http://$client" \
      --listen-peer-urls="$peer" --initial-advertise-peer-urls="$peer" --initial-cluster="remit=$peer" \
      >"$work/directory.log" 2>&1 &
    directory=$!
    wait_for "ready to serve client requests" "$work/directory.log" "$directory"
    where=etcd://$client/remit
    register=(--bootstrap "$where") look_up=(--bootstrap "$where")
    ;;
  peers)
    where=$work/peers.toml
    printf '[[peer]]\nendpoint = "%s"\n' "$endpoint" >"$where"
    register=() look_up=(--peers "$where")
    ;;
esac

shape=(--hidden 512 --tokens 2000 --requests 20 --concurrency 2 --timeout "$patience" --log-level info)
"$remit" embed "${shape[@]}" --listen "$endpoint" --device "$sender_device" ${register[@]+"${register[@]}"} \
  >"$work/embed.log" 2>&1 &
embed=$!
"$remit" language "${shape[@]}" --json --device "$receiver_device" "${look_up[@]}" \
  >"$work/report.json" 2>"$work/language.log" &
language=$!

# Once it is found, nothing needs the directory any more.
wait_for "found the embedding worker at $endpoint by $where" "$work/language.log" "$language"
if [[ -n $directory ]]; then
  kill -KILL "$directory"
  wait "$directory" 2>/dev/null || true
else
  rm "$where"
fi
wait "$language" || fail "the language worker failed"
wait "$embed" || fail "the embedding worker failed"
python3 - "$work/report.json" <<'END' || fail "the report is not that of 20 verified requests"
import json, sys
report = json.loads(open(sys.argv[1]).read().strip().splitlines()[-1])
sys.exit(not (report["verified"] is True and report["requests"] == 20 and report["tokens"] == 40000 and report["fabric"] == "verbs"))
END
echo "$way: 20 requests of 2000 tokens verified between two processes that found each other through ${where/#"$work"\//}, which was gone before they ended"
