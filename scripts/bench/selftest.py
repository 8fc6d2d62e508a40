#!/usr/bin/python3
"""Checks the judging of a bench on figures whose verdict is known; needs no device. Exit status 1 where a check fails."""
import copy
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import plot_bench  # noqa: E402
import samples  # noqa: E402
import targets  # noqa: E402


def interval(median, wide=0.01):
    return {"median": median, "low": median - wide, "high": median + wide, "n": 7}


def results(ratio):
    row = {"size": 16 << 20, "bytes": 16 << 20, "remit_gigabits": [1.0], "ib_write_bw_gigabits": [1.0], "ratio": ratio,
           "noise_ib_write_bw": interval(1)}
    return {"host_kind": "test", "kernel": "-", "cpus": 1, "devices": [], "failures": {}, "sections": {"goodput": {"rows": [row]}}}


def verdict(ratio):
    return targets.table(results(ratio))[0]["verdict"]


class Samples(unittest.TestCase):
    def test_ranks_of_the_sign_test(self):
        for n, rank in ((6, 1), (8, 1), (9, 2), (10, 2), (25, 8), (100, 40)):
            found = samples.interval(range(1, n + 1))
            self.assertEqual((found["low"], found["high"]), (rank, n + 1 - rank), n)

    def test_few_values_are_all_of_the_interval(self):
        self.assertEqual(samples.interval([3, 1, 2]), {"median": 2, "low": 1, "high": 3, "n": 3})

    def test_pairs_by_turn(self):
        self.assertEqual(samples.paired([2, 20, 200], [1, 10, 100])["median"], 2)

    def test_noise_holds_one(self):
        noise = samples.self_noise([1.0, 1.1, 0.9, 1.0, 1.05])
        self.assertLess(noise["low"], 1)
        self.assertGreater(noise["high"], 1)


class Verdicts(unittest.TestCase):
    def test_by_median_and_interval(self):
        self.assertEqual(verdict(interval(0.98)), targets.MET)
        self.assertEqual(verdict(interval(0.965)), targets.UNCLEAR)
        self.assertEqual(verdict(interval(0.90)), targets.MISSED)

    def test_a_section_that_is_absent_says_so(self):
        rows = targets.table(results(interval(1)))
        absent = [row for row in rows if row["verdict"] == targets.ABSENT]
        self.assertIn("latency", [row["what"] for row in absent])

    def test_one_block_whatever_the_guess_is_no_resume(self):
        data = results(interval(1))
        data["sections"]["resume"] = {"rows": [{"mode": "resume/2", "rounds": 1.0, "size": 1 << 20, "again": False}]}
        self.assertEqual([row for row in targets.table(data) if row["what"].startswith("resume, guess")], [])

    def test_rails_are_judged_where_the_wire_is_what_is_waited_for(self):
        data = results(interval(1))
        section = {"two_pairs_ratio": interval(1.9), "striped_ratio": interval(1.3)}
        data["sections"]["rails"] = section
        judged = {row["what"]: row["verdict"] for row in targets.table(data)}
        self.assertEqual(judged["one request over two device pairs"], targets.MISSED)
        section["limited"] = {"link_rate": "200mbit", "striped_ratio": interval(1.95)}
        judged = {row["what"]: row["verdict"] for row in targets.table(data)}
        self.assertEqual(judged["one request over two device pairs of 200mbit"], targets.MET)

    def test_a_short_round_0_is_judged_by_the_round_trip(self):
        data = results(interval(1))
        case = {"size": 1 << 20, "bytes": 1 << 20, "mode": "resume/10", "again": False, "rounds": 2.0, "expected_tokens": 10, "tokens": 100,
                "rounds": 2, "seconds": {"p50": 0.010, "p99": 0.010}, "ratio": interval(1.5), "extra_seconds": interval(0.002, 0)}
        again = copy.deepcopy(case) | {"again": True, "mode": "one-shot", "ratio": interval(1)}
        data["sections"]["resume"] = {"rows": [again, case]}
        turn = {"control": {"median": 0.003, "min": 0.003}}
        data["sections"]["latency"] = {"turns": [turn], "ratio_of_medians": interval(1), "ratio_of_minima": interval(1), "rows": []}
        row = next(r for r in targets.table(data) if r["what"].startswith("resume"))
        self.assertEqual(row["verdict"], targets.MET)
        turn["control"]["median"] = 0.0005  # now round 0 covers it, and half as long again is too long
        row = next(r for r in targets.table(data) if r["what"].startswith("resume"))
        self.assertEqual(row["verdict"], targets.MISSED)


class Page(unittest.TestCase):
    def test_only_what_is_between_markers_changes(self):
        marks = "".join(f"{n}\n<!-- bench:{n} -->\nold\n<!-- /bench:{n} -->\n" for n in ("machine", "targets", "goodput"))
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.md"
            page.write_text("before\n" + marks + "after\n", encoding="utf-8")
            data = results(interval(0.98))
            plot_bench.fill(page, data, targets.table(data))
            text = page.read_text(encoding="utf-8")
        self.assertTrue(text.startswith("before\nmachine\n") and text.endswith("after\n"))
        self.assertNotIn("old", text)
        self.assertIn("0.980 [0.970, 0.990]", text)

    def test_the_real_page_has_all_markers(self):
        page = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
        for name in ("machine", "targets", "goodput", "resume", "latency", "settings"):
            self.assertEqual(page.count(f"<!-- bench:{name} -->"), 1)
            self.assertEqual(page.count(f"<!-- /bench:{name} -->"), 1)


if __name__ == "__main__":
    unittest.main(verbosity=0)
