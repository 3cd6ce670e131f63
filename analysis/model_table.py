#!/usr/bin/env python3
"""Writes the model of a scenario from a PyTorch module: its parameters in forward order.

    model_table.py MODULE:MAKE [--inputs 8,3,224,224 ...] [-o FILE]

calls MAKE() of the Python module MODULE (torchvision.models:resnet50, or train:make_model of ./train.py), which returns
a torch.nn.Module, and writes the model to FILE (default: model.json). It runs in the Python that has PyTorch. --inputs
gives the shape of each input, of float32 zeros; int:8,128 is one of integers. From Python, with inputs of any kind:

    from model_table import model_table, write_model

    write_model(model_table(module, inputs), "model.json")

The order is that in which a forward pass of the inputs first uses the parameters. Without inputs it is that in which the
modules were made, which may be another. The model's name is that of FILE where -o names one, else the class of the
module. Buffers (running means, masks) are no parameters and are left out, and so are frozen parameters, which
have no gradient. Tied parameters are one and count once, by the name where they were made first. A parameter that the
forward pass does not use comes last. What of this was met is said on stderr.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

try:
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
except ModuleNotFoundError as error:
    if __name__ != "__main__":
        raise
    sys.exit(f"model_table.py: {error}; accepted: a Python that has PyTorch, the one that the model runs in")


@dataclass
class ModelTable:
    """A model as scenarios have it, and what was assumed to make it one."""

    name: str
    tensors: list[tuple[str, tuple[int, ...]]]  # name and shape, in forward order
    order: str  # what the order is
    assumed: list[str] = field(default_factory=list)  # one line each

    @property
    def parameters(self) -> int:
        """N, the number of parameters; a tensor of shape () counts one."""
        return sum(torch.Size(shape).numel() for _, shape in self.tensors)


def model_table(module: torch.nn.Module, inputs: Sequence[Any] | None = None, name: str | None = None) -> ModelTable:
    """The table of `module`, which stays as it is. With `inputs`, the arguments of a forward pass, that is run once on a
    copy of the module. `name` is by default the module's class. Raises ValueError where nothing can be trained.
    """
    tied = _names_by_parameter(module)
    trained = {names[0]: parameter for parameter, names in tied if parameter.requires_grad}
    if not trained:
        raise ValueError("the module has no parameter that is trained")
    assumed = []
    buffers = [buffer for buffer, _ in module.named_buffers()]
    if buffers:
        assumed.append(f"left out: {_some(buffers, 'buffer')}")
    frozen = [names[0] for parameter, names in tied if not parameter.requires_grad]
    if frozen:
        assumed.append(f"left out: {_some(frozen, 'frozen parameter')}")
    assumed += [f"counted once: {' and '.join(names)}, which are tied" for _, names in tied if len(names) > 1]
    order = "as the modules were made"
    names = list(trained)
    if inputs is None:
        assumed.append("a forward pass may use the parameters in another order; with inputs it is that")
    else:
        order = "as a forward pass first uses them"
        used = [name for name in _order_of_use(module, inputs) if name in trained]
        unused = [name for name in names if name not in set(used)]
        if unused:
            assumed.append(f"put last: {_some(unused, 'parameter')} not used in the forward pass")
        names = used + unused
    tensors = [(name, tuple(trained[name].shape)) for name in names]
    return ModelTable(name or type(module).__name__, tensors, order, assumed)


def write_model(table: ModelTable, file: str | Path) -> None:
    """Writes the JSON that a scenario's `model` names. What was assumed stands under `source`."""
    source = "; ".join([f"PyTorch {torch.__version__}; order: {table.order}", *table.assumed])
    tensors = [{"name": name, "shape": list(shape)} for name, shape in table.tensors]
    Path(file).write_text(json.dumps({"name": table.name, "source": source, "tensors": tensors}, indent=2) + "\n")


