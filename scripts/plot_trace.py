#!/usr/bin/python3
"""Draws one request of a merged trace, as SVG and PNG: rounds, chunks and control messages of both workers on one time axis.

usage: plot_trace.py MERGED.json [--room N] [--out FOLDER] [--name NAME]
MERGED.json is what `remit trace-merge` or `remit demo --trace` wrote; of several language workers the first is drawn.
Exit status: 0 drawn, 2 the file is no merged trace or has no such room.
"""
import argparse
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams["svg.hashsalt"] = "remit"  # the same trace makes the same file
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402

RESUME, REPEAT = "#b3001b", "#bbbbbb"
ROUNDS = ["#3b75af", "#ef8636", "#519e3e", "#c53a32", "#8d69b8"]
PHASES = {"waiting for the session": "#dddddd", "waiting for the length": "#c9b8d8", "rounds on the wire": "#b7d3b0",
          "waiting for memory": "#e6a0a0", "moving out": "#cfe3f5", "all there": "#eeeeee", "waiting for INIT": "#dddddd",
          "writing": "#b7d3b0", "waiting for RESUME": "#e6c8a0"}


class Trace:
    """The events of a merged file, by what they are."""

    def __init__(self, path):
        whole = json.loads(path.read_text(encoding="utf-8"))
        if whole.get("otherData", {}).get("format") != "remit-trace-merged/1":
            raise ValueError("no merged trace: `remit trace-merge A B` makes one")
        self.events = whole["traceEvents"]
        self.roles = {i + 1: file["role"] for i, file in enumerate(whole["otherData"]["files"])}
        self.rows = {(e["pid"], e["tid"]): e["args"]["name"] for e in self.events if e.get("name") == "thread_name"}

    def count_from(self, event):
        """Times from now on are those after this event."""
        first = event["ts"]
        for e in self.events:
            if "ts" in e:
                e["ts"] -= first
        self.at = {(e["pid"], e["tid"], e["ts"]): e for e in self.events if e["ph"] == "X"}

    def process(self, role):
        return next(pid for pid, its in sorted(self.roles.items()) if its == role)

    def spans(self, pid, category):
        """Async slices of a kind: (id, name, begin, end, depth), the outer before the inner."""
        open_, found = {}, []
        for e in self.events:
            if e["pid"] != pid or e.get("cat") != category or e["ph"] not in "be":
                continue
            stack = open_.setdefault(e["id2"]["local"], [])
            if e["ph"] == "b":
                found.append([e["id2"]["local"], e["name"], e["ts"] / 1e3, None, len(stack), e.get("args", {})])
                stack.append(found[-1])
            else:
                stack.pop()[3] = e["ts"] / 1e3
        return found

    def slices(self, pid, row_beginning):
        """(row, name, begin, end, args) of rows whose name begins so."""
        return [(e["tid"], e["name"], e["ts"] / 1e3, (e["ts"] + e["dur"]) / 1e3, e.get("args", {}))
                for e in self.events
                if e["ph"] == "X" and e["pid"] == pid and self.rows[(pid, e["tid"])].startswith(row_beginning)]

    def arrows(self):
        """(message, from, to, sender's process)"""
        begun = {e["id"]: e for e in self.events if e["ph"] == "s"}
        return [(begun[e["id"]], e) for e in self.events if e["ph"] == "f" and e["id"] in begun]


def colour_of(text):
    """By the round that a name tells."""
    words = text.split()
    return ROUNDS[int(words[words.index("round") + 1]) % len(ROUNDS)]


