#!/usr/bin/python3
"""Tests the documentation's test: what is wrong in a page must be found. Needs no build."""
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts/docs"))

import claims  # noqa: E402
import generated  # noqa: E402
import messages  # noqa: E402
import pages  # noqa: E402
import run  # noqa: E402
import wire  # noqa: E402


def page_of(text):
    """A page in a folder below the root, as read_page() names pages from there."""
    with tempfile.NamedTemporaryFile("w", suffix=".md", dir=pages.ROOT / "docs", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        return pages.read_page(pathlib.Path(file.name))


def block_of(text, language="sh", markers=()):
    return pages.Block("docs/x.md", 1, language, text, list(markers))


class Pages(unittest.TestCase):
    def test_blocks_know_their_markers(self):
        page = page_of("a\n\n<!-- docs-test: elsewhere: guest -->\n```sh\necho\n```\n\n```cpp\nint x;\n```\n")
        self.assertEqual([b.language for b in page.blocks], ["sh", "cpp"])
        self.assertEqual((page.blocks[0].reason.word, page.blocks[0].reason.detail), ("elsewhere", "guest"))
        self.assertIsNone(page.blocks[1].reason)

    def test_markers_with_colons(self):
        marker = pages.parse_marker("x", "given remit::Send& a, remit::Send& b")
        self.assertEqual((marker.word, marker.detail), ("given", "remit::Send& a, remit::Send& b"))

    def test_marker_that_nobody_knows(self):
        with self.assertRaisesRegex(pages.PageError, "none of"):
            page_of("<!-- docs-test: later -->\n```sh\necho\n```\n")

    def test_marker_before_no_block(self):
        with self.assertRaisesRegex(pages.PageError, "directly before"):
            page_of("<!-- docs-test: long -->\ntext\n")

    def test_block_without_an_end(self):
        with self.assertRaisesRegex(pages.PageError, "without an end"):
            page_of("```sh\necho\n")

    def test_code_spans_with_quotes_inside(self):
        self.assertEqual(pages.code_spans("a `b` and `` raise `ulimit -n` ``"), ["b", "raise `ulimit -n`"])

    def test_anchors(self):
        names = pages.anchors(page_of("# A `b`: c, d\n## Two\n## Two\n"))
        self.assertEqual(names, {"a-b-c-d", "two", "two-1"})


class Blocks(unittest.TestCase):
    def test_a_command_that_fails(self):
        with tempfile.TemporaryDirectory() as folder, self.assertRaisesRegex(run.Failure, "exit status 1"):
            run.run_shell(block_of("true\nfalse\ntrue\n"), folder)

    def test_an_expected_status(self):
        with tempfile.TemporaryDirectory() as folder:
            run.run_shell(block_of("exit 3\n", markers=[pages.Marker("exit", "3")]), folder)
            with self.assertRaises(run.Failure):
                run.run_shell(block_of("exit 0\n", markers=[pages.Marker("exit", "3")]), folder)

    def test_output_may_differ_in_numbers_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            run.run_console(block_of("$ echo 3 blocks; echo end\n7 blocks\n…\n", "console"), folder)
            with self.assertRaises(run.Failure):
                run.run_console(block_of("$ echo 3 blocks\n7 rooms\n", "console"), folder)

    def test_data_that_does_not_parse(self):
        run.parse_json(block_of('{"a": 1}\n{"b": 2}\n', "json"), None)
        with self.assertRaises(run.Failure):
            run.parse_json(block_of('{"a": 1}\n{,\n', "json"), None)

    def test_cpp_that_does_not_compile(self):
        with tempfile.TemporaryDirectory() as folder:
            good = block_of("w.stop();\n", "cpp", [pages.Marker("given", "remit::LanguageWorker& w")])
            run.compile_blocks("cpp", [good], pathlib.Path(folder))
            with self.assertRaisesRegex(run.Failure, "docs/x.md:1"):
                run.compile_blocks("cpp", [block_of("remit::NoSuchThing x;\n", "cpp")], pathlib.Path(folder))

    def test_a_file_stays_in_the_folder_of_its_page(self):
        with tempfile.TemporaryDirectory() as folder:
            workplace = run.make_workplace(pathlib.Path(folder) / "page")
            run.write_file(block_of("x\n", markers=[pages.Marker("file", "own/x.txt")]), workplace)
            self.assertTrue((workplace / "own/x.txt").exists())
            for name in ("README.md", "docs/x.txt"):
                with self.assertRaisesRegex(run.Failure, "into the checkout"):
                    run.write_file(block_of("x\n", markers=[pages.Marker("file", name)]), workplace)


class Claims(unittest.TestCase):
    def test_links(self):
        page = page_of("[a](nowhere.md) [b](protocol.md#no-heading) [c](protocol.md) `[d](code.md)`\n")
        known = {p.name: p for p in pages.all_pages()}
        wrong = claims.link_problems(page, known)
        self.assertEqual(len(wrong), 2, wrong)

    def test_options(self):
        with mock.patch.object(claims, "remit_options", lambda command: {"--tokens", "--help"}), \
                mock.patch.object(claims, "all_options", lambda: {"--tokens"}):
            self.assertEqual(claims.wrong_options("remit demo --tokens 3 --tokenz 4", False), ["--tokenz"])
            self.assertEqual(claims.wrong_options("docker run --gpus all", True), [])
            self.assertEqual(claims.wrong_options("--tokenz", True), ["--tokenz"])

    def test_names(self):
        page = page_of("`src/no/such.cpp` `remit_no_such_metric` `Send::no_such` `timing.no_such` `src/protocol`\n")
        self.assertEqual(len(claims.name_problems(page)), 4)


class Messages(unittest.TestCase):
    def test_texts_of_a_source(self):
        source = 'throw Error(k, fmt::format("{} is {}; " // why\n "permitted: {}", a));\nlog().info("only {} seen", x);'
        texts = messages.texts_of(source)
        self.assertEqual([text for _, text, _ in texts], ["{} is {}; permitted: {}", "only {} seen"])
        self.assertFalse(messages.QUIET.search(texts[0][2]))
        self.assertTrue(messages.QUIET.search(texts[1][2]))

    def test_gaps(self):
        self.assertTrue(messages.covers("embedding worker at … silent for … ms", messages.plain("worker at {}:{} silent for {} ms")))
        self.assertFalse(messages.covers("silent for … ms", messages.plain("silent for {} s or more")))

    def test_both_directions(self):
        with mock.patch.object(messages, "messages", lambda: ({"no such message": ["a.cpp:1"]}, {"no such message"})), \
                mock.patch.object(messages, "excluded", lambda: ({}, {})), \
                mock.patch.object(messages, "explained", lambda: [(3, "another message of old")]):
            wrong, _, _ = messages.problems()
        self.assertEqual(len(wrong), 2, wrong)


class Wire(unittest.TestCase):
    def test_messages_are_told_apart_by_the_table(self):
        rows = [("None", ["ping"], ["7"], "PING", "PING"), ("room", [], ["7"], "INIT", "STATUS")]
        init = [b"100"] * 7
        self.assertEqual(wire.message_of(init, True, rows), "INIT")
        self.assertEqual(wire.message_of(init, False, rows), "STATUS")
        self.assertEqual(wire.message_of([b"None", b"ping", *init[2:]], True, rows), "PING")
        self.assertEqual(wire.message_of(init[1:], True, rows), "nothing")

    def test_bytes_that_are_not_as_many_as_said(self):
        with self.assertRaisesRegex(ValueError, "said to have"):
            wire.frames_of(block_of("0  2 bytes    31                                               1\n", "text"))


class Generated(unittest.TestCase):
    def test_an_example_that_is_missing_or_unknown(self):
        page = pages.ROOT / "docs/protocol.md"
        with self.assertRaisesRegex(pages.PageError, "no block is marked"):
            generated.compared(page, "example", {"INIT": ""})
        with self.assertRaisesRegex(pages.PageError, "the code knows"):
            generated.compared(page, "states", {"nothing": ""})


if __name__ == "__main__":
    unittest.main()
