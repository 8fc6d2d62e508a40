"""Runs the programs that are measured: the remit command, perftest's, and the small ones of bench/."""
import json
import os
import re
import subprocess
import time

PORT = 18515
PATIENCE = 300


class Failure(RuntimeError):
    """A program ended badly; the text is its own."""


class Machine:
    """Where programs run: the devices of both ends, the address of the receiving one, the folder of the programs.

    `a` and `b` are put in front of the commands of the two ends, as in `ip netns exec A` or `ssh HOST`.
    """

    def __init__(self, binaries, devices, addresses, a=(), b=()):
        self.binaries, self.devices, self.addresses = binaries, devices, addresses
        self.a, self.b = list(a), list(b)

    def program(self, name):
        return f"{self.binaries}/{name}"


def _shown(command):
    """Without the folder of the program: results are read elsewhere."""
    return " ".join([os.path.basename(command[0]), *command[1:]])


def run(command, patience=PATIENCE):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as late:
        raise Failure(f"{_shown(command)}: still running after {patience} s") from late
    if done.returncode != 0:
        raise Failure(f"{_shown(command)}: exit status {done.returncode}: {(done.stderr + done.stdout)[-600:]}")
    return done.stdout


def remit_bench(machine, *options, rail=0, rails=1):
    """One process pair on this machine, over `rails` device pairs from `rail` on; its JSON."""
    pairs = machine.devices[2 * rail:2 * (rail + rails)]
    devices = ",".join(pairs[0::2] + pairs[1::2])
    out = run([machine.program("remit"), "bench", "--json", f"--device={devices}", *options])
    return json.loads(out.strip().splitlines()[-1])


def remit_bench_apart(machine, endpoint, *options, extra=(("--insecure",), ("--insecure",)), folders=None):
    """Sender behind machine.a listening at `endpoint`, receiver behind machine.b; the receiver's JSON.

    `extra` are options of the sender and of the receiver; `folders` where the programs lie at each.
    """
    programs = [f"{folder}/remit" for folder in folders or (machine.binaries, machine.binaries)]
    sender = subprocess.Popen(
        [*machine.a, programs[0], "bench", f"--device={machine.devices[0]}", f"--listen={endpoint}", *options, *extra[0]],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    try:
        if "waits on" not in (first := sender.stdout.readline()):
            raise Failure(f"remit bench --listen: {first}{sender.stdout.read()[-600:]}")
        out = run([*machine.b, programs[1], "bench", "--json", f"--device={machine.devices[1]}", f"--connect={endpoint}",
                   *options, *extra[1]])
        sender.wait(30)
    finally:
        if sender.poll() is None:
            sender.terminate()
            sender.wait(10)
    return json.loads(out.strip().splitlines()[-1])


def _listens(machine, port):
    return f":{port} " in subprocess.run([*machine.b, "ss", "-Hltn"], capture_output=True, text=True).stdout


def perftest(machine, name, size, iterations, *options, rail=0, address=None):
    """Runs one of perftest's pairs, server on the receiving device; the last line of figures of the client, as numbers."""
    common = ["-F", "-s", str(size), "-n", str(iterations), "-p", str(PORT), *options]
    if not any(option == "-x" for option in options):
        common += ["-x", "1"]
    server = subprocess.Popen([*machine.b, name, "-d", machine.devices[2 * rail + 1], *common], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not _listens(machine, PORT):
            if server.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"{name}: the server does not listen: {server.stdout.read()[-600:]}")
            time.sleep(0.05)
        out = run([*machine.a, name, "-d", machine.devices[2 * rail], *common, address or machine.addresses[2 * rail + 1]])
        server.wait(30)
    finally:
        if server.poll() is None:
            server.kill()
            server.wait(10)
    rows = [line.split() for line in out.splitlines() if re.match(rf"\s*{size}\s", line)]
    if not rows:
        raise Failure(f"{name}: no figures in: {out[-600:]}")
    return [float(word) for word in rows[-1]]


def write_bandwidth(machine, size, iterations, *options, **where):
    """Gb/s on average of ib_write_bw."""
    return _told("ib_write_bw", perftest(machine, "ib_write_bw", size, iterations, "--report_gbits", *options, **where)[3])


def _told(name, figure):
    """perftest reckons in CPU cycles: where the kernel does not tell their rate, as in User-Mode Linux, it tells 0 or inf."""
    if not 0 < figure < float("inf"):
        raise Failure(f"{name} tells {figure}: it does not know the rate of this machine's cycle counter; use the qemu lane")
    return figure


def write_latency(machine, size, iterations, **where):
    """Seconds one way of ib_write_lat: {"min", "median"}."""
    row = perftest(machine, "ib_write_lat", size, iterations, **where)
    return {"min": _told("ib_write_lat", row[2]) * 1e-6, "median": _told("ib_write_lat", row[4]) * 1e-6}


def control_round_trip(machine, iterations, listen="127.0.0.1", own="127.0.0.1"):
    """Seconds of a ZeroMQ round trip with messages as large as an INIT and its STATUS: {"min", "median"}."""
    server = subprocess.Popen([*machine.a, machine.program("remit_zmq_rtt"), "--listen", listen], stdout=subprocess.PIPE,
                              text=True, stdin=subprocess.DEVNULL)
    try:
        endpoint = server.stdout.readline().strip()
        return json.loads(run([*machine.b, machine.program("remit_zmq_rtt"), "--connect", endpoint, own, str(iterations)]))
    finally:
        server.terminate()
        server.wait(10)
