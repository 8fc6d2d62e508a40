"""What the pages name, looked up where it must be: files, anchors, options, names of the code."""
import functools
import re
import shlex
import subprocess

from pages import ROOT, anchors, code_spans, links
from run import BUILD, environment

COMMANDS = ("demo", "embed", "language", "bench", "keygen", "doctor")
# Options of other programs that stand by themselves in running text, and whose they are.
FOREIGN = {"--cap-add": "docker", "--network": "docker", "--gpus": "docker", "--ulimit": "docker", "--privileged": "docker",
           "--parallel": "cmake", "--preset": "cmake", "--target": "cmake", "--encoder-only": "sglang",
           "--language-only": "sglang", "--encoder-urls": "sglang", "--encoder-transfer-backend": "sglang",
           "--ec-transfer-config": "vllm"}
OPTION = re.compile(r"--[a-z][a-z0-9-]*")
FOLDERS = r"(?:src|include|scripts|docs|tests|cuda|bench|cmake|python|examples|packaging|\.ci)"


def helps_of(program, arguments=()):
    done = subprocess.run([*program, *arguments, "--help"], capture_output=True, text=True, env=environment(), cwd=ROOT,
                          timeout=60)
    return set(OPTION.findall(done.stdout + done.stderr)) | {"--help"}


@functools.cache
def remit_options(command):
    """Those of `remit COMMAND`; of all commands and `remit` itself where it is empty."""
    if command:
        return helps_of([BUILD / "bin/remit"], [command])
    return set().union(helps_of([BUILD / "bin/remit"]), {"--version"}, *(remit_options(name) for name in all_commands()))


@functools.cache
def all_commands():
    done = subprocess.run([BUILD / "bin/remit", "--help"], capture_output=True, text=True, timeout=60)
    listed = re.findall(r"^  ([a-z][a-z-]+) {2,}", done.stdout, re.M)
    return tuple(listed) or COMMANDS


@functools.cache
def script_options(path):
    return helps_of([ROOT / path])


@functools.cache
def program_options(name):
    return helps_of([BUILD / "bin" / name])


@functools.cache
def all_options():
    """Those of remit, and whatever scripts and programs of the bench call an option."""
    files = [*(ROOT / "scripts").glob("*.sh"), *(ROOT / "scripts").glob("*.py"), *(ROOT / "bench").rglob("*.cpp")]
    found = set().union(*(set(OPTION.findall(path.read_text(encoding="utf-8"))) for path in files))
    return found | remit_options("") | program_options("remit-sim")


def known_options(words):
    """The options that the program of a command line has; nothing where it is none of ours."""
    name = words[0]
    base = name.rsplit("/", 1)[-1]
    if base == "remit":
        command = next((word for word in words[1:] if word in all_commands()), "")
        return remit_options(command)
    if base == "remit-sim":
        return program_options(base)
    if re.fullmatch(r"(?:\./)?scripts/[\w./-]+\.(?:sh|py)", name):
        options = script_options(name.removeprefix("./"))
        inner = next((i for i, word in enumerate(words) if i and word.rsplit("/", 1)[-1] in ("remit", "remit-sim")), None)
        if base == "demo.sh":
            return options | remit_options("demo")
        return options | (known_options(words[inner:]) or set() if inner else set())
    return None


def words_of(text):
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def wrong_options(text, alone):
    """Options of one command line, or alone in running text, that nobody has."""
    words = words_of(text)
    while words and (re.fullmatch(r"[A-Z_]+=\S*", words[0]) or words[0] in ("sudo", "time", "exec", "env")):
        words = words[1:]
    if not words:
        return []
    named = [OPTION.match(word).group() for word in words if OPTION.match(word)]
    if alone and words[0].startswith("--"):
        return [name for name in named if name not in all_options() and name not in FOREIGN]
    known = known_options(words)
    return [name for name in named if known is not None and name not in known]


def command_lines(block):
    text = re.sub(r"\\\n\s*", " ", block.text)
    if block.language == "console":
        text = "\n".join(line[2:] for line in text.split("\n") if line.startswith("$ "))
    for line in text.split("\n"):
        yield from re.split(r"\s(?:&&|\|\||[|;&])(?:\s|$)", line)


def option_problems(page):
    wrong = []
    for block in page.blocks:
        if block.language in ("sh", "bash", "console"):
            for line in command_lines(block):
                wrong += [f"{block.where}: option {name} of \"{line.strip()}\"" for name in wrong_options(line, False)]
    for number, line in page.prose:
        if page.name != "docs/errors.md":  # messages, as they are
            for span in code_spans(line):
                wrong += [f"{page.name}:{number}: option {name} of \"{span}\"" for name in wrong_options(span, True)]
    return wrong


def link_problems(page, pages):
    wrong = []
    for number, line in page.prose:
        for _, target in links(line):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (ROOT / page.name).parent / path if path else ROOT / page.name
            if not file.exists():
                wrong.append(f"{page.name}:{number}: link to {target}: there is no such file")
            elif anchor and file.suffix == ".md":
                other = pages.get(str(file.resolve().relative_to(ROOT)))
                if other is None or anchor not in anchors(other):
                    wrong.append(f"{page.name}:{number}: link to {target}: the page has no such heading")
    return wrong


@functools.cache
def sources():
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split()
    wanted = re.compile(r"(\.(?:[ch]pp|cc|h|cu|cuh|py|sh|txt|cmake|pyi|service|in)$|CMakeLists\.txt|CMakePresets\.json|\.ci/run)")
    return "\n".join((ROOT / name).read_text(encoding="utf-8", errors="replace") for name in names
                     if wanted.search(name) and not name.startswith(("docs/", "tests/docs/", "scripts/docs")) and (ROOT / name).is_file())


@functools.cache
def headers():
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "include").rglob("*.h*"))


@functools.cache
def knows(word):
    """Whether a source has the word, or CMake makes it of a part: remit_test(plan ...) is remit_test_plan."""
    kind = re.match(r"(remit_(?:test|fuzz))_(\w+)", word)
    made = kind and re.search(rf"(?:{kind.group(1)}\w*\(|ITEMS [\w ]*)\s*\b{kind.group(2)}\b", sources())
    return bool(made) or re.search(rf"\b{re.escape(word)}\b", sources()) is not None


def name_problems(page):
    """Files, programs, metrics, members and settings that running text names as code."""
    wrong = []
    for number, line in page.prose:
        for span in code_spans(line):
            where = f"{page.name}:{number}: \"{span}\""
            for path in re.findall(rf"(?<![\w/.-]){FOLDERS}/[\w./*-]+", span):
                path = re.sub(r"\b[A-Z]{3,}\b", "*", path.rstrip("./"))  # a name to be filled in
                if not list(ROOT.glob(path)) and not list((ROOT / page.name).parent.glob(path)):
                    wrong.append(f"{where}: there is no {path}")
            if re.fullmatch(r"remit_[a-z0-9_]+(\{[^}]*\})?", span) and not knows(span.split("{")[0]):
                wrong.append(f"{where}: no source names it")
            member = re.fullmatch(r"([A-Z]\w+)::(\w+)(?:\(\))?", span)
            if member and member.group(1) in headers() and not re.search(rf"\b{member.group(2)}\b", headers()):
                wrong.append(f"{where}: no public header has {member.group(2)}")
            setting = re.fullmatch(r"(?:timing|limits|keys|control|fabric|memory|guess)\.((?!cpp|hpp)[a-z_]+)", span)
            if setting and not re.search(rf"\b{setting.group(1)}\b", headers()) and not knows(span):
                wrong.append(f"{where}: no public header has {setting.group(1)}")
    return wrong
