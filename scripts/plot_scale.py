#!/usr/bin/python3
"""Draws what `remit-sim --scale ... --json` and `remit_first_guess --json` told, as SVG and PNG.

usage: plot_scale.py FILE.json [FILE.json ...] [--out FOLDER] [--name NAME] [--shares]
The files of simulated clusters are drawn together, a model's figures; each file of first guesses by itself. With --shares
the files are of one cluster, each with another size of the pools, and learned guesses are drawn by their share.
"""
import argparse
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

SHARES = ["p50", "p90", "p99", "p99.9"]


def save(figure, stem, folder):
    for ending in ("svg", "png"):
        path = folder / f"{stem}.{ending}"
        # The same figures make the same file.
        figure.savefig(path, dpi=130, metadata={"Date": None} if ending == "svg" else None)
        print(path)
    plt.close(figure)


def workers(run):
    return run["embeddings"] + run["languages"]


def plot_completion(axes, runs):
    policies = [run["policy"] for run in runs]
    width = 0.8 / len(policies)
    for i, run in enumerate(runs):
        values = [run["completion_microseconds"][share] / 1000 for share in SHARES]
        axes.bar([x + i * width for x in range(len(SHARES))], values, width, label=run["policy"])
    axes.set_xticks([x + 0.4 - width / 2 for x in range(len(SHARES))], SHARES)
    axes.set_yscale("log")
    axes.set_ylabel("completion, ms")
    axes.set_title(f"receive() and send() to Success, {runs[0]['cluster']}")
    axes.legend(fontsize="small")


def plot_small(axes, runs):
    """The median of short requests, where a control round trip shows."""
    classes = list(runs[0]["completion_microseconds_by_length"])
    width = 0.8 / len(runs)
    for i, run in enumerate(runs):
        base = [runs[0]["completion_microseconds_by_length"][name]["p50"] for name in classes]
        values = [run["completion_microseconds_by_length"][name]["p50"] / b for name, b in zip(classes, base)]
        axes.bar([x + i * width for x in range(len(classes))], values, width, label=run["policy"])
    axes.axhline(1, color="grey", linewidth=0.8)
    axes.set_xticks([x + 0.4 - width / 2 for x in range(len(classes))], classes, fontsize="small")
    axes.set_ylabel(f"median over that of {runs[0]['policy']}")
    axes.set_title("by length of the request (tokens)")
    axes.legend(fontsize="small", loc="lower right")


def plot_memory(axes, runs):
    names = [run["policy"] for run in runs]
    needed = [run["blocks_needed_a_request"] for run in runs]
    wasted = [run["blocks_wasted_a_request"] for run in runs]
    axes.bar(names, needed, label="needed")
    axes.bar(names, wasted, bottom=needed, label="offered and not needed")
    for i, run in enumerate(runs):
        axes.text(i, needed[i] + wasted[i], f"{run['resumes_a_request']:.2f} resumes", ha="center", va="bottom",
                  fontsize="small")
    axes.margins(y=0.15)
    axes.set_ylabel("blocks a request")
    axes.set_title(f"memory and resumes, {runs[0]['cluster']}")
    axes.legend(fontsize="small")


def plot_flat(axes, runs):
    policies = list(dict.fromkeys(run["policy"] for run in runs))
    for policy in policies:
        mine = sorted((run for run in runs if run["policy"] == policy), key=workers)
        names = [run["cluster"] for run in mine]
        first = mine[0]["processor_microseconds_a_request"]
        line, = axes.plot(names, [run["processor_microseconds_a_request"] / first for run in mine], marker="o",
                          label=f"{policy}: processor, {first:.0f} us at {names[0]}")
        axes.plot(names, [run["room_messages_a_request"] / mine[0]["room_messages_a_request"] for run in mine],
                  marker="x", linestyle="--", color=line.get_color(),
                  label=f"{policy}: messages, {mine[0]['room_messages_a_request']:.2f}")
    axes.axhline(1, color="grey", linewidth=0.8)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("cost a request, over that of the smallest")
    axes.set_title("cost a request as the cluster grows")
    axes.legend(fontsize="x-small", ncol=2)


def draw_scale(files, folder, stem):
    runs = [run for data in files for run in data["runs"]]
    largest = max(runs, key=workers)["cluster"]
    of_largest = [run for run in runs if run["cluster"] == largest]
    figure, axes = plt.subplots(2, 2, figsize=(13, 9), layout="constrained")
    plot_completion(axes[0][0], of_largest)
    plot_small(axes[0][1], of_largest)
    plot_memory(axes[1][0], of_largest)
    plot_flat(axes[1][1], runs)
    p = files[0]["parameters"]
    figure.suptitle(f"A model, not a measurement: {p['link_gigabits']:.0f} Gb/s ports, control "
                    f"{p['control_delay_microseconds']:.0f} us one way, {100 * p['load']:.0f} % load, "
                    f"{of_largest[0]['requests']} requests")
    save(figure, stem, folder)


