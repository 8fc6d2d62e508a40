"""What is measured, one function a section: each returns what goes into the results under its name.

Comparisons take turns in one run; figures that belong together are lists in the order of the turns.
"""
import programs
from samples import interval, paired, self_noise

MEBI = 1 << 20
# Sizes of the curves, in bytes; those from WHOLE on are what the goodput target is about.
SIZES = [64 << 10, 256 << 10, MEBI, 4 * MEBI, 16 * MEBI, 64 * MEBI]
WHOLE = 16 * MEBI


def _iterations(size, seconds, gigabits):
    """So many transfers as take about so long at that rate; perftest wants 5 at least."""
    return max(5, min(200, round(seconds * gigabits * 1e9 / 8 / size)))


def _best(report, mode="one-shot"):
    return next(case for case in report["cases"] if case["mode"] == mode)


def goodput(machine, effort):
    """One request against ib_write_bw of the same number of bytes, on the same devices, in turns."""
    rows = []
    probe = programs.write_bandwidth(machine, min(4 * MEBI, effort.longest), 5)
    for size in SIZES:
        if size > effort.longest:
            continue
        turns = effort.turns if size >= WHOLE else max(2, effort.turns // 2)
        n = _iterations(size, effort.seconds, probe)
        ours, theirs = [], []
        payload = size
        for _ in range(turns):
            theirs.append(programs.write_bandwidth(machine, size, n))
            report = programs.remit_bench(machine, f"--sizes={size}", "--modes=one-shot", f"--iterations={n}",
                                          "--warmup=1", "--no-verify")
            case = _best(report)
            payload = case["bytes"]
            ours.append(case["bytes"] * 8e-9 * len(case["samples"]) / sum(case["samples"]))
        rows.append({"size": size, "bytes": payload, "iterations": n, "remit_gigabits": ours, "ib_write_bw_gigabits": theirs,
                     "ratio": paired(ours, theirs), "noise_ib_write_bw": self_noise(theirs), "noise_remit": self_noise(ours)})
    return {"rows": rows}


RESUME_MODES = ["one-shot", "one-shot", "resume/2", "resume/4", "resume/10", "serial/2", "serial/10", "size-first"]


def resume(machine, effort):
    """Ways to get memory against one shot, in turns within one process pair; the first mode is there twice: noise."""
    rows = []
    for size, n in [(MEBI, effort.samples), (4 * MEBI, effort.samples), (16 * MEBI, effort.samples),
                    (64 * MEBI, max(6, effort.samples // 3))]:
        if size > effort.longest:
            continue
        report = programs.remit_bench(machine, f"--sizes={size}", f"--modes={','.join(RESUME_MODES)}",
                                      f"--iterations={n}", "--warmup=2")
        first = report["cases"][0]["samples"]
        for index, case in enumerate(report["cases"]):
            rows.append({"size": size, "bytes": case["bytes"], "mode": case["mode"], "again": index == 1,
                         "expected_tokens": case["expected_tokens"], "tokens": case["tokens"],
                         "rounds": case["rounds_a_request"], "seconds": case["seconds"],
                         "ratio": paired(case["samples"], first),
                         "extra_seconds": interval([a - b for a, b in zip(case["samples"], first)])})
    return {"rows": rows}


def latency(machine, effort):
    """INIT to Success of 64 tokens against a control round trip and ib_write_lat of the bytes, each measured alone."""
    turns = []
    for _ in range(effort.turns):
        control = programs.control_round_trip(machine, 20 * effort.samples)
        report = programs.remit_bench(machine, "--sizes=64t", "--modes=one-shot", f"--iterations={2 * effort.samples}",
                                      "--warmup=5", "--no-verify")
        case = _best(report)
        wire = programs.write_latency(machine, case["bytes"], 2 * effort.samples)
        turns.append({"control": control, "wire": wire, "remit": {"min": case["seconds"]["min"],
                                                                   "median": case["seconds"]["p50"],
                                                                   "p99": case["seconds"]["p99"]}})
    def ratio(what):
        return paired([t["remit"][what] for t in turns], [t["control"][what] + t["wire"][what] for t in turns])
    sizes = "1t,8t,64t,128t" + (",512t,2048t" if effort.longest > 16 * MEBI else "")
    curve = programs.remit_bench(machine, f"--sizes={sizes}", "--modes=one-shot", f"--iterations={effort.samples}")
    rows = []
    for case in curve["cases"]:
        wire = programs.write_latency(machine, case["bytes"], effort.samples)
        rows.append({"tokens": case["tokens"], "bytes": case["bytes"], "seconds": case["seconds"], "wire": wire})
    return {"turns": turns, "ratio_of_medians": ratio("median"), "ratio_of_minima": ratio("min"), "rows": rows}


def small_requests(machine, effort):
    """Requests a second and CPU time a request: one at a time and 64 at a time, over short lengths."""
    rows = []
    for concurrency in (1, 64):
        report = programs.remit_bench(machine, "--sizes=1t,64t,300t", "--hidden=1024", "--modes=one-shot",
                                      f"--iterations={16 * effort.samples}", "--warmup=64", f"--concurrency={concurrency}")
        for case in report["cases"]:
            rate = case.get("requests_per_second", len(case["samples"]) / sum(case["samples"]))
            rows.append({"concurrency": concurrency, "tokens": case["tokens"], "bytes": case["bytes"],
                         "requests_per_second": rate, "cpu_seconds_a_request": case["cpu_seconds_a_request"],
                         "seconds": case["seconds"]})
    return {"rows": rows}
