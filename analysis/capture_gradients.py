#!/usr/bin/env python3
"""Saves the gradients of a PyTorch model as the .npy files that scenarios read.

    capture_gradients.py OUT [--workers M] [--steps N]

trains a small network for N steps on labels that a fixed random network gives, and writes to OUT the gradients that M
workers have then, each of a batch of its own, and `scenario.json`, which simrun runs. For a network of your own:

    from capture_gradients import save_gradients, save_model

    save_model(model, "out/model.json")
    files = save_gradients(model, batches, lambda model, batch: loss(model(batch[0]), batch[1]), "out")

with one batch a worker, and in the scenario

    "model": "model.json", "gradients": { "source": "files", "files": ["worker-*.npy"] }

In a training loop of your own `gradient_of(model)` after backward() is one worker's gradient, for numpy.save().
"""

import json
from pathlib import Path

import numpy as np
import torch


def trained(model):
    """(name, parameter) of what an optimiser updates, in the order in which the modules were made: forward order, if
    they are used in it. Shared parameters come once, frozen ones not at all.
    """
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]


def gradient_of(model):
    """The gradient that backward() has left in `model`: float32, shape (N,), parameters in the order of trained(). A
    parameter that the loss does not depend on has gradient 0, as with DistributedDataParallel.
    """
    parts = []
    for _, parameter in trained(model):
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        dense = gradient.to_dense() if gradient.is_sparse else gradient
        parts.append(dense.detach().reshape(-1).to("cpu", torch.float32).numpy())
    return np.concatenate(parts)


def save_gradients(model, batches, loss, folder):
    """Writes worker w's gradient of `loss(model, batches[w])`, a scalar tensor, to worker-w.npy in `folder`; returns the
    paths, by worker. Parameters stay as they are, gradients are cleared. Raises ValueError for a gradient that is not
    finite, which simrun would refuse; files of the workers before it are there then.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    files = []
    for worker, batch in enumerate(batches):
        model.zero_grad()
        loss(model, batch).backward()
        gradient = gradient_of(model)
        if not np.isfinite(gradient).all():
            raise ValueError(f"worker {worker}: the gradient has NaN or infinity; use a batch whose loss is finite")
        files.append(Path(folder) / f"worker-{worker}.npy")
        np.save(files[-1], gradient)
    model.zero_grad()
    return files


def save_model(model, file):
    """Writes the scenario's description of `model`, its tensors in the order of the gradients, to the JSON file `file`."""
    tensors = [{"name": name, "shape": list(parameter.shape) or [1]} for name, parameter in trained(model)]
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text(json.dumps({"name": Path(file).stem, "source": "PyTorch", "tensors": tensors}, indent=2) + "\n")


# The example


def example_network():
    """A small convolutional network for images of 16 by 16 pixels and 10 classes."""
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 5, padding=2),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(16 * 8 * 8, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 10),
    )


def example_loss(model, batch):
    images, labels = batch
    return torch.nn.functional.cross_entropy(model(images), labels)


def example_batches(teacher, count, size=32):
    """`count` batches of random images with the labels that `teacher` gives them."""
    for _ in range(count):
        images = torch.randn(size, 1, 16, 16)
        yield images, teacher(images).argmax(dim=1)


def example_scenario(files):
    """A scenario beside `files` that compares methods on the gradients in them."""
    return {
        "name": "Gradients of a PyTorch model",
        "workers": len(files),
        "model": "model.json",
        "batch_per_worker": 32,
        "compute": {"forward": "1 ms", "backward": "2 ms"},
        "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
        "gradients": {"source": "npy", "files": [file.name for file in files]},
        "methods": [
            {"name": "sgd"},
            {"name": "top-k", "density": 0.01},
            {"name": "gtop-k", "density": 0.01},
            {"name": "sparse-signsgd", "density": 0.01},
        ],
    }


def main():
    import one_line  # only here: the functions above need this file alone

    parser = one_line.Parser(description="Saves gradients of a small PyTorch network, and a scenario that reads them.")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for model.json, scenario.json and worker-0.npy, ...")
    parser.add_argument("--workers", type=int, default=8, metavar="M", help="gradients to save (default: 8)")
    parser.add_argument("--steps", type=int, default=20, metavar="N", help="steps of training before (default: 20)")
    arguments = parser.parse_args()
    if arguments.workers < 1 or arguments.steps < 0:
        parser.error("M is at least 1, N at least 0")
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"OUT: {str(arguments.out)!r} cannot be made: {error.strerror}")
    torch.manual_seed(1)
    teacher, model = example_network(), example_network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    for batch in example_batches(teacher, arguments.steps):
        optimiser.zero_grad()
        example_loss(model, batch).backward()
        optimiser.step()
    files = save_gradients(model, example_batches(teacher, arguments.workers), example_loss, arguments.out)
    save_model(model, arguments.out / "model.json")
    (arguments.out / "scenario.json").write_text(json.dumps(example_scenario(files), indent=2) + "\n")
    print(f"{len(files)} gradients; to run them: simrun {arguments.out / 'scenario.json'}")


if __name__ == "__main__":
    main()
