#!/usr/bin/python3
"""Sets faults by hand on a machine with RDMA devices and checks that `remit doctor` names each with its remedy.

    doctor_scenarios.py REMIT XML

Meant for a guest of `scripts/soft_roce.sh`: it changes network devices, device files and limits, and puts them back.
Writes a JUnit report to XML.
"""
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

SCALE = float(os.environ.get("REMIT_TIME_SCALE", "1"))
DEVICE = os.environ["REMIT_RDMA_DEVICES"].split()[0]
NETDEV = os.environ["REMIT_RDMA_NETDEVS"].split()[0]
ADDRESS = os.environ["REMIT_RDMA_ADDRESSES"].split()[0]
PORT = f"/sys/class/infiniband/{DEVICE}/ports/1"


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60 * SCALE, check=True).stdout


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def has_gid(address):
    tail = "".join(f"{int(part):02x}" for part in address.split("."))
    wanted = ("0" * 20 + "ffff" + tail).lower()
    for index in range(16):
        with contextlib.suppress(OSError):
            if read(f"{PORT}/gids/{index}").strip().replace(":", "") == wanted:
                return True
    return False


def wait_until(what, condition):
    deadline = time.monotonic() + 20 * SCALE
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {20 * SCALE:.0f} s: {what}")
        time.sleep(0.05)


def is_well():
    return "ACTIVE" in read(f"{PORT}/state") and has_gid(ADDRESS)


def findings_of(status, out, err):
    if status not in (0, 1):
        raise RuntimeError(f"exit {status}\n{err}")
    report = json.loads(out.strip().splitlines()[-1])
    if (status == 1) != (report["verdict"] == "problem"):
        raise RuntimeError(f"exit {status}, but the verdict is {report['verdict']}")
    return report["findings"]


def doctor(prefix=(), options=(), device=DEVICE):
    command = [*prefix, REMIT, "doctor", "--json", "--device", device, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 * SCALE, check=False)
    return findings_of(done.returncode, done.stdout, done.stderr)


def named(findings, identity, verdict, found, remedy, subject=None):
    """Nothing where one finding says all that, else what is said."""
    about = [f for f in findings if f["id"] == identity and (subject is None or subject in f["subject"])]
    for finding in about:
        if finding["verdict"] == verdict and found in finding["found"] and remedy in finding["remedy"]:
            return None
    return f"no {verdict} {identity} with \"{found}\" and \"{remedy}\": {about}"


@contextlib.contextmanager
def bare_machine():
    """The guest's root is the host's files: a container that hosts it has left its mark there."""
    path = "/.dockerenv"
    marked = os.path.exists(path)
    if marked:
        os.remove(path)
    try:
        yield
    finally:
        if marked:
            write(path, "")


@contextlib.contextmanager
def container():
    write("/.dockerenv", "")
    try:
        yield
    finally:
        os.remove("/.dockerenv")


@contextlib.contextmanager
def link_down():
    run("ip", "link", "set", NETDEV, "down")
    try:
        wait_until("the port is down", lambda: "ACTIVE" not in read(f"{PORT}/state"))
        yield
    finally:
        run("ip", "link", "set", NETDEV, "up")


@contextlib.contextmanager
def mtu_of(size):
    before = read(f"/sys/class/net/{NETDEV}/mtu").strip()
    run("ip", "link", "set", NETDEV, "mtu", str(size))
    try:
        yield
    finally:
        run("ip", "link", "set", NETDEV, "mtu", before)


@contextlib.contextmanager
def without_address():
    entries = json.loads(run("ip", "-j", "-4", "address", "show", "dev", NETDEV))[0]["addr_info"]
    prefix = next(e["prefixlen"] for e in entries if e["local"] == ADDRESS)
    run("ip", "address", "del", f"{ADDRESS}/{prefix}", "dev", NETDEV)
    try:
        wait_until("the GID is gone", lambda: not has_gid(ADDRESS))
        yield
    finally:
        run("ip", "address", "add", f"{ADDRESS}/{prefix}", "dev", NETDEV)


def device_file():
    for name in os.listdir("/sys/class/infiniband_verbs"):
        with contextlib.suppress(OSError):
            if read(f"/sys/class/infiniband_verbs/{name}/ibdev").strip() == DEVICE:
                return f"/dev/infiniband/{name}"
    raise RuntimeError(f"no file of {DEVICE}")


@contextlib.contextmanager
def without_file():
    path = device_file()
    os.rename(path, path + ".away")
    try:
        yield
    finally:
        os.rename(path + ".away", path)


@contextlib.contextmanager
def file_of_root_alone():
    path = device_file()
    before = os.stat(path).st_mode & 0o7777
    os.chmod(path, 0o600)
    try:
        yield
    finally:
        os.chmod(path, before)


@contextlib.contextmanager
def namespace():
    run("ip", "netns", "add", "doctor")
    try:
        yield
    finally:
        run("ip", "netns", "del", "doctor")


@contextlib.contextmanager
def without_huge_pages():
    path = "/sys/kernel/mm/transparent_hugepage/enabled"
    before = read(path).split("[")[1].split("]")[0]
    write(path, "never")
    try:
        yield
    finally:
        write(path, before)


def memlock_too_small():
    prefix = ("prlimit", "--memlock=65536", "capsh", "--drop=cap_ipc_lock", "--", "-c", 'exec "$0" "$@"')
    return named(doctor(prefix), "memlock.limit", "problem", "64 KiB", "unlimited")


