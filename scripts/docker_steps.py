#!/usr/bin/python3
"""Does what a Dockerfile says without a container engine: its steps run in folders that debootstrap has filled.

For machines that have no engine, to see that an image would build and its program start. It knows the instructions that
packaging/docker/Dockerfile has, takes each debian:12 image for a minimal Debian 12, and refuses what else there is. Needs
root and debootstrap; packages come from where this machine's apt gets them. Takes minutes and about 2 GB.
"""
import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Of this machine, for apt in the folders to reach what it reaches here.
BORROWED = ("etc/apt/sources.list", "etc/apt/sources.list.d", "etc/apt/apt.conf.d", "etc/apt/auth.conf.d", "etc/apt/keyrings",
            "etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt")


def fail(message):
    sys.exit(f"docker_steps: {message}")


def run(*command, **options):
    print("+", " ".join(shlex.quote(str(word)) for word in command)[:160], flush=True)
    done = subprocess.run([str(word) for word in command], **options)
    if done.returncode:
        fail(f"exit status {done.returncode}: {' '.join(map(str, command))}")
    return done


def instructions(text):
    """[(word, rest)] of a Dockerfile: comments gone, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [(word.upper(), rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in joined.splitlines() if line.strip())]


class Stage:
    """One FROM: a root folder, and how its programs are started."""

    def __init__(self, root):
        self.root = root
        self.folder, self.user, self.entry, self.command = "/", "0:0", [], []

    def inside(self, path):
        return self.root / str(pathlib.PurePosixPath("/", self.folder, path)).lstrip("/")

    def chroot(self, words, environment=()):
        for mounted, kind in (("proc", "proc"), ("sys", "sysfs")):
            run("mount", "-t", kind, kind, self.root / mounted)
        run("mount", "--rbind", "/dev", self.root / "dev")
        try:
            run("chroot", f"--userspec={self.user}", self.root, "/usr/bin/env", "-i", f"PATH={PATH}", "HOME=/root", *environment,
                "/bin/sh", "-c", 'cd "$0" && exec "$@"', self.folder, *words, stdin=subprocess.DEVNULL)
        finally:
            for mounted in ("dev", "sys", "proc"):
                run("umount", "--recursive", "--lazy", self.root / mounted)


class Build:
    def __init__(self, options):
        self.options = options
        self.stages, self.stage = {}, None

    def base(self, image):
        """A minimal Debian, made once."""
        if not re.fullmatch(r"debian:(12|bookworm)(-slim)?", image):
            fail(f"image {image}; permitted: debian:12, debian:12-slim")
        base = self.options.work / "debian-12"
        done = base / ".complete"
        if not done.exists():
            shutil.rmtree(base, ignore_errors=True)
            targets = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True, check=True)
            run("debootstrap", "--variant=minbase", "bookworm", base, targets.stdout.split("\n")[0])
            for path in BORROWED:
                if os.path.exists(f"/{path}"):
                    (base / path).parent.mkdir(parents=True, exist_ok=True)
                    run("cp", "-rL", "--no-target-directory", f"/{path}", base / path)
            done.touch()
        return base

    def do_from(self, rest):
        words = rest.split()
        name = words[2] if len(words) == 3 and words[1].upper() == "AS" else str(len(self.stages))
        root = self.options.work / f"stage-{name}"
        shutil.rmtree(root, ignore_errors=True)
        run("cp", "-a", "--reflink=auto", self.base(words[0]), root)
        self.stage = self.stages[name] = Stage(root)

    def do_workdir(self, rest):
        self.stage.folder = str(pathlib.PurePosixPath("/", self.stage.folder, rest))
        self.stage.inside(".").mkdir(parents=True, exist_ok=True)

    def do_copy(self, rest):
        if rest.startswith("--"):
            fail(f"COPY {rest}: its options are not known here")
        *sources, to = rest.split()
        target = self.stage.inside(to)
        left_out = {line.strip() for line in self.options.ignore.read_text().splitlines() if line.strip()}
        for source in sources:
            path = self.options.context / source
            if path.is_dir():
                shutil.copytree(path, target, dirs_exist_ok=True, symlinks=True, ignore=lambda folder, names: left_out & set(names)
                                if pathlib.Path(folder).resolve() == self.options.context else set())
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target)

    def do_run(self, rest):
        mounts = []
        while match := re.match(r"--mount=(\S+)\s+", rest):
            rest = rest[match.end():]
            fields = dict(field.split("=", 1) for field in match[1].split(","))
            if fields.pop("type") != "bind" or set(fields) != {"from", "source", "target"}:
                fail(f"RUN --mount={match[1]}; permitted: type=bind with from, source and target")
            mounts.append((self.stages[fields["from"]].root / fields["source"].lstrip("/"), self.stage.inside(fields["target"])))
        caches = [(self.options.ccache, self.stage.root / "root/.cache/ccache")] if self.options.ccache else []
        for source, target in mounts + caches:
            target.mkdir(parents=True, exist_ok=True)
            run("mount", "--bind", source, target)
        try:
            self.stage.chroot(["/bin/sh", "-c", rest], [f"CCACHE_BASEDIR={self.stage.folder}"] if caches else [])
        finally:
            for _, target in mounts + caches:
                run("umount", target)
        for _, target in mounts:
            target.rmdir()

    def do_user(self, rest):
        self.stage.user = rest if ":" in rest else f"{rest}:{rest}"

    def do_entrypoint(self, rest):
        self.stage.entry = json.loads(rest)

    def do_cmd(self, rest):
        self.stage.command = json.loads(rest)

    def do_expose(self, _):
        pass  # tells people; changes nothing

    def do_stopsignal(self, rest):
        if not rest.startswith("SIG"):
            fail(f"STOPSIGNAL {rest}; permitted: a signal's name")

    def all(self):
        for word, rest in instructions(self.options.dockerfile.read_text()):
            print(f"=== {word} {rest}", flush=True)
            step = getattr(self, f"do_{word.lower()}", None)
            if step is None or (self.stage is None and word != "FROM"):
                fail(f"{word}: is not known here, or comes before FROM")
            step(rest)
        size = subprocess.run(["du", "-sxm", str(self.stage.root)], capture_output=True, text=True, check=True).stdout.split()[0]
        print(f"=== the image's files: {size} MB; its program:", flush=True)
        self.stage.chroot(self.stage.entry + (self.options.arguments or self.stage.command))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for the roots; what is in it of an earlier call is used again")
    parser.add_argument("--context", type=pathlib.Path, default=pathlib.Path("."), help="what COPY copies from (.)")
    parser.add_argument("--ccache", type=pathlib.Path, help="a compiler cache for the steps, as a cache mount would be")
    parser.add_argument("dockerfile", type=pathlib.Path)
    parser.add_argument("arguments", nargs="*", help="of the image's program, in place of its CMD")
    options = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        fail("root and debootstrap (Debian: debootstrap) are needed")
    if "DOCKER_STEPS_APART" not in os.environ:
        # In a mount namespace of its own: whatever happens, nothing stays mounted.
        os.environ["DOCKER_STEPS_APART"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    options.work, options.context = options.work.resolve(), options.context.resolve()
    options.ignore = options.dockerfile.with_name(options.dockerfile.name + ".dockerignore")
    options.work.mkdir(parents=True, exist_ok=True)
    Build(options).all()


if __name__ == "__main__":
    main()
