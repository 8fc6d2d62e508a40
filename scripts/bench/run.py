#!/usr/bin/python3
"""Measures every section on the RDMA devices of this machine: run.py BINARIES OUT.json [SECTION...].

Meant for scripts/bench.sh, which gives it devices (REMIT_RDMA_DEVICES, REMIT_RDMA_ADDRESSES) and judges the results.
A section that fails is told with its reason; the others go on, and the exit status is 1.
"""
import json
import os
import platform
import sys
import time
import traceback

import delays
import rest
import sections
from programs import Failure, Machine


class Effort:
    """How much is measured: turns of a comparison between programs, samples within one, seconds of a turn, the longest
    request in bytes."""

    def __init__(self, quick):
        self.turns, self.samples, self.seconds, self.longest = (2, 6, 0.1, 1 << 20) if quick else (7, 18, 1.0, 64 << 20)


# In this order: what matters most comes first, should the time not suffice.
SECTIONS = {"counts": rest.counts, "goodput": sections.goodput, "resume": sections.resume, "latency": sections.latency,
            "small_requests": sections.small_requests, "set_up": rest.set_up, "delays": delays.measure,
            "rails": rest.rails, "settings": rest.settings, "estimator": rest.estimator}

# Seconds after which no further section is begun: the whole is to end within half an hour.
BUDGET = 1500


def main():
    begun = time.monotonic()
    binaries, out, *chosen = sys.argv[1:]
    machine = Machine(binaries, os.environ["REMIT_RDMA_DEVICES"].split(), os.environ.get("REMIT_RDMA_ADDRESSES", "").split())
    effort = Effort(os.environ.get("REMIT_BENCH_QUICK", "") == "1")
    results = {"host_kind": os.environ.get("REMIT_GUEST", "host"), "kernel": platform.release(), "cpus": os.cpu_count(),
               "devices": machine.devices, "failures": {}, "sections": {}}
    for name in chosen or SECTIONS:
        measure = SECTIONS[name]
        begin = time.monotonic()
        try:
            if begin - begun > BUDGET:
                raise Failure(f"not begun: {BUDGET} s were spent on what comes before it")
            results["sections"][name] = measure(machine, effort)
        except Exception as failure:  # one section's end is not the others'
            traceback.print_exc()
            results["failures"][name] = str(failure)
        print(f"{name}: {time.monotonic() - begin:.0f} s{', FAILED' if name in results['failures'] else ''}", flush=True)
        with open(out, "w", encoding="utf-8") as file:  # what is there is kept, whatever comes
            json.dump(results, file)
    return 1 if results["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
