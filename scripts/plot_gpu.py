#!/usr/bin/env python3
"""Reads the figures of remit_copy_bench, draws them and compares them with the targets.

usage: plot_gpu.py FILE.json [--out FOLDER] [--no-plots]
       plot_gpu.py --self-test     draws invented figures into a temporary folder, to try the drawing itself
exit status: 0 all targets met, 2 misuse, 4 a target was missed
"""
import argparse
import json
import sys
import tempfile
from pathlib import Path

WIRE = 50.0  # GB/s of a 400 Gb/s port
STAGED = {"kernel_default": "kernel, default blocks", "kernel_all": "kernel, all blocks", "one_copy": "one cudaMemcpyAsync",
          "single_copies": "a cudaMemcpyAsync a piece", "batch_async": "cudaMemcpyBatchAsync",
          "through_device": "kernel, then one copy"}
BASELINES = {"bulk_all": "bulk kernel (off)", "one_copy": "one cudaMemcpyAsync", "batch_async": "cudaMemcpyBatchAsync",
             "cub_batched": "cub::DeviceMemcpy::Batched"}


def better_batched(row):
    return max(row["batch_async"], row["cub_batched"])


def targets(data):
    """(what, figure, bound, whether it is met); a figure is the worst over the rows that it is asked of."""
    large = [r for r in data["ratios"] if r["mebibytes"] >= 16]
    found = []
    if large:
        worst = min(r["kernel_all"] / r["one_copy"] for r in large)
        found.append(("of one big copy, from 16 MiB on, all blocks", worst, ">= 0.95", worst >= 0.95))
    worst = min(r["kernel_all"] / better_batched(r) for r in data["ratios"])
    found.append(("of the better batched copy, all blocks", worst, ">= 1", worst >= 1))
    chunk = [r for r in data["ratios"] if r["mebibytes"] == 4] or data["ratios"]
    worst = min(r["kernel_default"] for r in chunk) / WIRE
    found.append(("of a 400 Gb/s wire, default blocks", worst, ">= 1.5", worst >= 1.5))
    worst = min(r["default"] for r in data["sums"] if r["mebibytes"] >= 4) / WIRE
    found.append(("of a 400 Gb/s wire, checksums, default blocks", worst, ">= 1", worst >= 1))
    slowdown = data["gemm"]["slowdown_at_wire_pace"]
    found.append(("slowdown of a GEMM beside, default blocks", slowdown, "<= 0.03", slowdown <= 0.03))
    return found


def print_table(data):
    print(f"{data['device']}, driver {data['driver']}, runtime {data['runtime']}; GB/s copied")
    print(f"{'':8} {'layout':9} {'MiB':>4} {'hidden':>6} {'pieces':>6} {'one copy':>9} {'batch':>8} {'cub':>8} {'all':>8} {'default':>8} {'bulk':>8} {'bulk def':>8}")
    for r in data["ratios"]:
        print(f"{r['direction']:8} {r['layout']:9} {r['mebibytes']:4.0f} {r['hidden']:6.0f} {r['pieces']:6.0f} "
              f"{r['one_copy']:9.1f} {r['batch_async']:8.1f} {r['cub_batched']:8.1f} {r['kernel_all']:8.1f} {r['kernel_default']:8.1f} "
              f"{r['bulk_all']:8.1f} {r['bulk_default']:8.1f}")
    for speed, blocks in data["smallest_budget"].items():
        print(f"{speed} GB/s: {f'{blocks:.0f} blocks' if blocks else 'not reached'}")
    for row in data["latency_64_tokens"]:
        print(f"launch to word, 64 tokens of hidden {row['hidden']:.0f}: "
              f"{row['median_microseconds']:.1f} us, p99 {row['p99_microseconds']:.1f} us")
    for row in data["sums"]:
        print(f"checksums, {row['mebibytes']:.0f} MiB: {row['default']:.1f} GB/s, {row['all']:.1f} with all blocks")
    print(f"GEMM beside, next launch always waiting: +{100 * data['gemm']['slowdown_without_pause']:.1f} %")
    print_staged(data["staged"])


def print_staged(staged):
    print("staged: pinned host memory written by a gather, read by a scatter; GB/s copied")
    print(f"{'':8} {'MiB':>4} {'hidden':>6} {'pieces':>6} {'one copy':>9} {'a piece':>8} {'batch':>8} {'via dev':>8} "
          f"{'default':>8} {'all':>8}")
    for r in staged["rows"]:
        print(f"{r['direction']:8} {r['mebibytes']:4.0f} {r['hidden']:6.0f} {r['pieces']:6.0f} {r['one_copy']:9.1f} "
              f"{r['single_copies']:8.1f} {r['batch_async']:8.1f} {r['through_device']:8.1f} "
              f"{r['kernel_default']:8.1f} {r['kernel_all']:8.1f}")
    print(f"GEMM beside staged chunks: kernel +{100 * staged['gemm']['slowdown_kernel']:.1f} %, "
          f"copy engines +{100 * staged['gemm']['slowdown_engines']:.1f} %")


def plot_ratios(data, axes):
    for direction, marker in (("gather", "o"), ("scatter", "x")):
        for hidden in sorted({r["hidden"] for r in data["ratios"]}):
            rows = [r for r in data["ratios"] if r["direction"] == direction and r["hidden"] == hidden
                    and r["layout"] == "segments"]
            axes.plot([r["mebibytes"] for r in rows], [r["kernel_all"] / r["one_copy"] for r in rows], marker=marker,
                      label=f"{direction}, hidden {hidden:.0f}")
    axes.axhline(1, color="grey", linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.set_xlabel("MiB of a launch")
    axes.set_ylabel("kernel / one cudaMemcpyAsync")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize="small")


