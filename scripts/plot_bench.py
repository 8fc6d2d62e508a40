#!/usr/bin/python3
"""Judges and draws what scripts/bench.sh has measured.

usage: plot_bench.py RESULTS.json [--plots FOLDER] [--document FILE.md]
  --plots FOLDER    SVG and PNG of every curve there
  --document FILE   replaces what stands between <!-- bench:NAME --> and <!-- /bench:NAME --> in that page
Prints the table of targets last. Exit status: 0 nothing missed, 4 a target was missed, 2 misuse.
"""
import argparse
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "bench"))
import targets  # noqa: E402


def machine_line(results):
    return (f"Measured {results.get('date', 'on an unknown day')} on {results['host_kind']}, kernel {results['kernel']}, "
            f"{results['cpus']} CPUs, devices {', '.join(results['devices'])}, remit {results.get('commit', '?')}.")


def goodput_table(results):
    lines = ["| bytes | remit, Gb/s | ib_write_bw, Gb/s | ratio | noise of ib_write_bw |", "|---|---|---|---|---|"]
    for row in results["sections"]["goodput"]["rows"]:
        ours, theirs = (sorted(row[key])[len(row[key]) // 2] for key in ("remit_gigabits", "ib_write_bw_gigabits"))
        ratio, noise = row["ratio"], row["noise_ib_write_bw"]
        lines.append(f"| {row['bytes']:,} | {ours:.3f} | {theirs:.3f} | {ratio['median']:.3f} [{ratio['low']:.3f}, "
                     f"{ratio['high']:.3f}] | [{noise['low']:.2f}, {noise['high']:.2f}] |")
    return "\n".join(lines)


def resume_table(results):
    lines = ["| bytes | mode | rounds | time / one shot | p50, ms | p99, ms |", "|---|---|---|---|---|---|"]
    for row in results["sections"]["resume"]["rows"]:
        ratio, mode = row["ratio"], row["mode"] + (" (again: noise)" if row["again"] else "")
        lines.append(f"| {row['bytes']:,} | {mode} | {row['rounds']:.1f} | {ratio['median']:.3f} [{ratio['low']:.3f}, "
                     f"{ratio['high']:.3f}] | {row['seconds']['p50'] * 1e3:.2f} | {row['seconds']['p99'] * 1e3:.2f} |")
    return "\n".join(lines)


def latency_table(results):
    lines = ["| tokens | bytes | min, µs | p50, µs | p90, µs | p99, µs | ib_write_lat median, µs |", "|---|---|---|---|---|---|---|"]
    for row in results["sections"]["latency"]["rows"]:
        s = row["seconds"]
        lines.append(f"| {row['tokens']} | {row['bytes']:,} | {s['min'] * 1e6:.0f} | {s['p50'] * 1e6:.0f} | {s['p90'] * 1e6:.0f} | "
                     f"{s['p99'] * 1e6:.0f} | {row['wire']['median'] * 1e6:.0f} |")
    return "\n".join(lines)


def settings_table(results):
    section = results["sections"]["settings"]
    lines = [f"| setting, {section['bytes']:,} bytes | time / default | p50, ms |", "|---|---|---|"]
    for row in section["rows"]:
        ratio = row["ratio"]
        lines.append(f"| {row['name']} | {ratio['median']:.3f} [{ratio['low']:.3f}, {ratio['high']:.3f}] | "
                     f"{row['seconds']['median'] * 1e3:.2f} |")
    return "\n".join(lines)


def fill(document, results, rows):
    """Whatever was measured is replaced; a marker without figures keeps what it has."""
    makers = {"machine": machine_line, "targets": lambda _: targets.markdown(rows), "goodput": goodput_table,
              "resume": resume_table, "latency": latency_table, "settings": settings_table}
    page = document.read_text(encoding="utf-8")
    for name, make in makers.items():
        if name in ("goodput", "resume", "latency", "settings") and name not in results["sections"]:
            continue
        pattern = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench:{name} -->)", re.DOTALL)
        if not pattern.search(page):
            raise SystemExit(f"{document} has no marker <!-- bench:{name} -->")
        text = make(results)
        page = pattern.sub(lambda found, text=text: found.group(1) + text + "\n" + found.group(2), page)
    document.write_text(page, encoding="utf-8")
    print(document)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--plots", type=Path)
    parser.add_argument("--document", type=Path)
    options = parser.parse_args()
    try:
        results = json.loads(options.results.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"plot_bench: {options.results}: {error}", file=sys.stderr)
        return 2
    rows = targets.table(results)
    if options.plots:
        import curves  # needs matplotlib, which judging does not
        curves.draw(results, options.plots)
    if options.document:
        fill(options.document, results, rows)
    print(targets.text(rows))
    for name, reason in results["failures"].items():
        print(f"section {name} failed: {reason}")
    missed = any(row["verdict"] == targets.MISSED for row in rows)
    return 4 if missed or results["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
