#!/usr/bin/python3
"""Draws the pictures of the documentation that are no graphs: how blocks lie in memory, and what four ways to get memory cost.

usage: pictures.py MAPS.json FOLDER, where MAPS.json is what `remit_wire_examples --maps` prints
"""
import json
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import Rectangle  # noqa: E402

matplotlib.rcParams["svg.hashsalt"] = "remit"  # the same picture is the same file
matplotlib.rcParams["svg.fonttype"] = "none"
matplotlib.rcParams["font.size"] = 9

COLOURS = {"embeddings": "#4c78a8", "fill_ids": "#f58518", "mrope_positions": "#54a24b", "aux_datas": "#b279a2",
           "deepstack_embeddings": "#9d755d"}
PADDING = "#eeeeee"
ROUNDS = ("#4c78a8", "#72b7b2")
CONTROL = "#bab0ac"


def save(figure, path):
    figure.savefig(path, bbox_inches="tight", dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


# ---------------------------------------------------------------- memory

def draw_pool(axes, pool):
    """One pool from its first byte to its last; each block of a segment is a box, as the code has placed it."""
    axes.add_patch(Rectangle((0, 0), pool["bytes"], 1, facecolor=PADDING, edgecolor="grey", linewidth=0.5))
    for segment in pool["segments"]:
        for block in range(pool["blocks"]):
            start = segment["offset"] + block * segment["block_stride"]
            axes.add_patch(Rectangle((start, 0), segment["block_bytes"], 1, facecolor=COLOURS[segment["name"]],
                                     edgecolor="white", linewidth=0.8))
            if segment["block_bytes"] > pool["bytes"] / 30:
                axes.text(start + segment["block_bytes"] / 2, 0.5, str(block), ha="center", va="center", color="white")
    axes.set_xlim(0, pool["bytes"])
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_title(f"Arrangement::{pool['arrangement']}", loc="left", fontsize=10, family="monospace")


def draw_planes(axes, pool, tokens):
    """mrope_positions of one block, row by row: planes keep their place however few tokens are valid."""
    segment = next(s for s in pool["segments"] if s["name"] == "mrope_positions")
    size = segment["token_bytes"]
    for plane in range(segment["planes"]):
        for token in range(segment["plane_stride"] // size):
            at = plane * segment["plane_stride"] + token * size
            valid = token < tokens
            axes.add_patch(Rectangle((at, 0), size, 1, facecolor=COLOURS["mrope_positions"] if valid else PADDING,
                                     edgecolor="white", linewidth=0.8))
            axes.text(at + size / 2, 0.5, f"{'THW'[plane]}{token}" if valid else "", ha="center", va="center",
                      color="white")
    axes.set_xlim(0, segment["block_bytes"])
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_xlabel("byte of the block")
    axes.set_title(f"mrope_positions of one block with {tokens} valid tokens of {pool['block_size']}", loc="left",
                   fontsize=10)


def draw_layout(maps, path):
    *pools, small = json.loads(maps)
    figure, axes = plt.subplots(len(pools) + 1, 1, figsize=(9, 1.25 * (len(pools) + 1)))
    for row, pool in zip(axes, pools):
        draw_pool(row, pool)
    axes[len(pools) - 1].set_xlabel("byte of the pool (numbers are blocks; light grey is padding)")
    draw_planes(axes[-1], small, 3)
    names = [segment["name"] for segment in pools[0]["segments"]]
    figure.legend([Rectangle((0, 0), 1, 1, color=COLOURS[name]) for name in names], names, loc="upper center",
                  ncol=len(names), frameon=False, bbox_to_anchor=(0.5, 1.06))
    figure.tight_layout()
    save(figure, path)


# ---------------------------------------------------------------- time

def ways(half_trip, wire):
    """[(name, [(begin, length, what)])]: what each way to get memory for a request adds up to. `half_trip` is a control
    message one way, `wire` what the whole request takes on the wire; the guess fits half of it."""
    half = wire / 2
    init = (0, half_trip, "INIT")
    told = (half_trip, half_trip, "STATUS")
    one_shot = [init, (half_trip, wire, "0")]
    size_first = [init, told, (2 * half_trip, half_trip, "RESUME"), (3 * half_trip, wire, "0")]
    first = half_trip + half
    resume = [init, (half_trip, half, "0"), (first, half_trip, "RESUME"), (first + half_trip, half, "1")]
    overlapped = [init, told, (2 * half_trip, half_trip, "RESUME"), (half_trip, half, "0"), (first, half, "1")]
    return [("one shot:\nthe guess was enough", one_shot), ("size first", size_first),
            ("resume after\nround 0", resume), ("overlapped resume:\nwhat remit does", overlapped)]


def draw_timeline(path):
    figure, axes = plt.subplots(figsize=(9, 3.2))
    rows = ways(half_trip=1, wire=10)
    for y, (_, parts) in enumerate(rows):
        for begin, length, what in parts:
            control = what in ("INIT", "STATUS", "RESUME")
            low, height = (y + 0.12, 0.3) if control else (y - 0.32, 0.4)
            axes.add_patch(Rectangle((begin, low), length, height, edgecolor="white",
                                     facecolor=CONTROL if control else ROUNDS[int(what)]))
            axes.text(begin + length / 2, low + height / 2, what if control else f"round {what}", ha="center", va="center",
                      color="black" if control else "white", fontsize=6 if control else 9)
        end = max(begin + length for begin, length, _ in parts)
        axes.plot([end, end], [y - 0.4, y + 0.45], color="black", linewidth=1)
        axes.text(end + 0.1, y, f"{end:g}", va="center")
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.4, -0.5)
    axes.set_xlim(0, 14.5)
    axes.set_xlabel("time, where a control message takes 1 and the whole request 10 on the wire (a sketch, not a measurement)")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False)
    save(figure, path)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    maps = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    for ending in (".svg", ".png"):
        draw_layout(maps, folder / f"layout{ending}")
        draw_timeline(folder / f"timeline{ending}")


if __name__ == "__main__":
    main()
