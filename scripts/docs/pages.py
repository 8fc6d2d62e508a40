"""The pages of the documentation, taken apart: fenced blocks with their markers, links, headings, code in running text."""
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]

FENCE = re.compile(r"^(\s*)```\s*([A-Za-z0-9_+-]*)\s*$")
MARKER = re.compile(r"^\s*<!-- docs-test: (.+?) -->\s*$")
# What a marker may say: why a block is not run here ...
REASONS = {
    "hardware": "an RDMA card or a GPU",
    "cluster": "several machines, or software of a cluster",
    "long": "more time than the documentation's test may take",
    "elsewhere": "nothing: another lane of scripts/test.sh runs it",
}
# ... or how it is run: `file NAME` writes it to the page's folder, `exit N` expects that status, `given PARAMETERS` declares
# what an example in C++ or C uses, `example NAME` compares it with what the codec prints, `states N` with a state machine's
# table.
DIRECTIVES = ("file", "exit", "given", "example", "states")


class PageError(Exception):
    """A page that cannot be taken apart: the message names file, line and remedy."""


@dataclasses.dataclass
class Marker:
    word: str
    detail: str


@dataclasses.dataclass
class Block:
    page: str
    line: int  # of its first line of text
    language: str
    text: str
    markers: list

    @property
    def where(self):
        return f"{self.page}:{self.line}"

    def marker(self, word):
        return next((m for m in self.markers if m.word == word), None)

    @property
    def reason(self):
        return next((m for m in self.markers if m.word in REASONS), None)


@dataclasses.dataclass
class Page:
    name: str  # from the root
    text: str
    blocks: list
    prose: list  # (line, text) outside of fenced blocks


def parse_marker(where, text):
    word, detail = re.match(r"([a-z]*):?\s*(.*)$", text).groups()
    if word not in REASONS and word not in DIRECTIVES:
        known = ", ".join([*REASONS, *DIRECTIVES])
        raise PageError(f"{where}: marker \"{text}\" is none of: {known}")
    if word in (*DIRECTIVES, "elsewhere") and not detail:
        raise PageError(f"{where}: marker \"{word}\" needs a value")
    return Marker(word, detail)


def read_page(path):
    name = str(path.relative_to(ROOT))
    lines = path.read_text(encoding="utf-8").split("\n")
    blocks, prose, markers = [], [], []
    at = 0
    while at < len(lines):
        line = lines[at]
        found = MARKER.match(line)
        if found:
            markers.append(parse_marker(f"{name}:{at + 1}", found.group(1)))
            at += 1
            continue
        fence = FENCE.match(line)
        if fence:
            indent, language = fence.groups()
            begin = at + 1
            at = begin
            while at < len(lines) and lines[at].strip() != "```":
                at += 1
            if at == len(lines):
                raise PageError(f"{name}:{begin}: a fenced block without an end")
            text = "".join(row.removeprefix(indent) + "\n" for row in lines[begin:at])
            blocks.append(Block(name, begin + 1, language, text, markers))
            markers = []
        else:
            if markers and line.strip():
                raise PageError(f"{name}:{at + 1}: a marker belongs directly before a fenced block")
            prose.append((at + 1, line))
        at += 1
    if markers:
        raise PageError(f"{name}: the last marker stands before no fenced block")
    return Page(name, "\n".join(lines), blocks, prose)


def all_pages():
    further = [ROOT / folder / "README.md" for folder in ("examples", "python")]
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *(path for path in further if path.exists())]
    return [read_page(path) for path in paths]


def code_spans(line):
    """The code in a line of running text."""
    return [text.strip() for _, text in re.findall(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", line)]


def links(line):
    """(text, target) of a line's links and pictures; code is no link."""
    return re.findall(r"!?\[([^\]]*)\]\(([^)\s]+)\)", re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", line))


def anchors(page):
    """What a heading is called in a link, by the rules of GitHub."""
    names, seen = set(), {}
    for _, line in page.prose:
        heading = re.match(r"^#{1,6}\s+(.*?)\s*#*$", line)
        if not heading:
            continue
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        names.add(slug if count == 0 else f"{slug}-{count}")
    return names
