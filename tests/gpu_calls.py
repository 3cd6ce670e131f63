#!/usr/bin/env python3
"""tests/gpu.sh and scripts/gpu_pack.sh where there is no GPU; tests/gpu.sh also with stand-ins for all that it runs.

usage: gpu_calls.py BUILD
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEPS = ["gpu", "tests", "side by side", "calibrate", "by PyTorch", "ncu", "large", "memcheck", "racecheck"]

# Each says how it was called. The test program fails or waits where a file beside it says so.
STAND_INS = {
    "build/tests/test_gpu": 'case "$*" in --help) echo "on a stand-in" && exit ;; esac\n'
    'echo "test_gpu $* share $SIMRUN_SHARE"\n'
    'if [ -e "$0.waits" ]; then touch "$0.began" && sleep 100; fi\n'
    '[ ! -e "$0.fails" ]',
    "build/sim/simrun": 'echo "simrun $*"\nls "$(dirname "$0")/../share/simrun/tests"',
    "bin/python3": 'echo "python3 $*"',
    "bin/ncu": 'echo "ncu $*"',
    "bin/compute-sanitizer": 'echo "compute-sanitizer $*, share $SIMRUN_SHARE"\nshift 4\nexec "$@"',
    "bin/nvidia-smi": 'echo "a GPU"',
    "bin/nproc": "echo 10",
    "bin/timeout": f'echo "$2" >>"$0.limits"\nexec {shutil.which("timeout")} "$@"',
}

# Of each call that measures whole profiles: the power of two elements, and the seconds that all of its steps may take.
FULL_CALLS = {27: 9 * 60, 26: 6 * 60, 25: 4 * 60}


def expect(holds, what, seen):
    if not holds:
        sys.exit(f"failed: {what}\n{seen}")


def make_stand_ins(folder):
    for name, body in STAND_INS.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/bash\n{body}\n")  # which hands exported functions on
        file.chmod(0o755)
    (folder / "build/share").mkdir()
    (folder / "build/share/simrun").symlink_to(ROOT)


def call(script, *arguments, **environment):
    """Ends within a minute; its status and all that it printed."""
    run = subprocess.run([script, *arguments], env={**os.environ, **environment}, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    return run.returncode, run.stdout


def how_steps_ended(out):
    """By step, as the summary has it."""
    ended = {}
    for line in (out / "summary.txt").read_text().splitlines():
        for step in STEPS:
            if line.startswith(f"{step:12} "):
                ended[step] = line[12:].split(" s  ", 1)[1]
    return ended


def without_a_gpu(build, folder):
    probe = subprocess.run([build / "tests/test_gpu", "--help"], capture_output=True, text=True, check=False)
    if probe.returncode != 77:
        print("there is a GPU here: not tried without one")
        return
    reason = probe.stdout.strip()
    for arguments, steps in (["check"], STEPS), (["full", "26"], ["gpu", "calibrate", "by PyTorch"]):
        status, output = call(ROOT / "tests/gpu.sh", *arguments, BUILD=str(build), OUT=str(folder))
        expect(status == 77, "exit status 77 without a GPU", output)
        ended = how_steps_ended(folder / arguments[0])
        expect(ended.keys() == set(steps), f"{steps} in the summary", ended)
        expect(ended.pop("gpu") == reason and reason.startswith("skipped: "), f"{reason} in the summary", output)
        expect(set(ended.values()) == {"skipped: there is no GPU"}, "all other steps are skipped", ended)


def all_is_well(folder):
    environment = {"BUILD": str(folder / "build"), "OUT": str(folder / "out"), "PATH": f"{folder}/bin:{os.environ['PATH']}"}
    status, output = call(ROOT / "tests/gpu.sh", **environment)
    expect(status == 0, "exit status 0", output)
    out = folder / "out/check"
    expect(how_steps_ended(out) == dict.fromkeys(STEPS, "ok"), "all steps ok", how_steps_ended(out))
    large = (out / "large.log").read_text()
    sanitizers = (out / "sanitizers.log").read_text()
    for share in ["1/4", "2/4", "3/4", "4/4"]:  # of 10 cores six are the sanitizers'
        expect(f"large {share}: test_gpu [large] share {share}\n" in large, f"share {share}", large)
    for tool in "memcheck", "racecheck":
        for share in ["1/3", "2/3", "3/3"]:
            expect(f"{tool} {share}: test_gpu [small] share {share}\n" in sanitizers, f"{tool} {share}", sanitizers)
    for power, most_seconds in FULL_CALLS.items():
        a_full_call(folder, environment, power, most_seconds)


def a_full_call(folder, environment, power, most_seconds):
    file = folder / "bin/timeout.limits"
    file.unlink()
    status, output = call(ROOT / "tests/gpu.sh", "full", str(power), **environment)
    expect(status == 0, "exit status 0", output)
    limits = [int(limit) for limit in file.read_text().split()]
    expect(len(limits) == 3 and sum(limits) <= most_seconds, f"three steps within {most_seconds} s", limits)
    for log, limit in ("calibrate.log", limits[1]), ("by-pytorch.log", limits[2]):
        text = (folder / "out/full" / log).read_text()
        words = text.split()
        options = {name: int(words[words.index(name) + 1]) for name in ("--most-elements", "--budget")}
        budget = options["--budget"]
        expect(options["--most-elements"] == 2**power, "the most elements", text)
        expect(limit - 30 <= budget <= limit - 20, f"a budget that leaves 20 to 30 s of {limit}", text)
    expect("--implementation pytorch" in text, "those of PyTorch", text)


def a_step_fails(folder):
    (folder / "build/tests/test_gpu.fails").touch()
    (folder / "bin/ncu").unlink()
    # Only what the script itself needs, so that no ncu of this machine is found.
    tools = ["bash", "sh", "dirname", "readlink", "mkdir", "rm", "tail", "cut", "cat", "grep", "seq", "sed", "head", "ls"]
    for tool in tools:
        (folder / "bin" / tool).symlink_to(shutil.which(tool))
    status, output = call(ROOT / "tests/gpu.sh", "check", BUILD=str(folder / "build"), OUT=str(folder / "out"),
                          PATH=str(folder / "bin"))
    expect(status == 1, "exit status 1 where a step fails", output)
    ended = how_steps_ended(folder / "out/check")
    expected = dict.fromkeys(STEPS, "FAILED (1)")
    expected.update({"gpu": "ok", "side by side": "ok", "calibrate": "ok", "by PyTorch": "ok"})
    if not os.path.exists("/usr/local/cuda/bin/ncu"):
        expect(ended["ncu"] == "skipped: there is no ncu", "ncu is skipped", ended)
    expected["ncu"] = ended["ncu"]
    expect(ended == expected, f"steps that end as {expected}", ended)
    (folder / "build/tests/test_gpu.fails").unlink()


def ended_by_a_signal(folder):
    (folder / "build/tests/test_gpu.waits").touch()
    environment = {"BUILD": str(folder / "build"), "OUT": str(folder / "out")}
    began = folder / "build/tests/test_gpu.began"
    with subprocess.Popen([ROOT / "tests/gpu.sh"], env={**os.environ, **environment}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as run:
        while not began.exists() and run.poll() is None:
            time.sleep(0.01)
        run.send_signal(signal.SIGTERM)
        output = run.communicate(timeout=60)[0]
    expect(run.returncode == 143, "exit status 143 after SIGTERM", output)
    summary = (folder / "out/check/summary.txt").read_text()
    expect(summary.endswith("FAILED: interrupted\n") and "tests " in summary, "the summary says so", summary)
    (folder / "build/tests/test_gpu.waits").unlink()


def from_a_pack(folder):
    """In a checkout with a pack, that is what runs."""
    checkout = folder / "checkout"
    (checkout / "tests").mkdir(parents=True)
    shutil.copy(ROOT / "tests/gpu.sh", checkout / "tests")
    shutil.rmtree(folder / "build/share")
    (checkout / ".gpu").mkdir()
    with tarfile.open(checkout / ".gpu/pack.tgz", "w:gz") as pack:
        pack.add(folder / "build", "pack")
    environment = {"OUT": str(folder / "out"), "TMPDIR": str(folder / "tmp"), "BUILD": ""}
    (folder / "tmp").mkdir()
    status, output = call(checkout / "tests/gpu.sh", "full", **environment)
    expect(status == 0, "exit status 0", output)
    log = (folder / "out/full/calibrate.log").read_text()
    expect("gpu.sh\n" in log, "simrun finds the checkout", log)
    expect(not list((folder / "tmp").iterdir()), "nothing is left of what was unpacked", list((folder / "tmp").iterdir()))
    (checkout / ".gpu/pack.tgz").write_text("no archive")
    status, output = call(checkout / "tests/gpu.sh", "full", **environment)
    expect(status == 2 and "cannot unpack .gpu/pack.tgz" in output, "a broken pack is refused", output)


def refused():
    status, output = call(ROOT / "tests/gpu.sh", "results/gpu")
    expect(status == 2 and output.startswith("gpu.sh: usage: "), "usage, and exit status 2", output)
    status, output = call(ROOT / "scripts/gpu_pack.sh", CUDACXX="/no/nvcc")
    expect(status == 1 and output.startswith("gpu_pack: /no/nvcc is not found: ") and output.count("\n") == 1,
           "one line that says that nvcc is not found", output)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        without_a_gpu(pathlib.Path(sys.argv[1]), folder / "none")
        make_stand_ins(folder)
        all_is_well(folder)
        a_step_fails(folder)
        ended_by_a_signal(folder)
        from_a_pack(folder)
    refused()


if __name__ == "__main__":
    main()
