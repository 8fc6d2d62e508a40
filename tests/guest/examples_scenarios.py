#!/usr/bin/python3
"""Runs the minimal examples over verbs, each as two processes on two devices, one test a language.

    examples_scenarios.py BIN XML

Meant for `scripts/soft_roce.sh`: it fails where no RDMA device is. BIN is the release build's bin/; the Python package is
looked for beside it and in the virtual environment of scripts/python_venv.sh, and skipped by name where it was not built.
The receivers compare every byte. Writes a JUnit report to XML.
"""
import os
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

SCALE = float(os.environ.get("REMIT_TIME_SCALE", "1"))
PATIENCE = 120 * SCALE
ROOT = pathlib.Path(__file__).resolve().parents[2]


def ended(process, name):
    """What it printed, or why it did not end well."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return None, f"{name} did not end within {PATIENCE} s"
    if process.returncode != 0:
        return None, f"{name}: exit {process.returncode}\n{out}{err}"
    return out, None


def transfer(sender, receiver, environment):
    """None, or what went wrong between the two programs."""
    first, second = os.environ["REMIT_RDMA_DEVICES"].split()[:2]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen([*sender, f"fabric.device={first}"], **pipes) as sending:
        endpoint = sending.stdout.readline().strip()
        if not endpoint.startswith("tcp://"):
            sending.kill()
            return f"the sender printed no endpoint but \"{endpoint}\": {sending.stderr.read()}"
        with subprocess.Popen([*receiver, endpoint, f"fabric.device={second}"], **pipes) as receiving:
            received, fault = ended(receiving, "receiver")
        if fault:
            sending.kill()
            return fault
        sent, fault = ended(sending, "sender")
    if fault:
        return fault
    if "every byte verified" not in received or "2000 tokens" not in received or "2000 tokens sent" not in sent:
        return f"receiver: {received}sender: {sent}"
    return None


def in_cpp(binaries):
    programs = [[str(binaries / f"remit_example_minimal_{end}")] for end in ("sender", "receiver")]
    return transfer(*programs, dict(os.environ))


def in_python(binaries):
    package = binaries.parent / "python"
    python = ROOT / "build/python/venv/bin/python"
    environment = {**os.environ, "PYTHONPATH": str(package)}
    programs = [[str(python), str(ROOT / f"examples/python/minimal_{end}.py")] for end in ("sender", "receiver")]
    return transfer(*programs, environment)


def main():
    binaries, report = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    built = list(binaries.parent.glob("python/remit/_core*.so"))
    suite = ET.Element("testsuite", name="examples")
    failures = 0
    for name, run in (("two_processes_in_cpp", in_cpp), ("two_processes_in_python", in_python)):
        case = ET.SubElement(suite, "testcase", classname="examples", name=name)
        if run is in_python and not built:
            ET.SubElement(case, "skipped", message="the Python package was not built: scripts/python_venv.sh, REMIT_BUILD_PYTHON=ON")
            print(f"skipped examples {name}: the Python package was not built")
            continue
        begin = time.monotonic()
        fault = run(binaries)
        case.set("time", f"{time.monotonic() - begin:.3f}")
        if fault:
            ET.SubElement(case, "failure", message=fault.splitlines()[0]).text = fault
            failures += 1
        print(f"{'FAILED' if fault else 'ok    '} examples {name}{': ' + fault if fault else ''}", flush=True)
    suite.set("tests", "2")
    suite.set("failures", str(failures))
    ET.ElementTree(suite).write(report)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
