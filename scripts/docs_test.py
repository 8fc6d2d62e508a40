#!/usr/bin/python3
"""Tests the documentation: README.md, docs/*.md, and the READMEs of examples/ and python/.

Each fenced block is run (sh, bash, console, python), compiled (cpp, c), parsed (json), read by
`remit config` (toml), or carries a marker that says why not:
<!-- docs-test: hardware --> (or cluster, long, elsewhere: LANE) on the line before it. Links, options and names of the code
are looked up; messages of the library are compared with docs/errors.md, examples of the wire and pictures with what the code
prints. Needs the release build of remit_command, remit_sim_command and remit_wire_examples.
"""
import argparse
import collections
import pathlib
import re
import sys
import tempfile
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts/docs"))

import claims  # noqa: E402
import generated  # noqa: E402
import messages  # noqa: E402
import pages  # noqa: E402
import run  # noqa: E402
import wire  # noqa: E402


class Report:
    """Results as they come, and as JUnit XML."""

    def __init__(self, verbose):
        self.verbose = verbose
        self.failed = 0
        self.suite = ET.Element("testsuite", name="docs")

    def add(self, name, problem=""):
        case = ET.SubElement(self.suite, "testcase", name=name, classname="docs")
        if problem:
            self.failed += 1
            # XML has no place for control characters.
            ET.SubElement(case, "failure", message=re.sub(r"[^\x20-\x7e\n…]", "?", problem)[:4000])
            print(f"FAILED {name}\n{problem}")
        elif self.verbose:
            print(f"ok     {name}")

    def write(self, path):
        count = len(self.suite)
        self.suite.set("tests", str(count))
        self.suite.set("failures", str(self.failed))
        ET.ElementTree(self.suite).write(path, encoding="utf-8", xml_declaration=True)


def lanes():
    text = (ROOT / "scripts/test.sh").read_text(encoding="utf-8")
    return {*re.search(r"^lanes=\(([^)]*)\)", text, re.M).group(1).split(), ".ci/run"}


def marker_problem(block):
    reason = block.reason
    if reason and reason.word == "elsewhere" and reason.detail not in lanes():
        return f"marker elsewhere: \"{reason.detail}\" is no lane of scripts/test.sh"
    known = (*run.RUNNERS, *run.SHOWN, *run.COMPILERS)
    if block.language not in known and not reason and not block.marker("file"):
        return f"language \"{block.language}\" is neither run nor shown; known: {', '.join(known)}"
    return ""


def how_counted(block):
    if block.reason:
        return f"not run, {block.reason.word}"
    if block.marker("file"):
        return "written to a file that a later block uses"
    if block.language in run.SHOWN:
        return "shown"
    return "parsed" if block.language == "json" else "run"


def test_block(block, workplace):
    """What is wrong with a block, or "". Sources are compiled later, all together."""
    try:
        if marker_problem(block) or block.reason:
            return marker_problem(block)
        if block.marker("file"):
            run.write_file(block, workplace)
        elif block.language in run.RUNNERS:
            run.RUNNERS[block.language](block, workplace)
        return ""
    except run.Failure as failure:
        return str(failure)


def test_blocks(found, report, counts, folder):
    compiled = []
    for page in found:
        workplace = run.make_workplace(folder / page.name.replace("/", "_"))
        for block in page.blocks:
            if block.language in run.COMPILERS and not block.reason:
                compiled.append(block)
            if block.language in run.COMPILERS and not block.reason and not block.marker("file"):
                continue
            counts[how_counted(block)] += 1
            report.add(f"{block.where} {block.language}", test_block(block, workplace))
    counts["compiled"] += len(compiled)
    for language in run.COMPILERS:
        blocks = [block for block in compiled if block.language == language]
        try:
            if blocks:
                run.compile_blocks(language, blocks, folder)
                report.add(f"{len(blocks)} blocks of {language}")
        except run.Failure as failure:
            report.add(f"blocks of {language}", str(failure))


def test_claims(found, report):
    by_name = {page.name: page for page in found}
    for page in found:
        report.add(f"{page.name} links", "\n".join(claims.link_problems(page, by_name)))
        report.add(f"{page.name} options", "\n".join(claims.option_problems(page)))
        report.add(f"{page.name} names", "\n".join(claims.name_problems(page)))


def test_code(report, counts):
    wrong, count, entries = messages.problems()
    counts["messages of the library explained"] = count
    report.add(f"docs/errors.md: {count} messages, {entries} entries", "\n".join(wrong))
    report.add("docs/wire_protocol.md, read by its own words", "\n".join(wire.problems()))
    try:
        report.add("examples, state machines and pictures", "\n".join(generated.problems()))
    except (pages.PageError, OSError) as error:
        report.add("examples, state machines and pictures", str(error))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--junit", metavar="FILE", help="write the results there as JUnit XML")
    parser.add_argument("--page", metavar="NAME", action="append", help="only blocks of this page, as docs/concepts.md")
    parser.add_argument("--verbose", action="store_true", help="name what passes too")
    options = parser.parse_args()
    report, counts = Report(options.verbose), collections.Counter()
    try:
        found = pages.all_pages()
    except pages.PageError as error:
        sys.exit(f"docs_test: {error}")
    chosen = [page for page in found if not options.page or page.name in options.page]
    with tempfile.TemporaryDirectory(prefix="remit-docs-") as folder:
        test_blocks(chosen, report, counts, pathlib.Path(folder))
    test_claims(found, report)
    test_code(report, counts)
    if options.junit:
        report.write(options.junit)
    print(f"{len(found)} pages; blocks and messages:")
    for what, count in sorted(counts.items()):
        print(f"  {count:4}  {what}")
    print(f"docs: {len(report.suite) - report.failed} passed, {report.failed} failed")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
