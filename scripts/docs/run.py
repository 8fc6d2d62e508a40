"""Runs, compiles or parses the fenced blocks of the pages."""
import json
import os
import re
import signal
import subprocess
import tomllib

from pages import ROOT

BUILD = ROOT / "build/release"
SECONDS = 60  # that one block may take
# Names that examples use without declaring them: what a reader's own program has.
PREAMBLE = ROOT / "tests/docs/preamble.hpp"
# Languages of blocks that are shown and nothing else.
SHOWN = ("text", "mermaid")


class Failure(Exception):
    """A block that does not do what its page says."""


def environment():
    found = {**os.environ, "PATH": f"{BUILD / 'bin'}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "REMIT": str(ROOT)}
    found["PYTHONPATH"] = f"{ROOT / 'python'}:{BUILD / 'python'}"
    return found


def make_workplace(folder):
    """A folder that looks like the checkout, in which blocks may write: everything in it is a link."""
    folder.mkdir(parents=True)
    for entry in ROOT.iterdir():
        if entry.name != ".git":
            (folder / entry.name).symlink_to(entry)
    return folder


def run(command, folder, block):
    marker = block.marker("exit")
    expected = int(marker.detail) if marker else 0
    # A session of its own, so that what a block has started ends with it.
    with subprocess.Popen(command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True) as started:
        try:
            printed, _ = started.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired as late:
            os.killpg(started.pid, signal.SIGKILL)
            raise Failure(f"took longer than {SECONDS} s: mark it \"long\"") from late
    if started.returncode != expected:
        raise Failure(f"exit status {started.returncode}, expected {expected}\n{printed[-3000:]}")
    return printed


def run_shell(block, folder):
    return run(["bash", "-euo", "pipefail", "-c", block.text], folder, block)


def shape(text):
    """Numbers and the units of sizes differ from run to run; words and lines do not."""
    lines = (re.sub(r"# [kMGT]?B\b", "# B", re.sub(r"\d+(\.\d+)?", "#", line)) for line in text.split("\n"))
    return [re.sub(r"\s+", " ", line).strip() for line in lines if line.strip()]


def run_console(block, folder):
    """`$ command` and below it what it prints, numbers aside; a line of … stands for any lines."""
    parts = re.split(r"^\$ (.*(?:\\\n.*)*)\n", block.text, flags=re.M)
    for command, shown in zip(parts[1::2], parts[2::2]):
        printed = shape(run(["bash", "-euo", "pipefail", "-c", command], folder, block))
        pattern = "\n".join(r".*" if line == "…" else re.escape(line) for line in shape(shown))
        if pattern and not re.fullmatch(pattern, "\n".join(printed), re.S):
            raise Failure(f"{command} prints\n" + "\n".join(printed))


def run_python(block, folder):
    return run(["/usr/bin/python3", "-c", block.text], folder, block)


def parse_json(block, _):
    """One document, or one a line as a log has them."""
    try:
        json.loads(block.text)
    except ValueError as error:
        try:
            for line in block.text.splitlines():
                json.loads(line)
        except ValueError:
            raise Failure(str(error)) from error


def read_settings(block, folder):
    """TOML on these pages is a file of settings: the command reads it, or says which key is wrong. A file of peers is only
    parsed: what reads it needs an RDMA device."""
    try:
        if "peer" in tomllib.loads(block.text):
            return
    except ValueError as error:
        raise Failure(str(error)) from error
    path = folder / "settings-of-a-page.toml"
    path.write_text(block.text, encoding="utf-8")
    run(["remit", "config", "--config", path.name], folder, block)


def write_file(block, folder):
    path = folder / block.marker("file").detail
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(folder.resolve()) or path.is_symlink():
        raise Failure(f"{path.name} would be written into the checkout: name a folder of the page's own")
    path.write_text(block.text, encoding="utf-8")


RUNNERS = {"sh": run_shell, "bash": run_shell, "console": run_console, "python": run_python, "json": parse_json,
           "toml": read_settings}


def wrapped(number, block, body):
    """A block as part of a source: statements are made a function."""
    whole = re.search(r"^(int main|struct |class |static |void |inline |template)", body, re.M)
    given = block.marker("given")
    head, end = "[[maybe_unused]] static void", "}"
    if block.language == "c":
        head, end = "__attribute__((unused)) static int", "return 0;\n}"
    opening = "" if whole else f"{head} example_{number}({given.detail if given else ''}) {{"
    return f"{opening}\n#line {block.line} \"{block.page}\"\n{body}\n{'' if whole else end}\n"


def translation_unit(blocks, preamble):
    """One source of all blocks, in C++ each in a namespace of its own, so that the headers are read once."""
    includes, bodies = [], []
    for number, block in enumerate(blocks):
        lines = block.text.split("\n")
        includes += [line for line in lines if line.startswith("#include")]
        text = wrapped(number, block, "\n".join("" if line.startswith("#include") else line for line in lines))
        in_cpp = f"namespace block_{number} {{\nusing namespace documentation;\n{text}}}\n"
        bodies.append(text if block.language == "c" else in_cpp)
    return "\n".join(dict.fromkeys(includes)) + f"\n{preamble}\n" + "\n".join(bodies)


def include_folders():
    """Where the public headers are, those that the build makes among them."""
    made = sorted({str(path.parents[1]) for path in BUILD.glob("**/include/remit/*.hpp")
                   if "include_roots" not in path.parts} | {str(p.parents[1]) for p in BUILD.glob("*/remit/*.hpp")
                                                           if "include_roots" not in p.parts})
    return [ROOT / "include", *made]


COMPILERS = {"cpp": ("g++", "-std=c++20", f'#include "{PREAMBLE}"'),
             "c": ("gcc", "-std=c11", "#include <remit/remit.h>\n#include <stdio.h>")}


def compile_blocks(language, blocks, folder):
    compiler, standard, preamble = COMPILERS[language]
    source = folder / f"blocks.{language}"
    source.write_text(translation_unit(blocks, preamble), encoding="utf-8")
    command = [compiler, standard, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable",
               "-Wno-unused-but-set-variable", *(f"-I{path}" for path in include_folders()), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Failure(done.stderr[:4000])
