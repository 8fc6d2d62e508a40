"""The table of targets: what was measured, against what, and whether it is enough.

A ratio meets its target where its median does. Where only the median's interval reaches the target the run cannot tell, and
the verdict says that: neither met nor missed. Where a figure is missing the verdict says so.
"""
WHOLE = 16 << 20
MET, MISSED, UNCLEAR, TOLD, ABSENT = "met", "MISSED", "within noise", "told", "not measured"


def _text(interval, digits=3):
    return f"{interval['median']:.{digits}f} [{interval['low']:.{digits}f}, {interval['high']:.{digits}f}]"


def _size(bytes_):
    return f"{bytes_ / (1 << 20):.0f} MiB" if bytes_ >= 1 << 20 else f"{bytes_ / 1024:.0f} KiB"


def _row(what, against, target, measured, verdict):
    return {"what": what, "against": against, "target": target, "measured": measured, "verdict": verdict}


def _at_least(interval, bound):
    if interval["median"] >= bound:
        return MET
    return UNCLEAR if interval["high"] >= bound else MISSED


def _at_most(interval, bound):
    if interval["median"] <= bound:
        return MET
    return UNCLEAR if interval["low"] <= bound else MISSED


def _goodput(section):
    for row in section["rows"]:
        if row["size"] >= WHOLE:
            noise = row["noise_ib_write_bw"]
            yield _row(f"goodput of one request, {_size(row['size'])}", "ib_write_bw", "≥ 0.97",
                       f"{_text(row['ratio'])}, noise of ib_write_bw [{noise['low']:.2f}, {noise['high']:.2f}]",
                       _at_least(row["ratio"], 0.97))


def _resume(section, round_trip):
    for row in section["rows"]:
        # What fits into one block is offered one whatever the guess: nothing was resumed there.
        if not row["mode"].startswith("resume/") or row["rounds"] < 1.5:
            continue
        noise = next(r["ratio"] for r in section["rows"] if r["again"] and r["size"] == row["size"])
        divisor = int(row["mode"].split("/")[1])
        bound = 1.10 if divisor == 10 else 1.03
        first_round = row["seconds"]["p50"] * row["expected_tokens"] / row["tokens"]
        name = f"resume, guess 1/{divisor}, {_size(row['size'])}"
        if round_trip is not None and first_round < round_trip:
            extra = row["extra_seconds"]
            yield _row(name, "one shot (round 0 is shorter than a control round trip)",
                       f"≤ {round_trip * 1e3:.2f} ms more", f"{extra['median'] * 1e3:.2f} [{extra['low'] * 1e3:.2f}, "
                       f"{extra['high'] * 1e3:.2f}] ms", _at_most(extra, round_trip))
        else:
            yield _row(name, "one shot", f"≤ {bound:.2f}", f"{_text(row['ratio'])}, noise [{noise['low']:.2f}, "
                       f"{noise['high']:.2f}]", _at_most(row["ratio"], bound))


def _delays(section):
    if section.get("left_out"):
        yield _row("one shot and resume against size first", "size first", "never slower", section["left_out"], ABSENT)
        return
    for mode in ("one-shot", "resume/2"):
        for delay in sorted({row["wanted_delay_us"] for row in section["rows"]}):
            rows = [r for r in section["rows"] if r["mode"] == mode and r["wanted_delay_us"] == delay]
            worst = min(rows, key=lambda r: r["gain"]["median"])
            best = max(rows, key=lambda r: r["gain"]["median"])
            slower = [r for r in rows if r["gain"]["high"] < 1]
            again = rows[0].get("sent_again")
            again = "" if again is None else f"; of all modes {again} packets came twice"
            yield _row(f"{mode}, link delay {delay} µs (round trip {worst['control_round_trip']['median'] * 1e3:.2f} ms)",
                       "size first", "≥ 1 beyond noise", f"gain {worst['gain']['median']:.2f} at {_size(worst['bytes'])} to "
                       f"{best['gain']['median']:.2f} at {_size(best['bytes'])}{again}", MISSED if slower else MET)


def _latency(section):
    for name, key in (("medians", "ratio_of_medians"), ("minima", "ratio_of_minima")):
        yield _row(f"latency INIT→Success, 64 tokens, {name}", "ZeroMQ round trip + ib_write_lat", "≤ 1.5",
                   _text(section[key], 2), _at_most(section[key], 1.5))


def _rails(section):
    if section.get("left_out"):
        yield _row("two device pairs", "one", "≥ 1.9 where CPU allows", section["left_out"], ABSENT)
        return
    yield _row("one request over two device pairs, where one thread is the wire of both" if "limited" in section
               else "one request over two device pairs", "one", "figure" if "limited" in section else "≥ 1.9",
               _text(section["striped_ratio"], 2), TOLD if "limited" in section else _at_least(section["striped_ratio"], 1.9))
    if "limited" in section:
        limited = section["limited"]
        yield _row(f"one request over two device pairs of {limited['link_rate']}", "one of them", "≥ 1.9",
                   _text(limited["striped_ratio"], 2), _at_least(limited["striped_ratio"], 1.9))
    yield _row("two process pairs, a device pair each", "one", "what the CPUs allow", _text(section["two_pairs_ratio"], 2), TOLD)


