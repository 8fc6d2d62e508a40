"""Curves of a results file, each as SVG and PNG. Figures have error bars from the paired intervals where there are some."""
import matplotlib

matplotlib.use("Agg")
# The same figures make the same file.
matplotlib.rcParams["svg.hashsalt"] = "remit"
import matplotlib.pyplot as plt  # noqa: E402

MEBI = 1 << 20


def _save(figure, folder, stem):
    folder.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    for ending in ("svg", "png"):
        path = folder / f"{stem}.{ending}"
        figure.savefig(path, dpi=120, metadata={"Date": None} if ending == "svg" else None)
        print(path)
    plt.close(figure)


def _axes(title, x, y, logarithmic=True, width=7.5):
    figure, axes = plt.subplots(figsize=(width, 4.6))
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(True, which="major", alpha=0.3)
    if logarithmic:
        axes.set_xscale("log", base=2)
    return figure, axes


def _size_ticks(axes, sizes):
    names = [f"{s / MEBI:.0f} MiB" if s >= 0.9 * MEBI else f"{s / 1024:.0f} KiB" for s in sizes]
    axes.set_xticks(sizes, names, rotation=30, ha="right")
    axes.minorticks_off()


def _bars(axes, xs, intervals, **style):
    medians = [i["median"] for i in intervals]
    errors = [[i["median"] - i["low"] for i in intervals], [i["high"] - i["median"] for i in intervals]]
    axes.errorbar(xs, medians, yerr=errors, capsize=3, **style)


