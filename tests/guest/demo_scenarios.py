#!/usr/bin/python3
"""Runs the remit command over verbs in many shapes and checks its JSON line, one test a shape.

    demo_scenarios.py REMIT XML

Meant for `scripts/soft_roce.sh`: it fails where no RDMA device is. Writes a JUnit report to XML.
Each shape moves its data between two processes on two devices; the command itself compares every byte.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

SCALE = float(os.environ.get("REMIT_TIME_SCALE", "1"))

# name, options, expected fields
SHAPES = [
    ("fits_500_into_1024", "--tokens 500", {"rounds": 1, "resumes": 0}),
    ("resumes_2000_into_1024", "", {"rounds": 2, "resumes": 1, "tokens": 2000}),
    ("resumes_10000_into_1024_with_room", "--tokens 10000 --hidden 1024", {"rounds": 2}),
    ("resumes_10000_into_8_blocks", "--tokens 10000 --allocate 1024 --pool-blocks 8 --sink", {"rounds": 10}),
    ("one_token", "--tokens 1 --hidden 64", {"rounds": 1, "tokens": 1}),
    ("exactly_one_block", "--tokens 128 --allocate 128 --hidden 64", {"rounds": 1}),
    ("exactly_the_allocation", "--tokens 1024 --hidden 64", {"rounds": 1}),
    ("one_more_than_the_allocation", "--tokens 1025 --hidden 64", {"rounds": 2}),
    ("other_block_sizes", "--sender-block-size 80 --block-size 112 --allocate 640 --tokens 5001", {"tokens": 5001}),
    ("deepstack", "--deepstack 3 --hidden 1024", {"rounds": 2}),
    ("slab", "--layout slab", {"rounds": 2}),
    ("slab_with_other_block_sizes", "--layout slab --sender-block-size 48 --block-size 64 --hidden 256", {}),
    ("pool_of_4_blocks", "--pool-blocks 4 --sink --tokens 6000 --hidden 512", {"rounds": 12}),
    ("contiguous_source", "--source contiguous", {"rounds": 2}),
    ("contiguous_source_into_slabs", "--source contiguous --layout slab --hidden 96 --tokens 777 --allocate 100", {}),
    ("kept_blocks", "--keep-blocks --tokens 3000 --hidden 256", {}),
    ("forty_requests_on_12_blocks", "--requests 40 --pool-blocks 12 --sink --hidden 1024", {"requests": 40}),
    ("many_small_requests", "--requests 200 --concurrency 16 --tokens 37 --allocate 16 --block-size 16 --hidden 64",
     {"requests": 200}),
    ("size_unknown_guess_of_1", "--allocate 1 --tokens 1500 --hidden 128", {}),
    ("three_ranks", "--tokens 3000 --ranks 3 --allocate 300,1024,4000", {"tokens": 3000, "rounds": 5, "resumes": 2}),
    ("two_ranks_twenty_requests", "--ranks 2 --requests 20 --pool-blocks 12 --sink --hidden 512", {"requests": 20}),
    ("fp32", "--dtype fp32 --hidden 257 --tokens 1100", {}),
    ("fp8", "--dtype fp8 --hidden 333 --tokens 1100", {}),
]

BAD_USAGE = [
    ("block_size_0", "--block-size 0", "--block-size"),
    ("hidden_0", "--hidden 0", "--hidden"),
    ("negative_tokens", "--tokens -5", "--tokens"),
    ("tokens_not_a_number", "--tokens many", "--tokens"),
    ("unknown_dtype", "--dtype fp64", "--dtype"),
    ("unknown_layout", "--layout rows", "--layout"),
    ("two_guesses_for_three_ranks", "--ranks 3 --allocate 1,2", "--allocate"),
    ("unknown_option", "--colour red", "--colour"),
]

ENVIRONMENT = [
    ("unknown_device", "--device nosuch0,nosuch1", "nosuch0"),
    ("gid_index_out_of_range", "--gid-index 200", "200"),
]


def run(remit, options, timeout):
    command = [remit, "demo", "--json", "--timeout", str(int(60 * SCALE)), *options.split()]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout * SCALE, check=False)


def ranks_of(options):
    words = options.split()
    return int(words[words.index("--ranks") + 1]) if "--ranks" in words else 1


def check_shape(remit, options, expected):
    done = run(remit, options, 120)
    if done.returncode != 0:
        return f"exit {done.returncode}\n{done.stdout}{done.stderr}"
    report = json.loads(done.stdout.strip().splitlines()[-1])
    devices = report["device"].split(",")
    if report["status"] != "Success" or report["verified"] is not True or report["fabric"] != "verbs":
        return f"not a verified success over verbs: {report}"
    if len(set(devices)) != 2:
        return f"both ends on one device: {report}"
    unverified = [rank for rank in report.get("ranks", []) if rank["verified"] is not True]
    if unverified or len(report.get("ranks", [0])) != ranks_of(options):
        return f"not every rank has verified its copy: {report}"
    wrong = {k: report[k] for k, v in expected.items() if report[k] != v}
    return f"expected {expected}, got {wrong}: {report}" if wrong else None


def check_refusal(remit, options, status, word):
    done = run(remit, options, 60)
    if done.returncode != status:
        return f"exit {done.returncode}, expected {status}\n{done.stderr}"
    return None if word in done.stderr else f"\"{word}\" is not in: {done.stderr}"


def check_memlock(remit):
    """Root is not bound by the limit: the privilege to pass it is dropped first."""
    command = ["prlimit", "--memlock=65536", "capsh", "--drop=cap_ipc_lock", "--", "-c", 'exec "$0" demo --json', remit]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 * SCALE, check=False)
    if done.returncode != 3:
        return f"exit {done.returncode}, expected 3\n{done.stderr}"
    return None if "ulimit -l" in done.stderr and "65536" in done.stderr else f"no limit or remedy in: {done.stderr}"


def check_photos(remit):
    with tempfile.TemporaryDirectory() as folder:
        sample = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/make_sample.py")
        made = subprocess.run([sample, "--out", f"{folder}/in", "--hidden", "512"], capture_output=True, text=True,
                              timeout=60 * SCALE, check=False)
        if made.returncode != 0:
            return made.stderr
        return check_shape(remit, f"--input {folder}/in --output {folder}/out --allocate 512", {})


def check_full_disk(remit):
    """What arrived cannot be written: the command says so with the file's name, and no half of it passes for a whole."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("in", "full"):
            os.mkdir(f"{folder}/{name}")
        sample = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/make_sample.py")
        subprocess.run([sample, "--out", f"{folder}/in", "--hidden", "512"], capture_output=True, check=True,
                       timeout=60 * SCALE)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", f"{folder}/full"], check=True)
        try:
            return check_refusal(remit, f"--input {folder}/in --output {folder}/full/out", 3, "embeddings.npy")
        finally:
            subprocess.run(["umount", f"{folder}/full"], check=True)


