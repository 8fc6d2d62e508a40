#!/usr/bin/python3
"""Adds up the JUnit reports below a folder and prints the total as the last line; exit status 1 where one failed."""
import pathlib
import sys
import xml.etree.ElementTree as ET


def cases(root):
    """(passed, failed, skipped) of one report, counted case by case where it lists them."""
    found = list(root.iter("testcase"))
    if not found:
        tests, failures = int(root.get("tests", 0)), int(root.get("failures", 0))
        return tests - failures, failures, 0
    failed = sum(1 for c in found if c.find("failure") is not None or c.find("error") is not None)
    skipped = sum(1 for c in found if c.find("skipped") is not None or c.get("status") == "notrun")
    return len(found) - failed - skipped, failed, skipped


def main():
    passed = failed = skipped = 0
    for report in sorted(pathlib.Path(sys.argv[1]).rglob("*.xml")):
        try:
            p, f, s = cases(ET.parse(report).getroot())
        except ET.ParseError as error:  # cut off: whatever wrote it died
            print(f"{report}: {error}")
            p, f, s = 0, 1, 0
        if f:
            print(f"{report}: {f} failed")
        passed, failed, skipped = passed + p, failed + f, skipped + s
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
