"""Every message of the library and of the command, found in the sources, and those that docs/errors.md explains.

A message is a text of at least two words in the sources below, whatever function it goes through: a throw, a helper that throws,
a reason of a failed room. Texts that nobody is shown as a message stand in tests/docs/not_messages.txt, with what they
are, one by one or for a whole file. Lines that are logged as information are no messages either.
"""
import re

from pages import ROOT, code_spans, read_page

# All layers of libremit, also those to come, and the command; the simulation is for its developers.
SOURCES = [*sorted(f"src/{path.name}" for path in (ROOT / "src").iterdir() if path.is_dir() and path.name != "sim"),
           "cuda/driver", "cuda/host", "cuda/memory"]
PAGE = ROOT / "docs/errors.md"
EXCLUDED = ROOT / "tests/docs/not_messages.txt"
GAP = "…"

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|\n|#[^\n]*|\w+|\s+|.', re.S)
WORDS = re.compile(r"[A-Za-z]{2,}\W* \W*(?:[a-z]\b\W*)*[A-Za-z]{2,}|[A-Za-z]{3,} \{|\} [A-Za-z]{3,}")
QUIET = re.compile(r"(?:log\(\)|complaints\(\)|complaints_)\.(?:trace|debug|info)\(")


def plain(text):
    """As a reader sees it: what is filled in is a gap."""
    text = re.sub(r"\{[^{}]*\}", GAP, text.replace('\\"', '"').replace("\\n", " "))
    return one_gap(re.sub(r"\s+", " ", text))


def one_gap(text):
    """Gaps with nothing but punctuation between them are one."""
    return re.sub(rf"{GAP}(?:[^\w{GAP}]*{GAP})+", GAP, text)


def trimmed(text):
    return plain(text).strip(f" {GAP};:,.()\"")


def texts_of(source):
    """(line, text, what stands before it in its statement) of each string in C++; neighbours are one."""
    found, line, statement, joined = [], 1, "", False
    for token in TOKEN.findall(source):
        if token.startswith('"'):
            if joined:
                found[-1][1] += token[1:-1]
            else:
                found.append([line, token[1:-1], statement])
            joined = True
        elif token.startswith(("//", "/*", "#")) or token.isspace():
            pass
        else:
            joined = False
            statement = "" if token in ";{}" else statement + token
        line += token.count("\n")
    return found


def messages():
    """({text: [where it stands]} of the messages, all texts), but for files that hold none."""
    found, every = {}, set()
    without = {path for pattern in excluded()[1] for path in ROOT.glob(pattern)}
    for folder in SOURCES:
        for path in sorted(set((ROOT / folder).rglob("*.[ch]pp")) - without):
            for line, text, statement in texts_of(path.read_text(encoding="utf-8")):
                every.add(plain(text).strip())
                if WORDS.search(text) and not QUIET.search(statement):
                    found.setdefault(plain(text).strip(), []).append(f"{path.relative_to(ROOT)}:{line}")
    return found, every


def excluded():
    """({text: what it is}, {pattern of files: what they hold}) of the list of texts that are no messages."""
    listed, files = {}, {}
    for number, line in enumerate(EXCLUDED.read_text(encoding="utf-8").split("\n"), 1):
        if not line or line.startswith("#"):
            continue
        kind, tab, text = line.partition("\t")
        if not tab or not kind:
            raise ValueError(f"{EXCLUDED.name}:{number}: a line is KIND, a tab, the text")
        if re.fullmatch(r"(?:src|cuda)/[\w/*.]+", text):
            files[text] = kind
        else:
            listed[text.strip()] = kind
    return listed, files


def explained():
    """[(line, message)] of the first column of the tables of docs/errors.md whose head is "message"."""
    found, in_table = [], False
    for number, line in read_page(PAGE).prose:
        if not line.startswith("|"):
            in_table = False
            continue
        cell = re.split(r"(?<!\\)\|", line)[1].strip().replace("\\|", "|")
        if cell == "message":
            in_table = True
        elif in_table and not cell.startswith("---"):
            found.extend((number, one_gap(span)) for span in code_spans(cell))
    return found


def covers(entry, text):
    """Whether a message of the page shows this text of the sources; gaps of the text are gaps or examples there."""
    parts = [re.escape(part) for part in trimmed(text).split(GAP)]
    return re.search(".{0,80}?".join(parts), entry) is not None


def problems():
    """What is in the sources and not explained, and the other way round."""
    (found, every), (listed, files), entries = messages(), excluded(), explained()
    wrong = [f"tests/docs/not_messages.txt: no file matches {pattern}: remove it" for pattern in files
             if not list(ROOT.glob(pattern))]
    for text, places in sorted(found.items(), key=lambda item: item[1][0]):
        if text not in listed and not any(covers(entry, text) for _, entry in entries):
            wrong.append(f"{places[0]}: \"{text}\" stands neither in docs/errors.md nor in tests/docs/not_messages.txt")
    for text in listed:
        if text not in every:
            wrong.append(f"tests/docs/not_messages.txt: \"{text}\" is in no source any more: remove it")
    all_text = "\n".join(every)
    for line, entry in entries:
        for part in entry.split(GAP):
            words = trimmed(part)
            if len(words.split()) > 1 and words not in all_text:
                wrong.append(f"docs/errors.md:{line}: \"{words}\" is in no source any more")
    return wrong, len(set(found) - set(listed)), len(entries)
