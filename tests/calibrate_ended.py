#!/usr/bin/env python3
"""Ends `simrun calibrate` by signals and by its budget: what is finished is kept, and no older profile is lost.

usage: calibrate_ended.py SIMRUN

How much is finished at a time depends on the machine, so runs are ended later and later until something is.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

OPERATIONS = 62


def say(problem):
    sys.exit(f"failed: {problem}")


def start(simrun, folder, *arguments):
    """Ctrl-C's signal ends it also where it is ignored here."""
    return subprocess.Popen([simrun, "calibrate", *arguments, "-o", "p.json"], cwd=folder, stderr=subprocess.PIPE,
                            text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def end(simrun, folder, how, seconds):
    """Status and lines of a run that is sent the signal `how` so many seconds after it begins to measure."""
    run = start(simrun, folder, "--device", "cpu", "--quick", "--most-elements", "65536")
    first = run.stderr.readline()
    time.sleep(seconds)
    run.send_signal(how)
    stderr = run.communicate()[1]
    return run.returncode, [first, *stderr.splitlines()]


def end_with_points(simrun, folder, how, file):
    """Ends runs until one leaves a profile in `file`; returns what that one said."""
    before = {path: path.read_text() for path in folder.iterdir()}
    seconds = 2
    while True:
        status, lines = end(simrun, folder, how, seconds)
        if status == 0:  # the signal came after its end
            (folder / "p.json").unlink()
            for path, text in before.items():
                path.write_text(text)
            continue
        if status != 128 + how:
            say(f"{how.name} after {seconds} s: status {status}: {lines}")
        if (folder / file).exists():
            return lines
        if lines[-1] != "simrun: interrupted before an operation was measured; nothing was written":
            say(f"{how.name} after {seconds} s left nothing and said {lines}")
        seconds *= 1.5


def check_part(simrun, folder, file, lines, why):
    """What is left is a profile, names what it lacks, and a scenario may use it."""
    left_out = [line for line in lines if line.startswith(f"{why}; left out: ")]
    profile = json.loads((folder / file).read_text())
    operations = profile["operations"]
    if len(left_out) != 1 or "encode.dense16" not in operations:
        say(f"{list(operations)} are in the profile, and it said {lines}")
    missing = left_out[0].partition("; left out: ")[2]
    count = OPERATIONS - len(operations)
    if missing.startswith(f"{count} of {OPERATIONS} operations (") != (count > 0) or missing not in profile["source"]:
        say(f"{len(operations)} operations are in the profile from {profile['source']}, and it said {left_out[0]}")
    scenario = {"workers": 4, "model": "vgg16-cifar10", "batch_per_worker": 8, "device": f"./{file}",
                "compute": {"forward": "4 ms", "backward": "6 ms"}, "methods": [{"name": "sgd", "precision": "fp16"}],
                "network": {"bandwidth": "1 Gbps", "latency": "50 us"}}
    (folder / "s.json").write_text(json.dumps(scenario))
    subprocess.run([simrun, "s.json", "--dry-run"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / "s.json").unlink()
    print(f"{lines[-1]}: {len(operations)} operations")


def check_files(folder, *expected):
    files = sorted(path.name for path in folder.iterdir())
    if files != sorted(expected):
        say(f"there are {files} instead of {sorted(expected)}")


def check_signals(simrun, folder):
    lines = end_with_points(simrun, folder, signal.SIGTERM, "p.json")
    check_part(simrun, folder, "p.json", lines, "interrupted")
    check_files(folder, "p.json")
    older = (folder / "p.json").read_text()
    lines = end_with_points(simrun, folder, signal.SIGINT, "p.json.ended")
    check_part(simrun, folder, "p.json.ended", lines, "interrupted")
    end(simrun, folder, signal.SIGKILL, 0.5)
    check_files(folder, "p.json", "p.json.ended")
    if (folder / "p.json").read_text() != older:
        say("the older profile has changed")


def check_budget(simrun, folder):
    """Without models beside it, on the fine grid."""
    installed = folder / "installed"
    (installed / "bin").mkdir(parents=True)
    (installed / "share/simrun").mkdir(parents=True)
    other = shutil.copy(simrun, installed / "bin/simrun")
    (folder / "budget").mkdir()
    seconds = 3
    while True:
        begin = time.monotonic()
        run = start(other, folder / "budget", "--device", "cpu", "--most-elements", "1048576", "--budget", str(seconds))
        lines = run.communicate()[1].splitlines()
        print(f"a budget of {seconds} s took {time.monotonic() - begin:.1f} s")
        if run.returncode == 0:
            break
        if run.returncode != 1 or "before an operation was measured; nothing was written" not in lines[-1]:
            say(f"with a budget of {seconds} s: status {run.returncode}: {lines}")
        check_files(folder / "budget")
        seconds += 2
    if not any(line.startswith("note: there are no models in ") for line in lines):
        say(f"it does not say that there are no models: {lines}")
    check_part(simrun, folder / "budget", "p.json", lines, f"the budget of {seconds} s is over")
    check_files(folder / "budget", "p.json")


def main():
    simrun = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["XDG_CACHE_HOME"] = f"{temporary}/cache"
        signals = pathlib.Path(temporary) / "signals"
        signals.mkdir()
        check_signals(simrun, signals)
        check_budget(simrun, pathlib.Path(temporary))


if __name__ == "__main__":
    main()