def _small(section):
    for tokens in sorted({row["tokens"] for row in section["rows"]}):
        rows = {row["concurrency"]: row for row in section["rows"] if row["tokens"] == tokens}
        one, many = rows[1], rows[64]
        yield _row(f"requests/s of {tokens} tokens, 64 at once", "one at a time", "figure",
                   f"{many['requests_per_second']:.0f} against {one['requests_per_second']:.0f} requests/s, "
                   f"{many['cpu_seconds_a_request'] * 1e6:.0f} against {one['cpu_seconds_a_request'] * 1e6:.0f} µs of CPU",
                   TOLD)


def _counts(section):
    targets = {"allocations a further round": 0, "work requests, 16 scattered blocks of 4 segments, slab": 16,
               "work requests, 16 neighbours": 1}
    # Both workers count together, so a room may take twice what one worker may.
    targets |= {"heap bytes a room of both workers": 2048, "heap bytes a block named": 64}
    for count in section["rows"]:
        bound = targets.get(count["name"])
        verdict = TOLD if bound is None else MET if count["value"] <= bound + 0.05 else MISSED
        yield _row(count["name"], "counted", "figure" if bound is None else f"≤ {bound}", f"{count['value']:.1f}", verdict)


def _set_up(section):
    for what, key, noise in (("registering a pool", "registration", "ibv_reg_mr alone"),
                             ("a queue pair to ready-to-send", "queue_pair", "bare verbs calls")):
        wide = section[f"{key}_noise"]
        yield _row(what, noise, "≤ 1.1", f"{_text(section[key + '_ratio'])}, noise [{wide['low']:.2f}, {wide['high']:.2f}]",
                   _at_most(section[f"{key}_ratio"], 1.1))
    session = section["session_seconds"]
    yield _row("first request of a session, beyond a later one", "–", "figure",
               f"{session['median'] * 1e3:.1f} ms, of which a queue pair "
               f"{section['queue_pair_seconds']['median'] * 1e3:.2f} ms", TOLD)


def _micro(section):
    def find(name):
        return next((b for b in section["benchmarks"] if b["name"].startswith(name)), None)
    plan = find("plan_blocks/2000/2")
    if plan:
        yield _row("planner, 10^4 pieces", "a piece", "≤ 100 ns", f"{plan['s/piece'] * 1e9:.0f} ns",
                   MET if plan["s/piece"] <= 100e-9 else MISSED)
    pool = find("allocate_and_free/1000000")
    if pool:
        yield _row("allocator, 10^6 blocks fragmented, 1,000 taken and given back", "a block at p99", "≤ 2 µs",
                   f"{pool['p99_s_a_block'] * 1e6:.3f} µs", MET if pool["p99_s_a_block"] <= 2e-6 else MISSED)
    gathers = [b for b in section["benchmarks"] if "ratio" in b]
    if gathers:
        worst = min(gathers, key=lambda b: b["ratio"])
        yield _row(f"gather on the CPU, worst of {len(gathers)} ({worst['name']})", "memcpy of the same bytes", "≥ 0.9",
                   f"{worst['ratio']:.2f}", MET if worst["ratio"] >= 0.9 else MISSED)
    machine = find("request_of_one_round")
    if machine:
        yield _row("state machine of the embedding worker, a request of one round", "–", "figure",
                   f"{machine['cpu_time']:.0f} {machine['time_unit']}", TOLD)


def table(results):
    """Rows of what, against, target, measured, verdict."""
    sections = results["sections"]
    latency = sections.get("latency")
    round_trip = None
    if latency:
        medians = sorted(turn["control"]["median"] for turn in latency["turns"])
        round_trip = medians[len(medians) // 2]
    makers = {"goodput": _goodput, "resume": lambda s: _resume(s, round_trip), "delays": _delays, "latency": _latency,
              "rails": _rails, "small_requests": _small, "counts": _counts, "micro": _micro, "set_up": _set_up}
    rows = []
    for name, make in makers.items():
        if name in sections:
            rows += make(sections[name])
        else:
            rows.append(_row(name, "–", "–", " ".join(results["failures"].get(name, "left out").split()), ABSENT))
    return rows


def text(rows):
    widths = [max(len(row[key]) for row in rows) for key in ("what", "against", "target", "measured")]
    keys = ("what", "against", "target", "measured")
    lines = ["  ".join(row[key].ljust(width) for key, width in zip(keys, widths)) + "  " + row["verdict"] for row in rows]
    return "\n".join(lines)


def markdown(rows):
    lines = ["| what | measured against | target | measured | verdict |", "|---|---|---|---|---|"]
    return "\n".join(lines + [f"| {r['what']} | {r['against']} | {r['target']} | {r['measured']} | {r['verdict']} |" for r in rows])
