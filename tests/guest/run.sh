#!/bin/bash
# Every test that needs RDMA devices, in one boot: run.sh BIN, through scripts/soft_roce.sh. Reports go to REMIT_OUT.
set -uo pipefail
bin=$1
out=${REMIT_OUT:?run this through scripts/soft_roce.sh}
here=$(dirname "${BASH_SOURCE[0]}")
failed=0

resources() { rdma resource show; }

before=$(resources)
for test in "$bin"/remit_test_*_verbs; do
  name=${test##*/}
  "$test" --gtest_brief=1 --gtest_output="xml:$out/$name.xml" >"$out/$name.log" 2>&1
  status=$?
  if [[ $status -ne 0 ]]; then
    tail -n 60 "$out/$name.log"
    failed=1
    [[ -s $out/$name.xml ]] || printf '<testsuite name="crashed" tests="1" failures="1"/>\n' >"$out/$name.xml"
  fi
  printf '%s %s: %s\n' "$([[ $status -eq 0 ]] && echo 'ok    ' || echo FAILED)" "$name" \
    "$(grep -E '^\[ +(PASSED|FAILED) ' "$out/$name.log" | head -n 1)"
done

"$here/demo_scenarios.py" "$bin/remit" "$out/demo_scenarios.xml" || failed=1
"$here/examples_scenarios.py" "$bin" "$out/examples_scenarios.xml" || failed=1
# It takes links down and device files away: only where they are nobody else's.
case ${REMIT_GUEST:-} in
  qemu | uml) "$here/doctor_scenarios.py" "$bin/remit" "$out/doctor_scenarios.xml" || failed=1 ;;
esac

# Workers that find each other through each directory, which is gone before they end.
for way in route etcd peers; do
  if "$here/../../scripts/bootstrap_demo.sh" "$way" "$bin/remit" >"$out/bootstrap_$way.log" 2>&1; then
    echo "ok     bootstrap $(tail -n 1 "$out/bootstrap_$way.log")"
    printf '<testsuite name="bootstrap" tests="1" failures="0"/>\n' >"$out/bootstrap_$way.xml"
  else
    tail -n 60 "$out/bootstrap_$way.log"
    echo "FAILED bootstrap $way"
    printf '<testsuite name="bootstrap" tests="1" failures="1"/>\n' >"$out/bootstrap_$way.xml"
    failed=1
  fi
done

# A short soak: every fault, one after the other, in a run that is whole.
if "$bin/remit_soak" --requests 200 --output "$out/soak.json" >"$out/soak.log" 2>&1; then
  echo "ok     soak of 200 requests"
  printf '<testsuite name="soak" tests="1" failures="0"/>\n' >"$out/soak.xml"
else
  tail -n 60 "$out/soak.log"
  echo "FAILED soak of 200 requests"
  printf '<testsuite name="soak" tests="1" failures="1"/>\n' >"$out/soak.xml"
  failed=1
fi

"$here/bench.sh" "$bin" || failed=1

# Whatever was created is gone again: queue pairs, completion queues, regions, domains.
after=$(resources)
if [[ $before = "$after" ]]; then
  echo "ok     resources are back at their baseline"
  printf '<testsuite name="resources" tests="1" failures="0"/>\n' >"$out/resources.xml"
else
  printf 'FAILED resources: before\n%s\nafter\n%s\n' "$before" "$after"
  printf '<testsuite name="resources" tests="1" failures="1"/>\n' >"$out/resources.xml"
  failed=1
fi
exit $failed
