#!/usr/bin/python3
"""Writes what scripts/fuzz.sh has run to bench/results/DATE-fuzz.json: fuzz_record.py SECONDS TARGET..."""
import datetime
import json
import os
import pathlib
import platform
import re
import sys


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as cpus:
        model = next((line.split(":", 1)[1].strip() for line in cpus if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} cores of {model}"


def result_of(target):
    log = pathlib.Path("build/fuzz/logs", f"{target}.log").read_text(encoding="utf-8", errors="replace")

    def number(pattern):
        found = re.findall(pattern, log)
        return int(found[-1]) if found else None

    corpus = pathlib.Path("tests/fuzz/corpus", target)
    return {
        "executions": number(r"stat::number_of_executed_units: +(\d+)"),
        "seconds": number(r"Done \d+ runs in (\d+) second"),
        "covered_edges": number(r"cov: (\d+)"),
        "covered_features": number(r"ft: (\d+)"),
        "peak_resident_mib": number(r"stat::peak_rss_mb: +(\d+)"),
        "committed_inputs": sum(1 for _ in corpus.iterdir()),
        "findings": sorted(set(re.findall(r"(?:DOES NOT HOLD|SUMMARY): (.*)", log))),
    }


def main():
    seconds, *targets = sys.argv[1:]
    date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    path = pathlib.Path("bench/results", f"{date}-fuzz.json")
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    record.update({"date": date, "machine": machine(), "sanitizers": "address, undefined"})
    for target in targets:
        record.setdefault("targets", {})[target] = {"asked_seconds": int(seconds), **result_of(target)}
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print("recorded in", path)


if __name__ == "__main__":
    main()