def spans(trace, pid, name):
    """(begin, end) of async slices of that name, in microseconds."""
    begun = [e for e in trace if e["ph"] == "b" and e["pid"] == pid and e["name"] == name]
    return [(b["ts"], next(e["ts"] for e in trace if e["ph"] == "e" and e["pid"] == pid and e["name"] == name
                           and e["id2"] == b["id2"] and e["ts"] >= b["ts"])) for b in begun]


def check_trace(remit):
    """An overlapped resume as both workers' traces have it: RESUME leaves, and is heard, while round 0 is on the wire."""
    with tempfile.TemporaryDirectory() as folder:
        why = check_shape(remit, f"--tokens 8000 --allocate 4096 --source contiguous --trace {folder}/run.json", {"rounds": 2})
        if why:
            return why
        halves = [f"{folder}/run.embedding.json", f"{folder}/run.language.json"]
        again = subprocess.run([remit, "trace-merge", *halves, "-o", f"{folder}/again.json"], capture_output=True, text=True,
                               timeout=60 * SCALE, check=False)
        if again.returncode != 0 or "causality holds" not in again.stdout:
            return f"exit {again.returncode} of trace-merge: {again.stdout}{again.stderr}"
        with open(f"{folder}/run.json", encoding="utf-8") as file:
            trace = json.load(file)["traceEvents"]
        if os.environ.get("REMIT_OUT"):
            shutil.copy(f"{folder}/run.json", os.path.join(os.environ["REMIT_OUT"], "overlapped_resume.trace.json"))
    embedding, language = 1, 2
    resumes = {e["ph"]: e for e in reversed(trace) if e["ph"] in "sf" and e["name"] == "RESUME"}
    if set(resumes) != {"s", "f"} or resumes["s"]["pid"] != language or resumes["f"]["pid"] != embedding:
        return f"no RESUME from the language to the embedding worker: {resumes}"
    sent, heard = resumes["s"]["ts"], resumes["f"]["ts"]
    offered, arrived = spans(trace, language, "on the wire")[0]
    if not offered < sent < arrived:
        return f"RESUME was sent at {sent} us; round 0 was on the wire from {offered} to {arrived}"
    copies, second = spans(trace, language, "copy out"), spans(trace, language, "on the wire")[1]
    if len(copies) != 2 or not second[0] < arrived < second[1]:
        return f"rounds do not overlap: {offered}-{arrived}, {second}, copies {copies}"
    writes = [e for e in trace if e["ph"] == "X" and e["pid"] == embedding and e["name"].startswith("room 1 round 0 chunk")]
    gathers = [e for e in trace if e["ph"] == "X" and e["pid"] == embedding and e["name"] == "gather"]
    if not writes or not gathers:
        return f"{len(writes)} chunks, {len(gathers)} gathers"
    return None if heard > sent else f"RESUME was heard at {heard} us and sent at {sent}"


def main():
    remit, xml = sys.argv[1:]
    tests = [(n, lambda o=o, e=e: check_shape(remit, o, e)) for n, o, e in SHAPES]
    tests += [(n, lambda o=o, w=w: check_refusal(remit, o, 2, w)) for n, o, w in BAD_USAGE]
    tests += [(n, lambda o=o, w=w: check_refusal(remit, o, 3, w)) for n, o, w in ENVIRONMENT]
    tests.append(("memlock_too_small", lambda: check_memlock(remit)))
    tests.append(("trace_of_an_overlapped_resume", lambda: check_trace(remit)))
    tests.append(("photographs_and_a_prompt", lambda: check_photos(remit)))
    if os.environ.get("REMIT_GUEST") in ("qemu", "uml"):  # mounts are made only where they are nobody else's
        tests.append(("output_on_a_full_disk", lambda: check_full_disk(remit)))
    suite = ET.Element("testsuite", name="DemoOverVerbs")
    failures = 0
    for name, test in tests:
        begin = time.monotonic()
        try:
            why = test()
        except Exception as error:  # a test that cannot be judged has failed
            why = f"{type(error).__name__}: {error}"
        seconds = time.monotonic() - begin
        case = ET.SubElement(suite, "testcase", classname="DemoOverVerbs", name=name, time=f"{seconds:.3f}")
        if why:
            failures += 1
            ET.SubElement(case, "failure", message=why)
        print(f"{'FAILED' if why else 'ok    '} {name} ({seconds:.1f} s){': ' + why if why else ''}", flush=True)
    suite.set("tests", str(len(tests)))
    suite.set("failures", str(failures))
    ET.ElementTree(suite).write(xml)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
