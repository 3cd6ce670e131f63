#!/usr/bin/env python3
"""Gradients that analysis/capture_gradients.py saves from PyTorch models, and what simrun reads of them.

usage: capture_gradients.py SIMRUN

Skipped (status 77) where this Python has no PyTorch.
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
except ImportError as error:
    print(f"skipped: {error} (Debian: python3-torch)")
    sys.exit(77)

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "analysis/capture_gradients.py"
sys.path.insert(0, str(SCRIPT.parent))
import capture_gradients as capture  # noqa: E402


def squared_error(model, batch):
    inputs, targets = batch
    return ((model(inputs) - targets) ** 2).mean()


def closed_form(folder):
    """y = W x + b, one output, mean of squares: dW = 2 mean(e x), db = 2 mean(e), with e = y - t. W before b, by worker."""
    model = torch.nn.Linear(3, 1)
    weight, bias = model.weight.detach().numpy()[0], model.bias.item()
    batches = [(torch.randn(5, 3), torch.randn(5, 1)) for _ in range(4)]
    files = capture.save_gradients(model, batches, squared_error, folder)
    assert [file.name for file in files] == [f"worker-{w}.npy" for w in range(4)], files
    for file, (x, t) in zip(files, batches):
        x, gradient = x.numpy(), np.load(file)
        error = x @ weight + bias - t.numpy()[:, 0]
        assert gradient.dtype == np.float32 and gradient.shape == (4,), gradient
        assert np.allclose(gradient, 2 * np.append(error @ x, error.sum()) / 5, atol=1e-5), gradient
    assert np.array_equal(model.weight.detach().numpy()[0], weight)


def frozen_unused_and_half(folder):
    """Frozen parameters are left out, unused ones are 0, other precisions become float32; the model says the same."""
    model = torch.nn.ModuleDict({name: torch.nn.Linear(2, 2, bias=False) for name in ("frozen", "unused", "used")})
    model["frozen"].requires_grad_(False)
    model["used"].double()
    (model["used"](torch.ones(1, 2).double())).sum().backward()
    assert capture.gradient_of(model).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    capture.save_model(model, folder / "model.json")
    tensors = json.loads((folder / "model.json").read_text())["tensors"]
    assert tensors == [{"name": f"{name}.weight", "shape": [2, 2]} for name in ("unused", "used")], tensors


def not_finite(folder):
    model = torch.nn.Linear(1, 1)
    batch = (torch.full((1, 1), float("inf")), torch.zeros(1, 1))
    try:
        capture.save_gradients(model, [batch], squared_error, folder)
    except ValueError as error:
        assert "worker 0: the gradient has NaN or infinity" in str(error), error
    else:
        raise AssertionError("a gradient that is not finite was saved")


def example(simrun, folder):
    """The example runs, and its scenario. 4 workers hold K entries each: the voted union is at least K, at most 4 K."""
    subprocess.run([sys.executable, SCRIPT, folder, "--workers", "4", "--steps", "2"], check=True)
    subprocess.run([simrun, folder / "scenario.json", "-o", folder / "out"], check=True, stdout=subprocess.DEVNULL)
    rows = {row["method"]: row for row in csv.DictReader((folder / "out/points.csv").open())}
    elements = sum(np.prod(tensor["shape"]) for tensor in json.loads((folder / "model.json").read_text())["tensors"])
    assert int(rows["sgd"]["parameters"]) == elements == np.load(folder / "worker-0.npy").size
    signs, sent = (int(rows["sparse-signsgd"][column]) for column in ("result_bytes", "payload_bytes"))
    assert sent - 32 < signs - 32 < 4 * sent, (sent, signs)


def mistakes(folder):
    """One line each, and nothing written."""
    folder.mkdir()
    (folder / "file").touch()
    for arguments in [], ["--workers", "0", "out"], ["--steps", "x", "out"], ["file"], ["file/out"]:
        ended = subprocess.run([sys.executable, SCRIPT, *arguments], cwd=folder, capture_output=True, text=True)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended
    assert [path.name for path in folder.iterdir()] == ["file"]


def main():
    simrun = str(pathlib.Path(sys.argv[1]).resolve())
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        closed_form(folder / "linear")
        frozen_unused_and_half(folder)
        not_finite(folder / "bad")
        example(simrun, folder / "example")
        mistakes(folder / "mistakes")


if __name__ == "__main__":
    main()
