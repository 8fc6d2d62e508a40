"""Reads docs/wire_protocol.md as someone would who writes a peer: the examples' bytes, and by the page's own table which message
each is. What the page says of telling messages apart must hold for what the codec prints."""
import re

from pages import ROOT, read_page

PAGE = ROOT / "docs/wire_protocol.md"
TO_EMBEDDING = ("REGISTER", "INIT", "RESUME", "ABORT", "CLOSE", "PING")
FRAME = re.compile(r"^(\d+)  (\d+) bytes")
BYTES = slice(14, 61)  # columns of the bytes; beside them is the same as text


def frames_of(block):
    """The frames of an example: bytes as they are written in hexadecimal, JSON as text."""
    frames, lengths = [], []
    for line in block.text.splitlines():
        head = FRAME.match(line)
        if head:
            lengths.append(int(head.group(2)))
            frames.append(b"")
        json = line.find("{")
        frames[-1] += line[json:].encode() if json >= 0 else bytes.fromhex(line[BYTES])
    if [len(frame) for frame in frames] != lengths:
        raise ValueError(f"{block.where}: frames of {[len(frame) for frame in frames]} bytes, said to have {lengths}")
    return frames


def table():
    """[(frame 0, words of frame 1, numbers of frames, message to embedding, to language)] of the page."""
    rows, inside = [], False
    for _, line in read_page(PAGE).prose:
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells[:2] == ["frame 0", "frame 1"]:
            inside = True
        elif not cells:
            inside = False
        elif inside and not cells[0].startswith("---"):
            words = re.findall(r"`([^`]+)`", cells[1])
            rows.append((cells[0].strip("`"), words, re.findall(r"\b\d\b", cells[2].split(",  with")[0]), cells[3], cells[4]))
    return rows


def message_of(frames, to_embedding, rows):
    """What the page's table makes of a message: the first row that fits."""
    for first, words, counts, embedding, language in rows:
        outside = frames[0] == b"None"
        if (first == "None") != outside or str(len(frames)) not in counts:
            continue
        if words and frames[1].decode() not in words:
            continue
        return embedding if to_embedding else language
    return "nothing"


def problems():
    wrong, rows = [], table()
    for block in read_page(PAGE).blocks:
        example = block.marker("example")
        if not example:
            continue
        name = example.detail.split()[0]
        try:
            told = message_of(frames_of(block), name in TO_EMBEDDING, rows)
        except ValueError as error:
            wrong.append(str(error))
            continue
        if name not in re.split(r"[ ,]+", told):
            wrong.append(f"{block.where}: by the page's table this is {told}, not {name}")
    return wrong
