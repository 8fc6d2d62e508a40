#!/usr/bin/python3
"""Measures between two hosts, for scripts/cluster_bench.sh, which finds out its arguments."""
import argparse
import json
import shlex
import sys

import programs
from samples import paired, self_noise

MODES = "one-shot,one-shot,resume/2,resume/4,resume/10,serial/2,size-first"
PORT = 7791


def prefix_of(host):
    return [] if host == "local" else ["ssh", "-o", "BatchMode=yes", host]


class FarMachine(programs.Machine):
    """Both ends have their own folder of programs."""

    def __init__(self, options):
        super().__init__(options.folders[0], options.devices, options.addresses, prefix_of(options.hosts[0]),
                         prefix_of(options.hosts[1]))


def key_options(machine, options):
    """Key pairs for both ends, each made where its secret stays; only public halves travel."""
    if not options.keys:
        return ["--insecure"], ["--insecure"]
    public = []
    homes = []
    for prefix, folder in zip((machine.a, machine.b), options.folders):
        home = programs.run([*prefix, "mktemp", "-d"]).strip()
        programs.run([*prefix, f"{folder}/remit", "keygen", home])
        public.append(programs.run([*prefix, "cat", f"{home}/remit.pub"]))
        programs.run([*prefix, "mkdir", f"{home}/peers"])
        homes.append(home)
    for prefix, home, other in zip((machine.a, machine.b), homes, reversed(public)):
        script = f"printf %s {shlex.quote(other)} > {home}/peers/peer.pub"
        programs.run([*prefix, "sh", "-c", shlex.quote(script) if prefix else script])
    return ([f"--key={homes[0]}/remit.key", f"--allow-keys={homes[0]}/peers"],
            [f"--key={homes[1]}/remit.key", f"--server-key={homes[1]}/peers/peer.pub", f"--allow-keys={homes[1]}/peers"])


def main():
    parser = argparse.ArgumentParser()
    for name in ("hosts", "folders", "devices", "addresses"):
        parser.add_argument(f"--{name}", nargs=2, required=True)
    for name in ("gid-index", "turns", "keys"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--sizes", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    machine = FarMachine(options)
    secrets = key_options(machine, options)
    endpoint = f"tcp://{options.addresses[0]}:{PORT}"
    rows = []
    for size in options.sizes.split(","):
        theirs, ours = [], []
        for _ in range(options.turns):
            report = programs.remit_bench_apart(machine, endpoint, f"--sizes={size}", "--modes=one-shot", "--iterations=20",
                                                extra=secrets, folders=options.folders)
            case = report["cases"][0]
            ours.append(case["bytes"] * 8e-9 * len(case["samples"]) / sum(case["samples"]))
            theirs.append(programs.write_bandwidth(machine, case["bytes"], 20, "-x", str(options.gid_index),
                                                   address=options.addresses[1]))
        rows.append({"size": size, "bytes": case["bytes"], "remit_gigabits": ours, "ib_write_bw_gigabits": theirs,
                     "ratio": paired(ours, theirs), "noise_ib_write_bw": self_noise(theirs)})
        print(f"{size}: {rows[-1]['ratio']['median']:.3f} of ib_write_bw", flush=True)
    modes = programs.remit_bench_apart(machine, endpoint, f"--sizes={options.sizes}", f"--modes={MODES}", "--iterations=50",
                                       extra=secrets, folders=options.folders)
    control = programs.control_round_trip(machine, 1000, *options.addresses)
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump({"host_kind": "cluster", "devices": options.devices, "goodput": rows, "modes": modes,
                   "control_round_trip": control}, file, indent=1)
    for case in modes["cases"]:
        ratio = case["ratio_to_first_mode"]
        print(f"{case['bytes']:>12} {case['mode']:<11} p50 {case['seconds']['p50'] * 1e6:10.1f} us, of one shot "
              f"{ratio['median']:.3f} [{ratio['low']:.3f}, {ratio['high']:.3f}]")
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
