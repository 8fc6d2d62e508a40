#!/usr/bin/python3
"""Draws the call stacks of a profile as a flame graph: perf script -i perf.data | flame.py OUT.svg [TITLE].

Width is share of samples, callers lie below what they call, and a name is told in full where the mouse rests.
"""
import html
import re
import sys

WIDTH, ROW, LEAST = 1200, 17, 1.0  # pixels; what is narrower than LEAST is left out


class Frame:
    def __init__(self):
        self.samples, self.callees = 0, {}

    def add(self, names):
        self.samples += 1
        if names:
            self.callees.setdefault(names[0], Frame()).add(names[1:])

    def depth(self, scale):
        """Of what is wide enough to be drawn."""
        wide = (callee for callee in self.callees.values() if callee.samples * scale >= LEAST)
        return 1 + max((callee.depth(scale) for callee in wide), default=0)


def short(symbol):
    """A name without its address and its arguments."""
    name = re.sub(r"\+0x[0-9a-f]+$", "", symbol)
    return re.sub(r"\(.*", "", name.replace("(anonymous namespace)", "anonymous")) or name


def stacks(lines):
    """One list of names a sample, outermost first; the thread's name is the outermost."""
    names, thread = [], ""
    for line in lines:
        if not line.strip():
            if thread:
                yield [thread, *reversed(names)]
            names, thread = [], ""
        elif not line.startswith("\t"):
            thread = re.match(r"\s*(.+?)\s+\d+", line).group(1)
        else:
            words = line.split(None, 1)
            if len(words) == 2:
                symbol = words[1].rsplit(" (", 1)[0]
                names.append("?" if symbol.strip() == "[unknown]" else short(symbol.strip()))
    if thread:
        yield [thread, *reversed(names)]


def colour(name):
    """The same name has the same colour; the kernel and libzmq are no business of ours and paler."""
    hue = sum(ord(c) * (i + 1) for i, c in enumerate(name)) % 40
    ours = name.startswith("remit::")
    return f"hsl({hue if ours else 40 + hue // 2}, {85 if ours else 55}%, {60 if ours else 75}%)"


def draw(frame, x, level, scale, total, height, out):
    for name, callee in sorted(frame.callees.items()):
        width = callee.samples * scale
        if width >= LEAST:
            y = height - (level + 1) * ROW
            label = html.escape(name)
            share = 100 * callee.samples / total
            text = html.escape(name[-int(width / 6.6):]) if width > 30 else ""
            out.append(f'<g><title>{label}: {share:.1f} %</title><rect x="{x:.1f}" y="{y}" width="{width:.1f}" '
                       f'height="{ROW - 1}" fill="{colour(name)}"/><text x="{x + 2:.1f}" y="{y + 12}">{text}</text></g>')
            draw(callee, x, level + 1, scale, total, height, out)
        x += width


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    root = Frame()
    for names in stacks(sys.stdin):
        root.add(names)
    if root.samples == 0:
        print("flame: no samples", file=sys.stderr)
        return 1
    height = root.depth(WIDTH / root.samples) * ROW + 24
    title = html.escape(sys.argv[2] if len(sys.argv) > 2 else "")
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="11">',
           f'<text x="4" y="14" font-size="13">{title} ({root.samples} samples)</text>']
    draw(root, 0, 0, WIDTH / root.samples, root.samples, height, out)
    out.append("</svg>")
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