class Picture:
    """Rows from top to bottom, one after the other."""

    def __init__(self, axes):
        self.axes, self.y, self.labels = axes, 0.0, []

    def row(self, label, height=1.0):
        self.y -= height
        self.labels.append((self.y + 0.4 * height, label))
        return self.y

    def gap(self, height=0.5):
        self.y -= height

    def bar(self, y, begin, end, colour, text="", height=0.8, **style):
        self.axes.broken_barh([(begin, end - begin)], (y, height), facecolors=colour, edgecolor="white", linewidth=0.5, **style)
        width = self.axes.get_xlim()[1] - self.axes.get_xlim()[0]
        if text and (end - begin) / width > 0.011 * len(text):
            self.axes.text((begin + end) / 2, y + height / 2, text, ha="center", va="center", fontsize=7.5, clip_on=True)

    def finish(self):
        self.axes.set_yticks([y for y, _ in self.labels], [label for _, label in self.labels], fontsize=8.5)
        self.axes.set_ylim(self.y - 0.3, 0.9)


def draw_room(picture, trace, pid, room):
    spans = [s for s in trace.spans(pid, "room") if s[0] == room]
    y = picture.row("the request")
    for _, name, begin, end, depth, _ in spans:
        if depth == 1 and end > begin:
            picture.bar(y, begin, end, PHASES.get(name, "#dddddd"), name)


def draw_rounds(picture, trace, pid, name):
    for ident, whole, begin, end, depth, args in trace.spans(pid, "round"):
        if depth != 0 or not whole.startswith(f"{name} round"):
            continue
        number = int(whole.split()[-1])
        y = picture.row(f"round {number}: tokens [{args['first token']}, {args['first token'] + args['tokens']})")
        parts = [s for s in trace.spans(pid, "round") if s[0] == ident and s[4] == 1]
        if not parts:
            picture.bar(y, begin, end, colour_of(whole), "accepted … written")
        for _, part, part_begin, part_end, _, _ in parts:
            if part == "on the wire":
                picture.bar(y, part_begin, part_end, colour_of(whole), "offered … all of it has arrived")
            elif part == "copy out":
                picture.bar(y, part_begin, part_end, "#555555")


def draw_chunks(picture, trace, pid, name):
    """Chunks in each send region, the gather in front of them, then on each queue pair."""
    for kind in ("send region", "queue pair"):
        mine = trace.slices(pid, kind)
        for row in sorted({s[0] for s in mine}):
            label = trace.rows[(pid, row)].split(",")[0]
            y = picture.row(label if kind == "send region" else label + ": write", 0.62)
            for _, what, begin, end, _ in (s for s in mine if s[0] == row):
                if what == "gather":
                    picture.bar(y, begin, end, "#333333", height=0.5)
                elif what.startswith(name):
                    picture.bar(y, begin, end, colour_of(what), height=0.5, alpha=0.45 if kind == "send region" else 1)


def draw_control(picture, trace, pid):
    y = picture.row("control messages")
    for _, name, begin, end, args in trace.slices(pid, "control messages"):
        # A message takes microseconds: it is drawn wide enough to be seen.
        picture.axes.plot([begin], [y + 0.4], marker="o", color="#222222", markersize=3)
    return y


def draw_arrows(axes, trace, ys, limits):
    told, seen = [], set()
    for sent, received in sorted(trace.arrows(), key=lambda arrow: arrow[0]["ts"]):
        if sent["pid"] not in ys or received["pid"] not in ys or sent["name"] in ("PING", "PONG"):
            continue
        begin, end = sent["ts"] / 1e3, received["ts"] / 1e3
        if begin < limits[0] or end > limits[1]:
            continue
        slice_ = trace.at[(sent["pid"], sent["tid"], sent["ts"])]
        repeat = slice_["args"]["match"] in seen
        seen.add(slice_["args"]["match"])
        colour = REPEAT if repeat else RESUME if sent["name"] == "RESUME" else "#222222"
        axes.annotate("", (end, ys[received["pid"]] + 0.4), (begin, ys[sent["pid"]] + 0.4), zorder=1 if repeat else 3,
                      arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2 if colour == RESUME else 1})
        if not repeat:
            written = slice_["args"].get("rounds", 0)
            told.append((begin, sent["pid"], slice_["name"] + (f", {written} written" if written else ""), colour))
    return told