def goodput(section, folder):
    rows = section["rows"]
    sizes = [r["bytes"] for r in rows]
    figure, axes = _axes("Goodput of one request at a time", "bytes of the request", "Gb/s (median and range of the turns)")
    for key, name, marker in (("remit_gigabits", "remit, receive() to Success", "o"),
                              ("ib_write_bw_gigabits", "ib_write_bw, writes in a row", "s")):
        values = [sorted(r[key]) for r in rows]
        _bars(axes, sizes, [{"median": v[len(v) // 2], "low": v[0], "high": v[-1]} for v in values], marker=marker, label=name)
    axes.set_ylim(bottom=0)
    _size_ticks(axes, sizes)
    axes.legend()
    _save(figure, folder, "goodput")
    figure, axes = _axes("Goodput against ib_write_bw, in turns", "bytes of the request", "ratio, 95 % interval of the median")
    _bars(axes, sizes, [r["ratio"] for r in rows], marker="o", label="remit / ib_write_bw")
    axes.fill_between(sizes, [r["noise_ib_write_bw"]["low"] for r in rows], [r["noise_ib_write_bw"]["high"] for r in rows],
                      alpha=0.2, color="grey", label="ib_write_bw / itself: noise")
    axes.set_ylim(0, max(1.5, 1.2 * max(r["ratio"]["high"] for r in rows)))
    axes.axhline(0.97, color="red", linewidth=0.8, linestyle="--", label="target from 16 MiB on")
    _size_ticks(axes, sizes)
    axes.legend()
    _save(figure, folder, "goodput_ratio")


def latency(section, folder):
    rows = section["rows"]
    sizes = [r["bytes"] for r in rows]
    figure, axes = _axes("Latency of one request", "bytes of the request", "µs")
    axes.set_yscale("log")
    for key, marker in (("min", "v"), ("p50", "o"), ("p90", "^"), ("p99", "x")):
        axes.plot(sizes, [r["seconds"][key] * 1e6 for r in rows], marker=marker, label=f"remit {key}")
    axes.plot(sizes, [r["wire"]["median"] * 1e6 for r in rows], "s--", label="ib_write_lat median")
    control = sorted(t["control"]["median"] for t in section["turns"])
    axes.axhline(control[len(control) // 2] * 1e6, color="grey", linestyle=":", label="ZeroMQ round trip, median")
    _size_ticks(axes, sizes)
    axes.legend(fontsize=8)
    _save(figure, folder, "latency")


def resume(section, folder):
    figure, axes = _axes("Cost of a guess that was too low", "guess / truth", "time / one shot, 95 % interval", width=9)
    sizes = sorted({r["size"] for r in section["rows"]})
    colours = plt.cm.viridis([i / max(1, len(sizes) - 1) * 0.85 for i in range(len(sizes))])
    for size, colour in zip(sizes, colours):
        rows = [r for r in section["rows"] if r["size"] == size]
        for kind, line in (("resume", "-"), ("serial", ":")):
            points = sorted((1 / int(r["mode"].split("/")[1]), r["ratio"]) for r in rows if r["mode"].startswith(kind + "/"))
            label = f"{size / MEBI:.0f} MiB, {'overlapped' if kind == 'resume' else 'serial'}"
            _bars(axes, [p[0] for p in points], [p[1] for p in points], marker="o", linestyle=line, color=colour, label=label)
    axes.axhline(1, color="grey", linewidth=0.8)
    axes.axhline(1.03, color="red", linewidth=0.8, linestyle="--")
    axes.set_xticks([0.1, 0.25, 0.5], ["1/10", "1/4", "1/2"])
    axes.minorticks_off()
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1))
    _save(figure, folder, "resume_cost")


def delays(section, folder):
    if not section["rows"]:
        return
    figure, axes = _axes("Gain over asking for the size first", "bytes of the request", "time of size first / time", width=10)
    wanted = sorted({r["wanted_delay_us"] for r in section["rows"]})
    for delay, colour in zip(wanted, ("tab:blue", "tab:orange", "tab:green")):
        for mode, line in (("one-shot", "-"), ("resume/2", "--")):
            rows = sorted((r for r in section["rows"] if r["wanted_delay_us"] == delay and r["mode"] == mode),
                          key=lambda r: r["bytes"])
            trip = rows[0]["control_round_trip"]["median"] * 1e3
            _bars(axes, [r["bytes"] for r in rows], [r["gain"] for r in rows], marker="o", linestyle=line, color=colour,
                  label=f"{mode}, control round trip {trip:.2f} ms")
    axes.axhline(1, color="grey", linewidth=0.8)
    _size_ticks(axes, sorted({r["bytes"] for r in section["rows"]}))
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1))
    _save(figure, folder, "size_first_gain")


def rails(section, folder):
    if section.get("left_out"):
        return
    figure, axes = _axes("Rails, requests of 16 MiB", "", "Gb/s, 95 % interval of the median", logarithmic=False)
    bars = [("one pair", section["one_gigabits"]), ("two pairs,\na process pair\neach", section["two_pairs_gigabits"]),
            ("two pairs,\none request\nstriped", section["striped_gigabits"])]
    if "limited" in section:
        limited = section["limited"]
        bars += [(f"one pair\nof {limited['link_rate']}", limited["one_gigabits"]),
                 (f"two pairs of {limited['link_rate']},\none request\nstriped", limited["striped_gigabits"])]
    for index, (name, value) in enumerate(bars):
        axes.bar(index, value["median"], width=0.5, yerr=[[value["median"] - value["low"]], [value["high"] - value["median"]]],
                 capsize=4)
    axes.set_xticks(range(len(bars)), [name for name, _ in bars])
    _save(figure, folder, "rails")


def small_requests(section, folder):
    figure, axes = _axes("Small requests, hidden 1024", "tokens of a request", "requests/s", logarithmic=False)
    tokens = sorted({r["tokens"] for r in section["rows"]})
    for offset, concurrency in ((-0.2, 1), (0.2, 64)):
        rows = {r["tokens"]: r for r in section["rows"] if r["concurrency"] == concurrency}
        axes.bar([i + offset for i in range(len(tokens))], [rows[t]["requests_per_second"] for t in tokens], width=0.38,
                 label=f"{concurrency} at once")
    axes.set_xticks(range(len(tokens)), [str(t) for t in tokens])
    axes.legend()
    _save(figure, folder, "small_requests")


def estimator(section, folder):
    """First guesses on a trace: fixed ones against the learned one."""
    rows = section["rows"]
    if not rows:
        return
    titles = {"resumes_a_request": "resumes a request", "blocks_wasted_a_request": "blocks wasted a request",
              "wall_ratio_median": "time / that of a fixed 1024"}
    keys = [k for k in titles if k in rows[0]]
    figure, all_axes = plt.subplots(1, len(keys), figsize=(4 * len(keys), 4.2), squeeze=False, sharey=True)
    for axes, key in zip(all_axes[0], keys):
        axes.barh([r["guess"] for r in rows], [r[key] for r in rows])
        axes.set_title(titles[key])
    all_axes[0][0].invert_yaxis()
    _save(figure, folder, "estimator")


def draw(results, folder):
    makers = {"goodput": goodput, "latency": latency, "resume": resume, "delays": delays, "rails": rails,
              "small_requests": small_requests, "estimator": estimator}
    for name, make in makers.items():
        if name in results["sections"]:
            make(results["sections"][name], folder)