def nothing_is_wrong():
    problems = [f for f in doctor() if f["verdict"] == "problem"]
    return f"problems: {problems}" if problems else None


def port_down():
    with link_down():
        found = doctor()
    return (named(found, "port.state", "problem", "down, physically", f"ip link set {NETDEV} up", DEVICE) or
            named(found, "port.netdev", "problem", f"{NETDEV} is down", f"ip link set {NETDEV} up", DEVICE))


def netdev_mtu_of_1500():
    with mtu_of(1500):
        return named(doctor(), "port.mtu", "warning", f"1024 bytes; {NETDEV} has 1500", f"ip link set {NETDEV} mtu 4200",
                     DEVICE)


def no_ipv4_gid():
    with without_address():
        found = doctor()
    # An IPv6 address that routes would be taken instead; the guest's links have none.
    return named(found, "gid.choice", "problem", "only link-local GIDs", f"dev {NETDEV}", DEVICE)


def device_file_missing():
    path = device_file()
    with without_file():
        return named(doctor(), "files.uverbs", "problem", f"{path} is not there", "modprobe ib_uverbs", DEVICE)


def device_file_missing_in_a_container():
    with container(), without_file():
        return named(doctor(), "files.uverbs", "problem", "is not there", "--device=/dev/infiniband", DEVICE)


def device_file_of_root_alone():
    path = device_file()
    with file_of_root_alone():
        found = doctor(("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))
    return (named(found, "files.permissions", "problem", f"{path} has mode 0600", "90-rdma.rules", DEVICE) or
            named(found, "device.open", "problem", "cannot open it", "files.permissions", DEVICE))


def another_network_namespace():
    with namespace():
        found = doctor(("ip", "netns", "exec", "doctor"))
    return named(found, "container.netns", "problem", NETDEV, "ip netns exec", DEVICE)


def control_port_taken():
    with socket.create_server(("127.0.0.1", 7700)):
        return named(doctor(), "net.port", "warning", "7700 has a listener", "ss -tlnp")


def few_open_files():
    return named(doctor(("prlimit", "--nofile=200")), "limits.files", "warning", "200", "ulimit -n")


def huge_pages_off():
    with without_huge_pages():
        return named(doctor(), "kernel.huge_pages", "warning", "[never]", "echo madvise")


def gid_index_not_set():
    return named(doctor(options=("--gid-index", "15")), "gid.choice", "problem", "GID index 15", "--gid-index", DEVICE)


def listens_at(port):
    return any(f":{port:04X} " in line and " 0A " in line for line in read("/proc/net/tcp").splitlines())


def two_doctors():
    """Each end sends to the other over its own device, and both come to the same verdict."""
    other = os.environ["REMIT_RDMA_DEVICES"].split()[1]
    command = [REMIT, "doctor", "--json", "--device", other, "--insecure", "--listen", f"tcp://{ADDRESS}:7700"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as listener:
        try:
            wait_until("the doctor listens", lambda: listens_at(7700))
            asked = doctor(options=("--insecure", "--peer", ADDRESS))
            out, err = listener.communicate(timeout=60 * SCALE)
        finally:
            listener.kill()
    for findings in (asked, findings_of(listener.returncode, out, err)):
        for identity in ("peer.receive", "peer.send"):
            why = named(findings, identity, "ok", "every byte arrived right", "")
            if why:
                return why
        why = (named(findings, "peer.goodput", "ok", "Gb/s", "", "received") or
               named(findings, "peer.latency", "ok", "us for a request of", "", "sent") or
               named(findings, "peer.mtu", "ok", "bytes here", "") or named(findings, "peer.gid", "ok", "there", ""))
        if why:
            return why
    return None


def nobody_answers():
    found = doctor(options=("--insecure", "--peer", ADDRESS))
    return named(found, "peer.reach", "problem", "refused", "remit doctor --listen")


TESTS = [nothing_is_wrong, port_down, netdev_mtu_of_1500, memlock_too_small, no_ipv4_gid, device_file_missing,
         device_file_missing_in_a_container, device_file_of_root_alone, another_network_namespace, control_port_taken,
         few_open_files, huge_pages_off, gid_index_not_set, two_doctors, nobody_answers, nothing_is_wrong]


def judge(test):
    try:
        with bare_machine():
            why = test()
        wait_until("the device is as it was", is_well)
        return why
    except subprocess.CalledProcessError as error:
        return f"{error.cmd}: exit {error.returncode}: {error.stderr}"
    except Exception as error:  # a test that cannot be judged has failed
        return f"{type(error).__name__}: {error}"


def main():
    suite = ET.Element("testsuite", name="DoctorOnFaults", tests=str(len(TESTS)))
    failures = 0
    for test in TESTS:
        begin = time.monotonic()
        why = judge(test)
        seconds = time.monotonic() - begin
        case = ET.SubElement(suite, "testcase", classname="DoctorOnFaults", name=test.__name__, time=f"{seconds:.3f}")
        if why:
            failures += 1
            ET.SubElement(case, "failure", message=why)
        print(f"{'FAILED' if why else 'ok    '} doctor: {test.__name__} ({seconds:.1f} s){': ' + why if why else ''}", flush=True)
    suite.set("failures", str(failures))
    ET.ElementTree(suite).write(sys.argv[2])
    sys.exit(1 if failures else 0)


REMIT = sys.argv[1]

if __name__ == "__main__":
    main()
