#!/usr/bin/env python3
"""`simrun calibrate --implementation pytorch`: what it refuses; and, where this Python has PyTorch, that the profile is
found and used, that a Python that ends leaves what is finished, and that checks find wrong results.

usage: calibrate_pytorch.py SIMRUN
"""

import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "sim/calibration/pytorch"
QUICK = ("--quick", "--most-elements", "64")

# Runs measure.py, given as the second argument, with something of it replaced.
CHANGED = """
import os, pathlib, sys
sys.argv = sys.argv[2:]
sys.path.insert(0, str(pathlib.Path(sys.argv[0]).parent))
import dataclasses, measure, operations, torch
CHANGE
with torch.no_grad():
    measure.main()
"""
ENDING = """
prepare, left = measure.Session.prepare, [COUNT]
def ending(*arguments):
    left[0] -= 1
    if left[0] < 0:
        print("out of luck", file=sys.stderr, flush=True)
        os._exit(7)
    return prepare(*arguments)
measure.Session.prepare = lambda self, **arguments: ending(self, *arguments.values())
"""
SMALLEST = """
def smallest(gradient, residual, k):
    residual.add_(gradient)
    indices = torch.topk(residual.abs(), k, largest=False).indices
    values = residual.gather(0, indices)
    residual.index_fill_(0, indices, 0)
    return indices, values
operations.CODECS["top-k"] = dataclasses.replace(operations.CODECS["top-k"], encode=smallest)
"""
NEVER_UP = """
operations.round_at_random = lambda x: x.floor()
"""


def fail(problem):
    sys.exit(f"failed: {problem}")