def _names_by_parameter(module: torch.nn.Module) -> list[tuple[torch.nn.Parameter, list[str]]]:
    """Each parameter with all its names, in the order of the modules."""
    found: dict[int, tuple[torch.nn.Parameter, list[str]]] = {}
    for prefix, part in module.named_modules(remove_duplicate=False):
        for name, parameter in part._parameters.items():
            if parameter is not None:
                full = f"{prefix}.{name}" if prefix else name
                found.setdefault(id(parameter), (parameter, []))[1].append(full)
    return list(found.values())


class _FirstUses(TorchDispatchMode):
    """Notes in which order operations first take the parameters of a module."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.names = {id(parameter): names[0] for parameter, names in _names_by_parameter(module)}
        self.used: dict[str, None] = {}

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for value in _leaves([args, kwargs or {}]):
            if id(value) in self.names:
                self.used.setdefault(self.names[id(value)])
        return function(*args, **(kwargs or {}))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        yield value
        return
    for item in value:
        yield from _leaves(item)


def _order_of_use(module: torch.nn.Module, inputs: Sequence[Any]) -> list[str]:
    module = copy.deepcopy(module)  # a forward pass changes running means
    uses = _FirstUses(module)
    with torch.no_grad(), uses:
        module(*inputs)
    return list(uses.used)


def _some(names: list[str], kind: str) -> str:
    plural = kind + ("" if len(names) == 1 else "s")
    return f"{len(names)} {plural} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"


# The command line


class _Parser(argparse.ArgumentParser):
    """A mistake is told in one line. Exit status 2."""

    def error(self, message: str) -> Any:
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help shows what is accepted\n")


def _input(text: str) -> torch.Tensor:
    """Zeros of the shape that `text` says: "8,3,224,224", or "int:8,128" of integers."""
    integers = text.startswith("int:")
    sizes = text.removeprefix("int:").split(",")
    if not all(size.isdecimal() and int(size) > 0 for size in sizes):
        raise argparse.ArgumentTypeError(f"{text!r} is no shape, like 8,3,224,224 or int:8,128")
    shape = [int(size) for size in sizes]
    return torch.zeros(shape, dtype=torch.int64 if integers else torch.float32)


def _made(parser: _Parser, what: str) -> torch.nn.Module:
    module, _, make = what.partition(":")
    if not module or not make:
        parser.error(f"{what!r} is not MODULE:MAKE")
    if module.endswith(".py"):
        file = Path(module)
        folder = f" with {str(file.parent)!r} in PYTHONPATH" if file.parent != Path() else ""
        parser.error(f"{what!r} names a file; accepted: {file.stem}:{make}{folder}")
    sys.path.insert(0, str(Path.cwd()))
    try:
        made = getattr(importlib.import_module(module), make)
    except (ImportError, AttributeError) as error:
        parser.error(f"{what}: {error}")
    made = made if isinstance(made, torch.nn.Module) else made()
    if not isinstance(made, torch.nn.Module):
        parser.error(f"{what} makes no torch.nn.Module but {type(made).__name__}")
    return made


def main() -> None:
    parser = _Parser(description="Writes a PyTorch module's parameters in forward order as a scenario's model.")
    parser.add_argument("make", metavar="MODULE:MAKE", help="what returns the torch.nn.Module, or is one")
    help_ = "of each input: 8,3,224,224 (float32) or int:8,128; without, the order is that of the modules"
    parser.add_argument("--inputs", nargs="+", type=_input, metavar="SHAPE", help=help_)
    help_ = "the model, whose name is that of FILE (default: model.json, with the name of the module's class)"
    parser.add_argument("-o", dest="out", type=Path, metavar="FILE", help=help_)
    arguments = parser.parse_args()
    out = arguments.out or Path("model.json")
    name = arguments.out.stem if arguments.out else None
    try:
        table = model_table(_made(parser, arguments.make), arguments.inputs, name)
    except (ValueError, RuntimeError, TypeError) as error:
        parser.error(f"{arguments.make}: {str(error).splitlines()[0]}")
    try:
        write_model(table, out)
    except OSError as error:
        parser.error(f"-o: {str(out)!r} cannot be written: {error.strerror}")
    said = [f"{table.parameters} parameters in {len(table.tensors)} tensors, ordered {table.order}", *table.assumed]
    print(*said, sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main()
