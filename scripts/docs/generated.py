"""What the pages show of the code and what the code prints: examples of the wire, the state machines, pictures.

problems() compares; update() writes what the code says now.
"""
import pathlib
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET

import pictures
from pages import PageError, ROOT, read_page

WIRE_PAGE = ROOT / "docs/wire_protocol.md"
STATES_PAGE = ROOT / "docs/protocol.md"
PICTURES = ROOT / "docs/pictures"
DRAWN = ("layout.svg", "timeline.svg")


def printed(program, *arguments):
    """What a program of the release build prints."""
    path = ROOT / "build/release/bin" / program
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built: cmake --build --preset release --target remit_sim_command "
                                "remit_wire_examples")
    return subprocess.run([path, *arguments], check=True, capture_output=True, text=True, timeout=60).stdout


def wire_examples():
    """{name of a message: its frames as text}"""
    parts = re.split(r"^== (.+)\n", printed("remit_wire_examples"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def state_diagrams():
    """{what a machine is of: its mermaid diagram}"""
    parts = re.split(r"^%% (.+)\n", printed("remit-sim", "--edges", "mermaid"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def compared(page, word, expected):
    """(block, text it should have) of the blocks that carry the marker; each expected one must stand there once."""
    shown = {}
    for block in read_page(page).blocks:
        marker = block.marker(word)
        if not marker:
            continue
        if marker.detail not in expected:
            raise PageError(f"{block.where}: {word} \"{marker.detail}\"; the code knows: {', '.join(expected)}")
        if marker.detail in shown:
            raise PageError(f"{block.where}: {word} \"{marker.detail}\" stands there twice")
        shown[marker.detail] = block
    missing = [name for name in expected if name not in shown]
    if missing:
        raise PageError(f"{page.name}: no block is marked {word} {missing[0]}")
    return [(block, expected[name]) for name, block in shown.items()]


def edges_of_dot(text):
    """{(from, to, word)} of a graph, its nodes by their ids."""
    return set(re.findall(r"^\s+(\w+) -> (\w+) \[label=\"([^\"]+)\"\];$", text, re.M))


def edges_of_svg(path):
    """The same of what graphviz drew of it: places and fonts differ from machine to machine, edges do not."""
    found = set()
    space = "{http://www.w3.org/2000/svg}"
    for group in ET.parse(path).iter(f"{space}g"):
        if group.get("class") == "edge":
            begin, end = group.find(f"{space}title").text.split("->")
            found.add((begin, end, " ".join(t.text for t in group.iter(f"{space}text"))))
    return found


def drawn(folder):
    pictures.draw_layout(printed("remit_wire_examples", "--maps"), folder / "layout.svg")
    pictures.draw_timeline(folder / "timeline.svg")


def problems():
    wrong = []
    for page, word, expected in ((WIRE_PAGE, "example", wire_examples()), (STATES_PAGE, "states", state_diagrams())):
        wrong += [f"{block.where}: not what the code says" for block, text in compared(page, word, expected)
                  if block.text != text]
    dot = printed("remit-sim", "--edges", "dot")
    if (PICTURES / "states.dot").read_text(encoding="utf-8") != dot:
        wrong.append("docs/pictures/states.dot: not what the code says")
    if edges_of_svg(PICTURES / "states.svg") != edges_of_dot(dot) or not edges_of_dot(dot):
        wrong.append("docs/pictures/states.svg: other edges than the code's tables")
    with tempfile.TemporaryDirectory() as folder:
        drawn(pathlib.Path(folder))
        wrong += [f"docs/pictures/{name}: not what scripts/docs/pictures.py draws now" for name in DRAWN
                  if (PICTURES / name).read_bytes() != (pathlib.Path(folder) / name).read_bytes()]
    return [f"{text}; scripts/docs.sh --update writes it anew" for text in wrong]


def update():
    for page, word, expected in ((WIRE_PAGE, "example", wire_examples()), (STATES_PAGE, "states", state_diagrams())):
        lines = page.read_text(encoding="utf-8").split("\n")
        for block, text in sorted(compared(page, word, expected), key=lambda item: -item[0].line):
            lines[block.line - 1:block.line - 1 + block.text.count("\n")] = text.splitlines()
        page.write_text("\n".join(lines), encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    dot = PICTURES / "states.dot"
    dot.write_text(printed("remit-sim", "--edges", "dot"), encoding="utf-8")
    subprocess.run(["dot", "-Tsvg", "-o", PICTURES / "states.svg", dot], check=True, timeout=60)
    drawn(PICTURES)


if __name__ == "__main__":
    update()
