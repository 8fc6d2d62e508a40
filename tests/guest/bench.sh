#!/bin/bash
# A quick bench over verbs: bench.sh BIN, through scripts/soft_roce.sh. It fails on what is counted, never on a time:
# allocations, work requests, control messages and system calls a request; and where a byte was wrong. Reports go to REMIT_OUT.
set -uo pipefail
bin=$1
out=${REMIT_OUT:?run this through scripts/soft_roce.sh}
read -r sender receiver sender_rail receiver_rail _ <<<"$REMIT_RDMA_DEVICES"
failed=0

# step NAME COMMAND...
step() {
  local name=$1
  shift
  if "$@" >"$out/$name.log" 2>&1; then
    echo "ok     $name"
    printf '<testsuite name="%s" tests="1" failures="0"/>\n' "$name" >"$out/$name.xml"
  else
    echo "FAILED $name"
    tail -n 30 "$out/$name.log"
    printf '<testsuite name="%s" tests="1" failures="1"/>\n' "$name" >"$out/$name.xml"
    failed=1
  fi
}

# User-Mode Linux has no tracepoints to count system calls with.
required=(--require-system-calls)
[[ ${REMIT_GUEST:-} != uml ]] || required=()
step bench-counts "$bin/remit_counts" "--device=$sender,$receiver" "${required[@]}"
step bench-modes "$bin/remit" bench "--device=$sender,$receiver" --sizes=3t,1M --hidden=1024 --iterations=5 --warmup=1 \
  --timeout=600 --modes=one-shot,resume/2,serial/2,size-first
step bench-concurrent "$bin/remit" bench "--device=$sender,$receiver" --sizes=64t --hidden=256 --iterations=100 \
  --concurrency=16 --timeout=600 --modes=one-shot
if [[ -n $receiver_rail ]]; then
  step bench-rails "$bin/remit" bench "--device=$sender,$sender_rail,$receiver,$receiver_rail" --sizes=4M --hidden=1024 \
    --iterations=3 --warmup=1 --timeout=600 --modes=one-shot
fi
step bench-set-up "$bin/remit_setup_cost" "$sender" 4 3
exit $failed