def plot_baselines(data, axes):
    rows = [r for r in data["ratios"] if r["direction"] == "gather" and r["layout"] == "segments"]
    names = [f"{r['mebibytes']:.0f} MiB\n{r['hidden']:.0f}" for r in rows]
    width = 0.8 / (len(BASELINES) + 1)
    for i, (key, label) in enumerate({"kernel_all": "gather kernel", **BASELINES}.items()):
        axes.bar([x + i * width for x in range(len(rows))], [r[key] for r in rows], width, label=label)
    axes.set_xticks([x + 1.5 * width for x in range(len(rows))], names, fontsize="x-small")
    axes.set_ylabel("GB/s copied")
    axes.legend(fontsize="small")


def plot_staged(data, axes):
    rows = [r for r in data["staged"]["rows"] if r["direction"] == "gather"]
    names = [f"{r['mebibytes']:.0f} MiB\n{r['hidden']:.0f}" for r in rows]
    width = 0.8 / len(STAGED)
    for i, (key, label) in enumerate(STAGED.items()):
        axes.bar([x + i * width for x in range(len(rows))], [r[key] for r in rows], width, label=label)
    axes.set_xticks([x + 2.5 * width for x in range(len(rows))], names, fontsize="x-small")
    axes.set_ylabel("GB/s into pinned host memory")
    axes.set_ylim(top=1.3 * max(r[key] for r in rows for key in STAGED))  # room for the legend
    axes.legend(fontsize="small", ncol=2, loc="upper left")


def plot_budgets(data, axes):
    rows = data["budgets"]
    axes.plot([r["blocks"] for r in rows], [r["gigabytes_per_second"] for r in rows], marker="o")
    axes.axhline(WIRE, color="grey", linestyle="--", label="400 Gb/s wire")
    axes.axvline(data["default_budget"], color="tab:green", linestyle=":", label="default budget")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel("blocks of a launch (4 MiB)")
    axes.set_ylabel("GB/s copied")
    axes.legend(fontsize="small")


def draw(data, stem, folder):
    try:
        import matplotlib
    except ImportError:
        print("no plots: python3 has no matplotlib (Debian: python3-matplotlib)")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    for name, plot in (("ratios", plot_ratios), ("baselines", plot_baselines), ("budgets", plot_budgets),
                       ("staged", plot_staged)):
        figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
        plot(data, axes)
        axes.set_title(data["device"])
        path = Path(folder) / f"{stem}-{name}.png"
        figure.savefig(path, dpi=130)
        plt.close(figure)
        print(path)


def invented():
    """Figures of the right shape that no machine measured."""
    staged = [{"direction": d, "mebibytes": m, "hidden": h, "pieces": 10, "one_copy": 50, "single_copies": 5 * m,
               "batch_async": 40, "through_device": 0 if d == "scatter" else 45, "kernel_default": 48, "kernel_all": 49}
              for m in (1, 4, 16, 64) for h in (1280, 4096, 8192) for d in ("gather", "scatter")]
    ratios = [{"direction": d, "layout": w, "mebibytes": m, "hidden": h, "pieces": 10, "one_copy": 100 * m, "batch_async": 10,
               "cub_batched": 80 * m, "kernel_all": 97 * m, "kernel_default": 90, "bulk_all": 60 * m, "bulk_default": 70}
              for m in (1, 4, 16, 64) for h in (1280, 4096, 8192) for w in ("segments", "slab", "deepstack")
              for d in ("gather", "scatter")]
    return {"device": "INVENTED FIGURES, no device", "driver": 0, "runtime": 0, "default_budget": 8, "ratios": ratios,
            "budgets": [{"blocks": b, "gigabytes_per_second": 12 * b} for b in (1, 2, 4, 8, 16, 32, 64)],
            "smallest_budget": {"50": 5, "100": 10, "400": 0},
            "gemm": {"alone_seconds": 1, "slowdown_at_wire_pace": 0.01, "slowdown_without_pause": 0.04},
            "latency_64_tokens": [{"hidden": 4096, "median_microseconds": 9, "p99_microseconds": 12}],
            "sums": [{"mebibytes": m, "default": 60, "all": 300} for m in (1, 4, 8)],
            "staged": {"rows": staged,
                       "gemm": {"alone_seconds": 1, "slowdown_kernel": 0.02, "slowdown_engines": 0.005}}}


def report(data, stem, folder, plots):
    print_table(data)
    judged = targets(data)
    for what, figure, bound, met in judged:
        print(f"{'met   ' if met else 'MISSED'} {figure:.3f} {what} (target {bound})")
    if plots:
        draw(data, stem, folder)
    return 0 if all(met for *_, met in judged) else 4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--out", type=Path, help="folder of the plots (default: that of the file)")
    parser.add_argument("--no-plots", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        with tempfile.TemporaryDirectory() as folder:
            text = json.dumps(invented())
            status = report(json.loads(text), "invented", folder, True)
            slow = invented()
            slow["gemm"]["slowdown_at_wire_pace"] = 0.5
            return status or (0 if report(slow, "invented", folder, False) == 4 else 1)
    if arguments.file is None:
        parser.error("a file is needed")
    data = json.loads(arguments.file.read_text())
    return report(data, arguments.file.stem, arguments.out or arguments.file.parent, not arguments.no_plots)


if __name__ == "__main__":
    sys.exit(main())
