#!/usr/bin/env python3
"""Compiles each kernel for each architecture and refuses what must not be in it.

What the CPU tests cannot see is decided by the compiler: whether accesses stay wide, whether an array went to local
memory, which scope an atomic has. Usage: ptx_gate.py --nvcc NVCC --include DIR [--arch 80 ...]
"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

KERNELS = ("copy_small", "copy_large", "copy_list")
LOADS_IN_FLIGHT = 8
SUM_LOADS_IN_FLIGHT = 4
MOST_REGISTERS = 64
WIDE_LOAD = re.compile(r"ld\.global\.nc\.L1::no_allocate\.(v4\.u32|b128|v2\.u64)")
WIDE_STORE = re.compile(r"st\.global\.(v4\.u32|b128|v2\.u64)")


def compile_kernel(arguments, source, arch, folder):
    """The PTX text and what ptxas says."""
    ptx = Path(folder) / f"{source.stem}.{arch}.ptx"
    base = [arguments.nvcc, "-std=c++20", "-O3", f"-I{arguments.include}"]
    subprocess.run(base + [f"-arch=compute_{arch}", "-ptx", str(source), "-o", str(ptx)], check=True)
    assembled = subprocess.run(
        [arguments.nvcc, f"-arch=sm_{arch}", "-Xptxas", "-v", "-cubin", str(ptx), "-o", f"{ptx}.cubin"],
        check=True, capture_output=True, text=True)
    return ptx.read_text(), assembled.stderr + assembled.stdout


def instructions(ptx):
    """Lines of code: no comments, labels or directives."""
    for line in ptx.splitlines():
        line = line.split("//")[0].strip()
        if line.endswith(";") and not line.startswith("."):
            yield line


def longest_run(lines):
    """The most wide loads in a row that are followed by as many wide stores, nothing of memory between them."""
    best = loads = stores = 0
    for line in lines:
        if WIDE_LOAD.search(line):
            loads, stores = (1, 0) if stores else (loads + 1, 0)
        elif WIDE_STORE.search(line):
            stores += 1
            best = max(best, min(loads, stores))
        elif re.match(r"(@\S+ )?(ld|st|atom|red|bra|bar|ret)\b", line) or re.search(r"\bld\.global\b", line):
            loads = stores = 0
    return best


def check_ptx(ptx):
    lines = list(instructions(ptx))
    text = "\n".join(lines)
    problems = []
    entries = len(re.findall(r"\.visible \.entry|\.weak \.entry|^\.entry", ptx, re.MULTILINE))
    if entries != 1:
        problems.append(f"{entries} kernels in one module instead of 1")
    run = longest_run(lines)
    if run < LOADS_IN_FLIGHT:
        problems.append(f"{run} wide loads in flight before their stores instead of {LOADS_IN_FLIGHT}")
    released = re.findall(r"\bst\.release\.sys\b", text)
    if len(released) != 1:
        problems.append(f"{len(released)} release stores at system scope instead of 1")
    if re.search(r"\b(fence|membar)\.\S*sys\b|\b(ld|st)\.\S*\bsys\b", re.sub(r"\bst\.release\.sys\b", "", text)):
        problems.append("another access or fence at system scope")
    atomics = re.findall(r"\b(?:atom|red|atom\.async|red\.async)\.\S+", text)
    if len(atomics) != 1:
        problems.append(f"{len(atomics)} read-modify-writes instead of 1: {atomics}")
    for atomic in atomics:
        if not atomic.startswith("atom.acq_rel.gpu."):
            problems.append(f"the ticket is {atomic} instead of atom.acq_rel.gpu")
    if len(re.findall(r"\bbar(?:rier)?(?:\.cta)?\.sync\b", text)) != 1:
        problems.append("not exactly one block barrier")
    if re.search(r"\.local\b|__local_depot", ptx):
        problems.append("local memory")
    if re.search(r"\bcall\b", text):
        problems.append("a call that was not inlined")
    return problems


def check_sum(ptx):
    """The kernel that sums: as the copies, but for its loads, which look-ups in shared memory follow, and one barrier more."""
    lines = list(instructions(ptx))
    text = "\n".join(lines)
    problems = [problem for problem in check_ptx(ptx)
                if "wide loads in flight" not in problem and problem != "not exactly one block barrier"]
    loads = best = 0
    for line in lines:
        if WIDE_LOAD.search(line):
            loads += 1
            best = max(best, loads)
        elif re.match(r"(@\S+ )?(ld|st|atom|red|bra|bar|ret)\b", line):
            loads = 0
    if best < SUM_LOADS_IN_FLIGHT:
        problems.append(f"{best} wide loads in flight before their look-ups instead of {SUM_LOADS_IN_FLIGHT}")
    if len(re.findall(r"\bbar(?:rier)?(?:\.cta)?\.sync\b", text)) != 2:
        problems.append("not exactly two block barriers")
    if len(re.findall(r"\bld\.shared\.u32\b", text)) < 2 * 16:
        problems.append("look-ups that are not in shared memory")
    return problems


def check_bulk(ptx):
    """The bulk variant: its stores are waited for to their end, and handed to the release, before the ticket."""
    lines = list(instructions(ptx))
    problems = []
    for what, pattern in (("bulk load", r"cp\.async\.bulk\.shared::cluster\.global"),
                          ("bulk store", r"cp\.async\.bulk\.global\.shared::cta"),
                          ("fence of the async proxy", r"fence\.proxy\.async;")):
        if not any(re.search(pattern, line) for line in lines):
            problems.append(f"no {what}")
    order = [i for pattern in (r"cp\.async\.bulk\.wait_group 0;", r"fence\.proxy\.async;", r"atom\.acq_rel\.gpu\.",
                               r"st\.release\.sys\b")
             for i in [max((n for n, line in enumerate(lines) if re.search(pattern, line)), default=-1)]]
    if -1 in order or order != sorted(order):
        problems.append(f"wait for the stores, fence, ticket, release stand at {order}")
    return problems


def check_assembly(said):
    problems = []
    used = re.search(r"Used (\d+) registers", said)
    spill = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", said)
    if not used or not spill:
        return 0, [f"ptxas did not say what the kernel uses: {said!r}"]
    registers = int(used.group(1))
    if registers > MOST_REGISTERS:
        problems.append(f"{registers} registers exceed {MOST_REGISTERS}")
    for name, value in zip(("stack", "spill stores", "spill loads"), spill.groups()):
        if int(value) != 0:
            problems.append(f"{value} bytes of {name}")
    return registers, problems


def architectures(nvcc):
    """80, 90, 100 and the newest that this toolkit has, as far as it has them."""
    listed = subprocess.run([nvcc, "--list-gpu-arch"], check=True, capture_output=True, text=True).stdout
    have = [int(n) for n in re.findall(r"compute_(\d+)\b", listed)]
    return sorted({a for a in (80, 90, 100) if a in have} | {max(have)})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nvcc", default="nvcc")
    parser.add_argument("--include", required=True, help="the folder cuda/")
    parser.add_argument("--arch", type=int, nargs="*")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for arch in arguments.arch or architectures(arguments.nvcc):
            for name in KERNELS:
                source = Path(arguments.include) / "kernels" / f"{name}.cu"
                ptx, said = compile_kernel(arguments, source, arch, folder)
                registers, problems = check_assembly(said)
                problems += check_ptx(ptx)
                failed |= bool(problems)
                print(f"{name} sm_{arch}: {registers} registers, {'; '.join(problems) or 'as it must be'}")
            ptx, said = compile_kernel(arguments, Path(arguments.include) / "kernels" / "sum.cu", arch, folder)
            registers, problems = check_assembly(said)
            problems += check_sum(ptx)
            failed |= bool(problems)
            print(f"sum sm_{arch}: {registers} registers, {'; '.join(problems) or 'as it must be'}")
            if arch < 90:
                continue
            ptx, said = compile_kernel(arguments, Path(arguments.include) / "bulk" / "copy_bulk.cu", arch, folder)
            registers, problems = check_assembly(said)
            problems += check_bulk(ptx)
            failed |= bool(problems)
            print(f"copy_bulk sm_{arch}: {registers} registers, {'; '.join(problems) or 'as it must be'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