def label_arrows(axes, told, ys, top, limits):
    """Names of messages above, or below, the row that they leave; neighbours share a line of text."""
    width = limits[1] - limits[0]
    last = {}  # where the text of a line ends
    for begin, pid, name, colour in sorted(told):
        above = pid == top
        length = 0.0085 * width * len(name)
        at_edge = begin + length > limits[1]
        left = begin - length if at_edge else begin
        level = 0
        while level < 3 and left < last.get((pid, level), -1e9):
            level += 1
        last[(pid, level)] = left + length
        y = ys[pid] + (0.75 + 0.36 * level if above else -0.05 - 0.36 * level)
        axes.text(begin, y, name, fontsize=7.5, color=colour, ha="right" if at_edge else "left", va="bottom" if above else "top",
                  weight="bold" if name == "RESUME" else "normal")


def draw(trace, number, title):
    language, embedding = trace.process("language"), trace.process("embedding")
    name = f"room {number}"
    inits = [e for e in trace.events if e["ph"] == "s" and e["name"] == "INIT" and e["pid"] == language]
    if not inits:
        raise ValueError("no INIT in it")
    trace.count_from(inits[0])
    rooms = {pid: next((s for s in trace.spans(pid, "room") if s[4] == 0 and s[1] == name), None) for pid in (language, embedding)}
    if None in rooms.values():
        raise ValueError(f"no {name} in it")
    end = max(room[3] for room in rooms.values())
    limits = (-0.03 * end, 1.02 * end)
    figure, axes = plt.subplots(figsize=(12, 7.2))
    axes.set_xlim(*limits)
    picture = Picture(axes)
    draw_room(picture, trace, language, rooms[language][0])
    draw_rounds(picture, trace, language, name)
    picture.gap(1.1)
    ys = {language: draw_control(picture, trace, language)}
    picture.gap(1.3)
    ys[embedding] = draw_control(picture, trace, embedding)
    picture.gap(1.1)
    draw_room(picture, trace, embedding, rooms[embedding][0])
    draw_rounds(picture, trace, embedding, name)
    picture.gap(0.2)
    draw_chunks(picture, trace, embedding, name)
    told = draw_arrows(axes, trace, ys, limits)
    label_arrows(axes, told, ys, language, limits)
    picture.finish()
    middle = (ys[language] + ys[embedding] + 0.8) / 2
    axes.axhline(middle, color="#999999", linewidth=0.6, linestyle=":")
    for y, text in ((0.5, "language worker (receiver)"), (picture.y, "embedding worker (sender)")):
        axes.text(1.005, y, text, transform=axes.get_yaxis_transform(), rotation=270, fontsize=9,
                  va="top" if y > 0 else "bottom")
    axes.set_xlabel("ms since INIT")
    axes.set_title(title)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(handles=[Patch(color=ROUNDS[0], label="round 0"), Patch(color=ROUNDS[1], label="round 1"),
                         Patch(color=ROUNDS[0], alpha=0.45, label="chunk held in a send region"),
                         Patch(color="#333333", label="gather"), Patch(color="#555555", label="copy out"),
                         Line2D([], [], color=REPEAT, label="message repeated, as until its round is complete")],
                loc="lower center", bbox_to_anchor=(0.45, -0.19), ncol=3, fontsize=8.5, frameon=False)
    figure.tight_layout()
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trace", type=Path)
    parser.add_argument("--room", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("."))
    parser.add_argument("--name", default="trace")
    parser.add_argument("--title", default="One request, seen from both workers")
    options = parser.parse_args()
    try:
        figure = draw(Trace(options.trace), options.room, options.title)
    except (OSError, ValueError, KeyError, StopIteration) as error:
        print(f"plot_trace: {options.trace}: {error!r}" if isinstance(error, KeyError) else f"plot_trace: {options.trace}: {error}",
              file=sys.stderr)
        return 2
    for ending in ("svg", "png"):
        path = options.out / f"{options.name}.{ending}"
        figure.savefig(path, dpi=130, metadata={"Date": None} if ending == "svg" else None)
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
