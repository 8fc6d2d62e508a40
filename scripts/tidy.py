#!/usr/bin/env python3
"""clang-tidy over sources, skipping those that are as they were when it last found nothing in them.

A source is remembered by a hash of its text, of the repository's headers that it includes, directly or not, of its compile
command, of .clang-tidy and of clang-tidy's version: a stamp of that name in a folder says "clean". Headers from elsewhere
count by the version alone; --all forgets every stamp.
Exit status: 0 where nothing is found, 1 where something is, 2 where there is nothing to look at.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
ROOTS = ("src", "include", "cuda")
# The command and the simulation are cppcheck's alone: they would double the time.
LOOKED_AT = tuple(f"src/{layer}/" for layer in ("base", "capi", "config", "control", "fabric", "layout", "memory", "metrics", "plan",
                                                "pool", "protocol", "registration", "trace", "worker")) + (
    "cuda/driver/", "cuda/host/", "cuda/memory/")


class Repository:
    def __init__(self, root):
        self.root = Path(root)
        self.texts = {}

    def text(self, path):
        if path not in self.texts:
            self.texts[path] = (self.root / path).read_text()
        return self.texts[path]

    def included(self, path):
        """Headers of the repository that a file names."""
        for name in INCLUDE.findall(self.text(path)):
            for base in (str(Path(path).parent), *ROOTS):
                candidate = os.path.normpath(f"{base}/{name}")
                if (self.root / candidate).is_file():
                    yield candidate
                    break

    def closure(self, path):
        """The file and all headers of the repository below it, sorted."""
        seen, left = set(), [path]
        while left:
            one = left.pop()
            if one not in seen:
                seen.add(one)
                left += self.included(one)
        return sorted(seen)


def sources(commands, root, named):
    """Path in the repository -> compile command."""
    found = {}
    for command in json.loads(Path(commands).read_text()):
        path = os.path.relpath(os.path.join(command["directory"], command["file"]), root)
        wanted = path in named if named else path.startswith(LOOKED_AT)
        if wanted and path.endswith(".cpp"):
            found[path] = command.get("command") or " ".join(command["arguments"])
    return found


def changed_since(revision, root):
    diff = subprocess.run(["git", "diff", "--name-only", revision], cwd=root, check=True, capture_output=True, text=True)
    return set(diff.stdout.split())


def key_of(path, command, repository, tool):
    digest = hashlib.sha256((tool + command).encode())
    for part in repository.closure(path):
        digest.update(part.encode() + b"\0" + repository.text(part).encode() + b"\0")
    return digest.hexdigest()


def look_at(arguments, path, stamp):
    """What clang-tidy says, or nothing; then it is remembered."""
    run = subprocess.run([arguments.tool, "-p", os.path.dirname(arguments.commands), "--quiet", "--warnings-as-errors=*", path],
                         cwd=arguments.root, capture_output=True, text=True)
    if run.returncode == 0:
        stamp.touch()
        return ""
    return run.stdout + "\n".join(line for line in run.stderr.splitlines() if "error" in line)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default="clang-tidy-14")
    parser.add_argument("--root", default=".")
    parser.add_argument("--commands", required=True, help="compile_commands.json")
    parser.add_argument("--stamps", required=True, help="folder for what was found clean")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="forget what was found clean")
    parser.add_argument("--since", metavar="REVISION", help="only sources that differ from it, or that name a header that does")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    stamps = Path(arguments.stamps)
    if arguments.all:
        shutil.rmtree(stamps, ignore_errors=True)
    stamps.mkdir(parents=True, exist_ok=True)
    repository = Repository(arguments.root)
    version = subprocess.run([arguments.tool, "--version"], check=True, capture_output=True, text=True).stdout
    tool = version + (repository.root / ".clang-tidy").read_text()
    found = sources(arguments.commands, os.path.realpath(arguments.root), {os.path.normpath(f) for f in arguments.files})
    if not found:
        print("tidy: no such source in", arguments.commands, file=sys.stderr)
        return 2
    if arguments.since:
        changed = changed_since(arguments.since, arguments.root)
        found = {path: command for path, command in found.items() if changed & {path, *repository.included(path)}}
    stamped = {path: stamps / key_of(path, command, repository, tool) for path, command in found.items()}
    due = sorted(path for path, stamp in stamped.items() if not stamp.exists())
    print(f"clang-tidy: {len(due)} of {len(found)} files; the others are as they were when nothing was found in them", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for said in pool.map(lambda path: look_at(arguments, path, stamped[path]), due):
            if said:
                failed += 1
                print(said, flush=True)
    print(f"clang-tidy: something was found in {failed} files" if failed else "clang-tidy: nothing found")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