def calibrate(simrun, folder, *arguments):
    return subprocess.run([simrun, "calibrate", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def expect(run, status, *lines):
    """The run's status, and parts of the last lines that it said."""
    said = run.stderr.splitlines()[-len(lines):]
    if run.returncode != status or len(said) != len(lines) or any(part not in line for part, line in zip(lines, said)):
        fail(f"{run.args} ended with status {run.returncode}, expected {status} and {lines}: {run.stderr}")


def expect_one_line(run, status, line):
    expect(run, status, line)
    if len(run.stderr.splitlines()) != 1:
        fail(f"{run.args} said more than a line: {run.stderr}")


def write_program(file, text):
    file.write_text(text)
    file.chmod(0o755)
    return str(file)


def check_refusals(simrun, folder):
    without = write_program(folder / "without", '#!/bin/sh\nexec /usr/bin/env python3 -S -E "$@"\n')
    pytorch = ("--implementation", "pytorch")
    expect(calibrate(simrun, folder, "--implementation", "tensorflow"), 2, "--implementation")
    expect_one_line(calibrate(simrun, folder, "--python", "python3"), 2,
                    "--python: simrun's own operations need no Python; accepted: with --implementation pytorch")
    expect_one_line(calibrate(simrun, folder, *pytorch, "--python", without), 2,
                    "no PyTorch can be used: " + without + " (No module named 'torch')")
    expect_one_line(calibrate(simrun, folder, *pytorch, "--python", "/bin/false"), 2, "(ended with status 1)")
    expect_one_line(calibrate(simrun, folder, *pytorch, "--python", "/bin/echo"), 2, "(says -B ")
    expect_one_line(calibrate(simrun, folder, *pytorch, "--python", "nowhere"), 2, "(cannot be started: No such file")
    scenario = run_scenario(simrun, folder)
    if scenario.returncode != 2 or "--device cpu --implementation pytorch` measures it" not in scenario.stderr:
        fail(f"a scenario before anything was measured: {scenario.stderr}")


def run_scenario(simrun, folder):
    """The processor, by simrun's operations and by PyTorch's."""
    scenario = {"name": "both", "workers": 4, "model": "vgg16-cifar10", "batch_per_worker": 8,
                "device": {"profile": "cpu", "implementation": "pytorch"},
                "compute": {"forward": "4 ms", "backward": "6 ms"},
                "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
                "methods": [{"name": "top-k", "density": 0.01}, {"name": "ef-signsgd"}, {"name": "qsgd"}],
                "sweep": {"device.implementation": ["simrun", "pytorch"]}}
    (folder / "s.json").write_text(json.dumps(scenario))
    return subprocess.run([simrun, "s.json", "--format", "csv"], cwd=folder, capture_output=True, text=True,
                          check=False)


def check_profile(simrun, folder):
    """It is made, listed, read and used, with what PyTorch has and nothing else measured."""
    run = calibrate(simrun, folder, "--implementation", "pytorch", "--python", sys.executable, "--device", "cpu",
                    *QUICK, "--budget", "120")
    expect(run, 0, "memory bandwidth ", "wrote ")
    profile = json.loads(pathlib.Path(run.stderr.splitlines()[-1].removeprefix("wrote ")).read_text())
    operations = profile["operations"]
    if (profile["name"], profile["implementation"], profile["provenance"]) != ("cpu", "pytorch", "measured"):
        fail(f"the profile is of {profile['name']}, {profile['implementation']}, {profile['provenance']}")
    for codec in ("top-k", "gtop-k", "sampled-pairs", "random-entries", "scaled-signs", "two-means", "qsgd", "terngrad",
                  "exponents", "gathered-signs", "momentum-signs", "sparse-signs", "dense16"):
        for stage in ("encode", "decode"):
            if not operations[f"{stage}.{codec}"]["verified_bytes"] > 0:
                fail(f"{stage}.{codec} was not checked")
    if operations["encode.gtop-k"]["seconds"] != operations["encode.top-k"]["seconds"]:
        fail("one selection has two times")
    listed = subprocess.run([simrun, "list", "devices"], capture_output=True, text=True, check=True).stdout
    if not any("-pytorch " in line and "measured, pytorch: " in line for line in listed.splitlines()):
        fail(f"it is not listed: {listed}")
    scenario = run_scenario(simrun, folder)
    rows = list(csv.DictReader(scenario.stdout.splitlines()))
    if [row["implementation"] for row in rows] != 3 * ["simrun"] + 3 * ["pytorch"]:
        fail(f"the sweep over both has {rows}: {scenario.stderr}")
    used = [line for line in scenario.stderr.splitlines() if "measured from 1 to 64" in line]
    for operation in ("encode.top-k", "decode.top-k", "encode.scaled-signs", "decode.qsgd"):
        if not any(operation in line for line in used):
            fail(f"{operation} as measured is not used: {scenario.stderr}")


def changed_python(folder, change):
    """A Python that runs measure.py with a change."""
    script = folder / "changed.py"
    script.write_text(CHANGED.replace("CHANGE", change))
    return write_program(folder / "changed", f'#!/bin/sh\nexec {sys.executable} {script} "$@"\n')


def check_endings(simrun, folder):
    """A Python that ends after so many operations were prepared: seven that are compared, references of layouts, others."""
    arguments = ("--implementation", "pytorch", "--device", "cpu", *QUICK, "-o", "p.json", "--python")
    early = calibrate(simrun, folder, *arguments, changed_python(folder, ENDING.replace("COUNT", "8")))
    ended = "the Python that measures ended with status 7 (out of luck)"
    expect(early, 1, f"simrun: {ended} before an operation was measured; nothing was written")
    if (folder / "p.json").exists():
        fail("a profile of nothing was written")
    later = changed_python(folder, ENDING.replace("COUNT", "24"))
    for file in ("p.json", "p.json.ended"):
        run = calibrate(simrun, folder, *arguments, later)
        if run.returncode != 1 or f"{ended}; left out: " not in run.stderr:
            fail(f"a Python that ends later: {run.stderr}")
        operations = json.loads((folder / file).read_text())["operations"]
        if "encode.dense16" not in operations or "decode.exponents" in operations:
            fail(f"{list(operations)} are in what a Python left that ended")


def check_wrong_results(simrun, folder):
    arguments = ("--implementation", "pytorch", "--device", "cpu", *QUICK, "-o", "wrong.json", "--python")
    run = calibrate(simrun, folder, *arguments, changed_python(folder, SMALLEST))
    expect(run, 1, "simrun: encode.top-k: element ")
    run = calibrate(simrun, folder, "--implementation", "pytorch", "--device", "cpu", "--quick", "--most-elements",
                    "4096", "-o", "wrong.json", "--python", changed_python(folder, NEVER_UP))
    expect(run, 1, "rounding at random is biased")
    if (folder / "wrong.json").exists():
        fail("a profile of wrong results was written")


def check_laws():
    """Every codec fulfils its law, and does not where what is decoded is something else."""
    sys.path.insert(0, str(SCRIPTS))
    import torch  # pylint: disable=import-outside-toplevel
    import laws  # pylint: disable=import-outside-toplevel
    import measure  # pylint: disable=import-outside-toplevel

    data = torch.distributions.Laplace(0.0, 1.0).sample((3, 5001))
    for name, codec in laws.CODECS.items():
        prepared = measure.Prepared(f"encode.{name}", list(data[: 1 + codec.states]), 50)
        payload = prepared.work()
        prepared.check()
        residual = prepared._states[-1] if codec.feeds_back else None  # pylint: disable=protected-access
        wrong = prepared.decoded()
        wrong[wrong.abs().argmax()] *= -1.7
        try:
            laws.check_law(name, prepared.encoded(), payload, wrong, residual, 50)
        except laws.LawBroken:
            continue
        fail(f"the law of {name} holds for a wrong result")


def check_no_gpu(simrun, folder):
    run = calibrate(simrun, folder, "--implementation", "pytorch", "--python", sys.executable, "--device", "cuda",
                    *QUICK)
    expect_one_line(run, 2, "--device: no GPU can be used: PyTorch ")


def main():
    simrun = str(pathlib.Path(sys.argv[1]).resolve())
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["XDG_CACHE_HOME"] = f"{temporary}/cache"
        folder = pathlib.Path(temporary)
        check_refusals(simrun, folder)
        try:
            import torch  # pylint: disable=import-outside-toplevel
        except ImportError as missing:
            print(f"skipped: {sys.executable}: {missing} (Debian: python3-torch)")
            sys.exit(77)
        check_laws()
        if not torch.cuda.is_available():
            check_no_gpu(simrun, folder)
        check_profile(simrun, folder)
        check_endings(simrun, folder)
        check_wrong_results(simrun, folder)


if __name__ == "__main__":
    main()
