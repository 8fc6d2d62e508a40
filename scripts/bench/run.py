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

import sections
from programs import Machine


class Effort:
    """How much is measured: turns of a comparison between programs, samples within one, seconds of a turn."""

    def __init__(self, quick):
        self.turns, self.samples, self.seconds = (3, 6, 0.3) if quick else (7, 18, 1.0)


SECTIONS = {"goodput": sections.goodput, "resume": sections.resume, "latency": sections.latency,
            "small_requests": sections.small_requests}


def main():
    binaries, out, *chosen = sys.argv[1:]
    machine = Machine(binaries, os.environ["REMIT_RDMA_DEVICES"].split(), os.environ.get("REMIT_RDMA_ADDRESSES", "").split())
    effort = Effort(os.environ.get("REMIT_BENCH_QUICK", "") == "1")
    results = {"host_kind": os.environ.get("REMIT_GUEST", "host"), "kernel": platform.release(), "cpus": os.cpu_count(),
               "devices": machine.devices, "failures": {}, "sections": {}}
    for name, measure in SECTIONS.items():
        if chosen and name not in chosen:
            continue
        begin = time.monotonic()
        try:
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
