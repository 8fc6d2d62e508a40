#!/usr/bin/python3
"""The manual page remit(1), from what the command says of itself and the comments of its exit statuses.

usage: make_man.py PROGRAM EXIT_STATUS_HEADER OUTPUT
"""
import pathlib
import re
import subprocess
import sys

ROW = re.compile(r"^  (\S.*?)(?: {2,}(.*))?$")


def help_of(program, *words):
    """(what it is, usage, {heading: [(name, text)]}) of `program WORDS --help`."""
    said = subprocess.run([program, *words, "--help"], check=True, capture_output=True, text=True).stdout
    about, usage, tables, heading = [], "", {}, None
    for line in said.splitlines():
        if line.startswith("Usage: "):
            usage = line.removeprefix("Usage: ")
        elif re.fullmatch(r"[A-Z][\w ]*:", line):
            heading = line[:-1]
            tables[heading] = []
        elif heading and (row := ROW.match(line)):
            tables[heading].append((row[1], row[2] or ""))
        elif heading and line.strip():  # the text of a name that left no room beside it
            name, text = tables[heading][-1]
            tables[heading][-1] = (name, f"{text} {line.strip()}".strip())
        elif not usage and line.strip():
            about.append(line.strip())
    if not usage or not tables:
        sys.exit(f"make_man: `{' '.join([program, *words])} --help` has no usage or no table:\n{said}")
    return " ".join(about), usage, tables


def roff(text):
    """Plain text, with hyphens that can be copied and nothing that troff takes for a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga")
    return "\\&" + text if text[:1] in (".", "'") else text


def rows(table):
    return [line for name, text in table for line in (".TP", f".B {roff(name)}", roff(text))]


def exit_statuses(header):
    found = re.findall(r"^ +\w+ = (\d+), +///< (.*)$", pathlib.Path(header).read_text(), re.M)
    if not found:
        sys.exit(f"make_man: no exit status in {header}")
    return found


def page(program, header):
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    about, usage, tables = help_of(program)
    commands = tables.get("Subcommands", [])
    if not commands:
        sys.exit(f"make_man: {program} has no commands")
    lines = [f'.TH REMIT 1 "" "{version}" "User Commands"', ".SH NAME", f"remit \\- {roff(about.removeprefix('remit '))}"]
    lines += [".SH SYNOPSIS", f".B {roff(usage)}", ".SH COMMANDS", *rows(commands), ".SH OPTIONS", *rows(tables["Options"])]
    for name, _ in commands:
        what, usage, tables = help_of(program, name)
        lines += [f".SH {name.upper()}", f".B {roff(usage)}", ".PP", roff(what[:1].upper() + what[1:]) + "."]
        for heading in ("Positionals", "Options"):
            lines += rows(row for row in tables.get(heading, []) if not row[0].startswith("-h,"))
    lines += [".SH EXIT STATUS", *rows(exit_statuses(header))]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    pathlib.Path(sys.argv[3]).write_text(page(*sys.argv[1:3]))
