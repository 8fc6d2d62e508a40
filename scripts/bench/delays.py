"""The gain over asking for the size first, with a link that takes its time.

Control and data must both feel it: the two processes live in network namespaces that a veth pair of their own joins, with
the same netem as the veth pair under the RDMA devices, which stay where they are. Both delays are measured.
"""
import os
import re
import subprocess

import programs
from samples import paired

MODES = ["one-shot", "resume/2", "size-first"]
ADDRESSES = ("10.78.0.1", "10.78.0.2")
PORT = 7790


def _do(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise programs.Failure(f"{' '.join(command)}: {done.stderr.strip()}")


def _in(space, *command):
    return ("ip", "netns", "exec", space, *command)


class Namespaces:
    """Two of them, joined; gone at the end."""

    def __enter__(self):
        self.names = [f"remit-bench-{side}" for side in "ab"]
        for name in self.names:
            _do("ip", "netns", "add", name)
        _do("ip", "link", "add", "rbva", "netns", self.names[0], "type", "veth", "peer", "name", "rbvb", "netns",
            self.names[1])
        for name, device, address in zip(self.names, ("rbva", "rbvb"), ADDRESSES):
            _do(*_in(name, "ip", "addr", "add", f"{address}/24", "dev", device))
            _do(*_in(name, "ip", "link", "set", device, "up"))
            _do(*_in(name, "ip", "link", "set", "lo", "up"))
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], check=False)

    def delay(self, microseconds, data_devices):
        """One way, on all four ends; 0 takes it away."""
        ends = [(_in(name), device) for name, device in zip(self.names, ("rbva", "rbvb"))]
        ends += [((), device) for device in data_devices]
        for prefix, device in ends:
            if microseconds:
                _do(*prefix, "tc", "qdisc", "replace", "dev", device, "root", "netem", "delay", f"{microseconds}us",
                    "limit", "100000")
            else:
                subprocess.run([*prefix, "tc", "qdisc", "delete", "dev", device, "root"], capture_output=True, check=False)


def _crossed(name):
    """Packets that the namespace's end has sent: what should have crossed did."""
    text = subprocess.run(_in(name, "ip", "-s", "link", "show", "type", "veth"), capture_output=True, text=True).stdout
    return int(re.search(r"TX:.*\n\s+\d+\s+(\d+)", text).group(1))


def _sent_again(devices):
    """Requests that a receiver has had twice: a sender's timer has run out, which costs as long as many round trips."""
    total = 0
    for device in devices:
        try:
            with open(f"/sys/class/infiniband/{device}/ports/1/hw_counters/duplicate_request", encoding="ascii") as file:
                total += int(file.read())
        except (OSError, ValueError):
            return None
    return total


def measure(machine, effort):
    if os.environ.get("REMIT_GUEST", "") != "qemu":
        return {"rows": [], "left_out": "delays are emulated and measured in the QEMU guest only"}
    netdevs = os.environ["REMIT_RDMA_NETDEVS"].split()[:2]
    rows = []
    with Namespaces() as spaces:
        apart = programs.Machine(machine.binaries, machine.devices, machine.addresses, _in(spaces.names[0]),
                                 _in(spaces.names[1]))
        for wanted in (0, 50, 500):
            spaces.delay(wanted, netdevs)
            control = programs.control_round_trip(apart, 10 * effort.samples, *ADDRESSES)
            data = programs.write_latency(machine, 8, 10 * effort.samples)
            before = _crossed(spaces.names[1])
            again = _sent_again(machine.devices)
            report = programs.remit_bench_apart(
                apart, f"tcp://{ADDRESSES[0]}:{PORT}", f"--sizes=64K,256K,1M{',4M,16M' if effort.longest > 1 << 20 else ''}", f"--modes={','.join(MODES)}",
                f"--iterations={effort.samples}", "--warmup=2", "--no-verify")
            crossed = _crossed(spaces.names[1]) - before
            if crossed < sum(case["requests"] for case in report["cases"]):
                raise programs.Failure(f"control messages did not cross the delayed link: {crossed} packets")
            sent_again = None if again is None else _sent_again(machine.devices) - again
            rows += [row | {"sent_again": sent_again} for row in _rows(report, wanted, control, data)]
        spaces.delay(0, netdevs)
    return {"rows": rows}


def _rows(report, wanted, control, data):
    rows = []
    by_size = {}
    for case in report["cases"]:
        by_size.setdefault(case["bytes"], {})[case["mode"]] = case
    for size, cases in by_size.items():
        asked = cases["size-first"]["samples"]
        for mode in MODES[:2]:
            rows.append({"wanted_delay_us": wanted, "control_round_trip": control, "data_latency": data, "bytes": size,
                         "mode": mode, "seconds": cases[mode]["seconds"], "size_first_seconds": cases["size-first"]["seconds"],
                         "gain": paired(asked, cases[mode]["samples"])})
    return rows
