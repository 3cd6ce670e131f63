#!/usr/bin/env python3
"""Puts what others may have prepared where simrun reads and writes, and looks at what it does: it never waits, loses
nothing of anybody's, and shows no control characters.

usage: hostile_files.py SIMRUN
"""

import contextlib
import json
import os
import pathlib
import pty
import re
import socket
import subprocess
import sys
import tempfile

SCENARIO = {
    "workers": 4,
    "model": {"name": "small", "tensors": [{"name": "a", "shape": [100, 20]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "methods": [{"name": "sgd"}, {"name": "top-k", "k": 50, "index": "delta"}],
}
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f]")

PROGRAM = str(pathlib.Path(sys.argv[1]).resolve())


def simrun(folder, *arguments, feed=None, limit=None):
    """What came out. Waiting for ever is what the limit of time is for, not slowness."""
    command = [PROGRAM, *arguments]
    if limit:
        command = ["sh", "-c", f'ulimit -v {limit}; exec "$@"', "sh", *command]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    return subprocess.run(command, cwd=folder, env=environment, input=feed, capture_output=True, timeout=300)


def check(holds, what):
    if not holds:
        raise AssertionError(what)


def scenario(folder, file="s.json", **change):
    (folder / file).write_text(json.dumps({**SCENARIO, **change}))


def refused(done, *words):
    lines = done.stderr.decode().splitlines()
    check(done.returncode == 2 and len(lines) == 1, f"status {done.returncode}: {lines}")
    for word in words:
        check(word in lines[0], f"no {word!r} in {lines[0]!r}")


def make_socket(path):
    here = os.getcwd()
    os.chdir(path.parent)  # names of sockets are short
    socket.socket(socket.AF_UNIX).bind(path.name)
    os.chdir(here)


def points_that_are_no_files(folder):
    scenario(folder)
    check(simrun(folder, "s.json", "-o", "r").returncode == 0, "the scenario does not run")
    whole = (folder / "r/points.csv").read_bytes()
    points = sorted((folder / "r/points").iterdir())[0]
    for make in (lambda: points.mkdir(), lambda: os.mkfifo(points), lambda: make_socket(points),
                 lambda: points.symlink_to("/dev/zero")):
        points.unlink()
        make()
        done = simrun(folder, "s.json", "-o", "r")
        check(done.returncode == 0, f"what has a segment's name stops a run: {done.stderr}")
        check((folder / "r/points.csv").read_bytes() == whole, "what has a segment's name changes results")
        check(points.is_symlink() or points.exists(), "what is no segment is lost")
        points.rmdir() if points.is_dir() and not points.is_symlink() else points.unlink()
        points = sorted((folder / "r/points").iterdir())[0]
    os.mkfifo(folder / "r/points/ffff.json")
    (folder / "r/points/mine.simrun-part").write_text("mine")
    check(simrun(folder, "s.json", "-o", "r").returncode == 0, "a pipe in the folder stops a run")
    check((folder / "r/points/mine.simrun-part").exists(), "a file of somebody else's is lost")
    (folder / "r/report.json").unlink()
    os.mkfifo(folder / "r/report.json")
    refused(simrun(folder, "report", "r"), "report.json: file: is not a regular file")


def lock_behind_a_link(folder):
    scenario(folder)
    (folder / "r").mkdir()
    (folder / "r/.lock").symlink_to(folder / "victim")
    refused(simrun(folder, "s.json", "-o", "r"), "the folder r cannot be written")
    check(not (folder / "victim").exists(), "a link was followed")


def pipes_of_the_command_line(folder):
    text = json.dumps(SCENARIO).encode()
    done = simrun(folder, "/dev/stdin", "--dry-run", feed=text)
    check(done.returncode == 0 and done.stdout.endswith(b"2 points\n"), "standard input is not read")
    scenario(folder)
    done = subprocess.run(["bash", "-c", f'"{PROGRAM}" <(sleep 0.2; cat s.json) --dry-run'], cwd=folder,
                          capture_output=True)
    check(done.returncode == 0 and done.stdout.endswith(b"2 points\n"), "process substitution is not read")


def closed_streams(folder):
    scenario(folder)
    for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        results = folder / f"r{closed.count('-')}{closed[0]}"
        command = f'"{PROGRAM}" s.json -o "{results}" {closed}'
        check(subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True).returncode == 0, command)
        check((results / ".lock").read_bytes() == b"", f"{closed}: what is shown goes into a file")


def names_of_dots(folder):
    for name in (".json", "...json"):
        scenario(folder, name)
        done = simrun(folder, name)
        check(done.returncode == 0, done.stderr)
        check((folder / "results/scenario/points.csv").exists(), f"{name}: results are elsewhere")
    check(sorted(path.name for path in (folder / "results").iterdir()) == ["scenario"], "other results")


def nothing_obeyed(folder):
    bad = "\x1b]0;x\x07\x9b31m\u202e\nresults in /etc: 99 points"
    model = {"name": bad, "tensors": [{"name": bad, "shape": [2000]}]}
    for change in ({"name": bad, "model": model}, {"sweep": {"model": [model, {**model, "name": "b"}]}}):
        scenario(folder, **change)
        for arguments in ((), ("--dry-run",)):
            done = simrun(folder, "s.json", "-o", "r" + bad.replace("/", ""), *arguments)
            check(done.returncode == 0, done.stderr)
            for text in (done.stdout.decode(), done.stderr.decode()):
                check(not OBEYED.search(text), f"a terminal would obey {text!r}")
                check("\nresults in /etc" not in text, "a name has made a line")
    scenario(folder, name=bad, model=model)
    simrun(folder, "s.json", "-o", "kept")
    check(json.loads((folder / "kept/report.json").read_text())["points"][0]["model"] == bad, "JSON lost a name")


def data_on_a_terminal(folder):
    scenario(folder, model={"name": "\x1b[2J\x9b31m\u202e", "tensors": [{"name": "a", "shape": [2000]}]})
    for form in ("csv", "json"):
        ours, theirs = pty.openpty()
        done = subprocess.Popen([PROGRAM, "s.json", "-o", "r", "--format", form], cwd=folder, stdout=theirs,
                                stderr=subprocess.DEVNULL)
        os.close(theirs)
        text = b""
        with contextlib.suppress(OSError):  # that the program has ended
            while part := os.read(ours, 65536):
                text += part
        check(done.wait() == 0 and b"u202e" in text, f"no name in {text}")
        check(not OBEYED.search(text.decode().replace("\r\n", "\n")), f"a terminal would obey {text}")


def no_warning_of_what_failed(folder):
    scenario(folder, sweep={"workers": [4, 1024]})
    done = simrun(folder, "s.json", "-o", "r", limit=90_000)
    text = done.stderr.decode()
    check(done.returncode == 1 and "failed: sgd, 1024 workers" in text, text)
    check("no result depends on it" not in text, "points that failed count as equal")


TESTS = (points_that_are_no_files, lock_behind_a_link, pipes_of_the_command_line, closed_streams, names_of_dots,
         nothing_obeyed, data_on_a_terminal, no_warning_of_what_failed)

if __name__ == "__main__":
    for test in TESTS:
        with tempfile.TemporaryDirectory() as temporary:
            test(pathlib.Path(temporary).resolve())
        print(f"passed: {test.__name__.replace('_', ' ')}")