def share_of(run):
    return int(run["policy"].split()[1])


def draw_shares(files, folder, stem):
    """What learned guesses of each share come to, a line for each size of the pools."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.8), layout="constrained")
    for data in sorted(files, key=lambda data: data["parameters"]["pool_blocks"]):
        learned = sorted((run for run in data["runs"] if run["policy"].startswith("auto")), key=share_of)
        shares = [share_of(run) for run in learned]
        label = f"pools of {data['parameters']['pool_blocks']} blocks"
        left.plot(shares, [run["completion_microseconds"]["mean"] / 1000 for run in learned], marker="o", label=label)
        middle.plot(shares, [run["block_milliseconds_a_request"] for run in learned], marker="o", label=label)
        right.plot(shares, [run["room_messages_a_request"] for run in learned], marker="o", label=label)
    left.set_ylabel("mean completion, ms")
    middle.set_ylabel("blocks x ms held a request")
    right.set_ylabel("control messages a request")
    for axes in (left, middle, right):
        axes.set_xlabel("share of requests to need no resume, %")
        axes.legend(fontsize="small")
    middle.set_ylim(bottom=0)
    right.set_ylim(bottom=0)
    runs = files[0]["runs"]
    figure.suptitle(f"A model, not a measurement: learned guesses in {runs[0]['cluster']} workers, "
                    f"{runs[0]['requests']} requests; a guess takes at most "
                    f"{100 * files[0]['parameters']['guess_free_share']:.0f} % of the free blocks")
    save(figure, stem, folder)


def draw_guesses(data, folder, stem):
    figure, (left, right) = plt.subplots(1, 2, figsize=(13, 5), layout="constrained")
    fixed = [r for r in data["rows"] if r["guess"].startswith("fixed")]
    fixed.sort(key=lambda r: int(r["guess"].split()[1]))
    learned = [r for r in data["rows"] if r["guess"].startswith("auto")]
    left.plot([r["blocks_wasted_a_request"] for r in fixed], [r["resumes_a_request"] for r in fixed], marker="o",
              label="fixed guesses, tokens")
    left.plot([r["blocks_wasted_a_request"] for r in learned], [r["resumes_a_request"] for r in learned], marker="s",
              label="learned, share of requests without resume")
    for r in fixed:
        left.annotate(r["guess"].split()[1], (r["blocks_wasted_a_request"], r["resumes_a_request"]),
                      textcoords="offset points", xytext=(5, 5), fontsize="small")
    for r in learned:
        left.annotate(r["guess"], (r["blocks_wasted_a_request"], r["resumes_a_request"]),
                      textcoords="offset points", xytext=(-6, -12), ha="right", fontsize="small")
    left.set_xscale("symlog", linthresh=1)
    left.set_xlabel("blocks wasted a request")
    left.set_ylabel("resumes a request")
    left.set_ylim(bottom=0)
    left.legend(fontsize="small")
    names = [r["guess"] for r in data["rows"]]
    middle = [r["wall_ratio_median"] for r in data["rows"]]
    # Files of before the quartiles have the whole range.
    spread = "quartiles" if "wall_ratio_quartile_1" in data["rows"][0] else "range"
    low, high = ("quartile_1", "quartile_3") if spread == "quartiles" else ("least", "most")
    errors = [[r["wall_ratio_median"] - r[f"wall_ratio_{low}"] for r in data["rows"]],
              [r[f"wall_ratio_{high}"] - r["wall_ratio_median"] for r in data["rows"]]]
    right.errorbar(names, middle, yerr=errors, fmt="o", capsize=4)
    right.axhline(1, color="grey", linewidth=0.8)
    right.tick_params(axis="x", rotation=45)
    right.set_yscale("log")
    ticks = [0.25, 0.5, 1, 2, 4, 8, 16]
    right.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    right.minorticks_off()
    right.set_ylabel(f"wall time over that of {names[0]} (median, {spread})")
    figure.suptitle(f"first guesses: {data['requests']} requests, {data['mean_tokens']} tokens in the mean, "
                    f"{data['concurrency']} at once, {data['device']}")
    save(figure, stem, folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="folder of the plots (default: that of the first file)")
    parser.add_argument("--name", help="of the plot of simulated clusters (default: that of the first file)")
    parser.add_argument("--shares", action="store_true", help="draw learned guesses by their share")
    arguments = parser.parse_args()
    folder = arguments.out or arguments.files[0].parent
    clusters = []
    for path in arguments.files:
        data = json.loads(path.read_text())
        if "runs" in data:
            clusters.append((path, data))
        elif "rows" in data:
            draw_guesses(data, folder, path.stem)
        else:
            parser.error(f"{path} is neither of simulated clusters nor of first guesses")
    if clusters:
        draw = draw_shares if arguments.shares else draw_scale
        draw([data for _, data in clusters], folder, arguments.name or clusters[0][0].stem)
    return 0


if __name__ == "__main__":
    sys.exit(main())
