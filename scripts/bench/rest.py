"""Sections about set-up, rails and counts."""
import contextlib
import json
import os
import subprocess
import tempfile
import threading

import programs
from samples import interval, paired, self_noise

MEBI = 1 << 20


def set_up(machine, effort):
    """Registration and queue pairs beside the bare verbs calls, in turns; and what a whole session's set-up takes."""
    out = programs.run([machine.program("remit_setup_cost"), machine.devices[0], str(min(64, effort.longest // MEBI * 8)), str(3 * effort.turns)])
    figures = json.loads(out)
    sessions = [programs.remit_bench(machine, "--sizes=1t", "--modes=one-shot", "--iterations=20", "--no-verify")
                ["set_up_seconds"] for _ in range(effort.turns)]
    return {"bytes": figures["bytes"],
            "registration_ratio": paired(figures["register_pool"], figures["ibv_reg_mr"]),
            "registration_noise": self_noise(figures["ibv_reg_mr"]),
            "registration_seconds": interval(figures["register_pool"]),
            "queue_pair_ratio": paired(figures["queue_pair"], figures["plain_queue_pair"]),
            "queue_pair_noise": self_noise(figures["plain_queue_pair"]),
            "queue_pair_seconds": interval(figures["queue_pair"]),
            "whole_pool_seconds": figures["whole_pool"][0], "session_seconds": interval(sessions)}


def _one_rail(machine, rail, size, iterations):
    report = programs.remit_bench(machine, f"--sizes={size}", "--modes=one-shot", f"--iterations={iterations}",
                                  "--warmup=1", "--no-verify", rail=rail)
    samples = report["cases"][0]["samples"]
    return report["cases"][0]["bytes"] * 8e-9 * len(samples) / sum(samples)


def _together(jobs):
    """Runs the jobs at once; their results in order, or the first failure."""
    results, failures = [None] * len(jobs), []

    def work(index, job):
        try:
            results[index] = job()
        except Exception as failure:  # told by the caller's thread
            failures.append(failure)
    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


# Well below what one emulated CPU moves over both rails together, so that the wire is what is waited for.
LINK_RATE = "200mbit"


@contextlib.contextmanager
def _limited_links(rate):
    """Both directions of each rail no faster than `rate`."""
    netdevs = os.environ["REMIT_RDMA_NETDEVS"].split()
    try:
        for netdev in netdevs:
            subprocess.run(["tc", "qdisc", "replace", "dev", netdev, "root", "netem", "rate", rate, "limit", "100000"],
                           check=True, capture_output=True, text=True)
        yield
    finally:
        for netdev in netdevs:
            subprocess.run(["tc", "qdisc", "delete", "dev", netdev, "root"], capture_output=True, check=False)


def _striped(machine, size, n, rails):
    """Gb/s of one request after another over so many device pairs."""
    report = programs.remit_bench(machine, f"--sizes={size}", "--modes=one-shot", f"--iterations={n}", "--warmup=1", "--no-verify",
                                  rails=rails)
    samples = report["cases"][0]["samples"]
    return report["cases"][0]["bytes"] * 8e-9 * len(samples) / sum(samples)


def rails(machine, effort):
    """Two device pairs against one: one request striped over both, and a process pair on each at the same time, which shows what
    the machine's CPUs give. Soft-RoCE sends in the thread that posts, so there one sender is the wire of all its rails: in the
    guest the links are also measured when they are slower than that thread."""
    if len(machine.devices) < 4:
        return {"left_out": "one device pair only"}
    size, n = min(16 * MEBI, effort.longest), 5
    one, two, striped = [], [], []
    for _ in range(effort.turns):
        one.append(_striped(machine, size, n, 1))
        two.append(sum(_together([lambda rail=rail: _one_rail(machine, rail, size, n) for rail in (0, 1)])))
        striped.append(_striped(machine, size, n, 2))
    result = {"bytes": size, "one_gigabits": interval(one), "two_pairs_gigabits": interval(two),
              "two_pairs_ratio": paired(two, one), "noise": self_noise(one), "striped_gigabits": interval(striped),
              "striped_ratio": paired(striped, one)}
    if os.environ.get("REMIT_GUEST", "") == "qemu":
        with _limited_links(LINK_RATE):
            turns = [(_striped(machine, size, n, 1), _striped(machine, size, n, 2)) for _ in range(effort.turns)]
        limited = {"link_rate": LINK_RATE, "one_gigabits": interval([one for one, _ in turns]),
                   "striped_gigabits": interval([two for _, two in turns]),
                   "striped_ratio": paired([two for _, two in turns], [one for one, _ in turns]),
                   "noise": self_noise([one for one, _ in turns])}
        result["limited"] = limited
    return result


def counts(machine, _effort):
    """What is counted is the same on every machine."""
    done = subprocess.run([machine.program("remit_counts"), "--json", f"--device={','.join(machine.devices[:2])}"],
                          capture_output=True, text=True, timeout=programs.PATIENCE)
    if not done.stdout.strip():
        raise programs.Failure(f"remit_counts: {done.stderr[-600:]}")
    return {"rows": json.loads(done.stdout.strip().splitlines()[-1])}


VARIANTS = {"default": [], "default again": [], "chunk 512 KiB": ["--chunk=524288"], "chunk 1 MiB": ["--chunk=1048576"],
            "chunk 8 MiB": ["--chunk=8388608"], "2 regions": ["--regions=2"],
            "1 chunk in flight": ["--in-flight=1"], "4 chunks in flight": ["--in-flight=4"], "gather always": ["--gather=always"],
            "2 queue pairs": ["--qps=2"], "4 queue pairs": ["--qps=4"]}


def settings(machine, effort):
    """The same request with one setting changed, in turns: defaults are chosen by this."""
    size, n = min(16 * MEBI, effort.longest), 5
    times = {name: [] for name in VARIANTS}
    variants = list(VARIANTS.items())
    for turn in range(max(2, effort.turns - 2)):
        # Who begins moves on: the first of a turn may find the machine colder.
        for name, options in variants[turn % len(variants):] + variants[:turn % len(variants)]:
            report = programs.remit_bench(machine, f"--sizes={size}", "--modes=one-shot", f"--iterations={n}", "--warmup=1",
                                          "--no-verify", *options)
            times[name].append(report["cases"][0]["seconds"]["p50"])
    return {"bytes": size, "rows": [{"name": name, "seconds": interval(values), "ratio": paired(values, times["default"])}
                                    for name, values in times.items()]}


def estimator(machine, _effort):
    """First guesses on a trace of mixed lengths: fixed ones beside learned ones."""
    if not os.path.exists(machine.program("remit_first_guess")):
        return {"rows": [], "left_out": "remit_first_guess is not built"}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "guesses.json")
        programs.run([machine.program("remit_first_guess"), "--fabric=verbs", f"--device={','.join(machine.devices[:2])}",
                      "--requests=100", "--passes=8", "--hidden=256", f"--json={path}"], patience=900)
        with open(path, encoding="utf-8") as file:
            return json.load(file)
