#!/usr/bin/python3
"""Puts the parts of a run together: merge.py FOLDER RESULTS. Prints the file, RESULTS/<date>-<host kind>.json."""
import datetime
import json
import subprocess
import sys
from pathlib import Path


def commit():
    described = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    return described.stdout.strip() or "unknown"


def main():
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    guest = folder / "guest.json"
    results = {"host_kind": "host", "kernel": "-", "cpus": 0, "devices": [], "failures": {}, "sections": {}}
    if guest.exists():
        results = json.loads(guest.read_text(encoding="utf-8"))
    micro = folder / "micro.json"
    if micro.exists():
        results["sections"]["micro"] = json.loads(micro.read_text(encoding="utf-8"))
        # Names of machines and people are nobody's business.
        context = results["sections"]["micro"]["context"]
        results["sections"]["micro"]["context"] = {k: context[k] for k in ("num_cpus", "mhz_per_cpu", "caches", "library_build_type")
                                                   if k in context}
    today = datetime.date.today().isoformat()
    results = {"date": today, "commit": commit(), **results}
    path = target / f"{today}-{results['host_kind']}.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
