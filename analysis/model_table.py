#!/usr/bin/env python3
"""Writes the model of a scenario from a PyTorch module: its parameters in forward order.

    model_table.py MODULE:MAKE [--inputs 8,3,224,224 ...] [-o FILE]

calls MAKE() of the Python module MODULE (torchvision.models:resnet50, or train:make_model of ./train.py), which returns
a torch.nn.Module, and writes the model to FILE (default: model.json). It runs in the Python that has PyTorch. --inputs
gives the shape of each input, of float32 zeros as images take them; tokens, which an embedding takes, are integers:

    model_table.py train:make_model --inputs int:8,256

From Python, with inputs of any kind:

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
import importlib.util
import json
import math
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch  # imported where it is needed: --help does without


class NothingTrained(ValueError):
    """A module without a parameter that is trained."""


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
        return sum(math.prod(shape) for _, shape in self.tensors)


def model_table(module: torch.nn.Module, inputs: Sequence[Any] | None = None, name: str | None = None) -> ModelTable:
    """The table of `module`, which stays as it is. With `inputs`, the arguments of a forward pass, that is run once on a
    copy of the module. `name` is by default the module's class. Raises NothingTrained, and what the module raises.
    """
    tied = _names_by_parameter(module)
    trained = {names[0]: parameter for parameter, names in tied if parameter.requires_grad}
    if not trained:
        raise NothingTrained("the module has no parameter that is trained")
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
    import torch

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


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        yield value
        return
    for item in value:
        yield from _leaves(item)


def _order_of_use(module: torch.nn.Module, inputs: Sequence[Any]) -> list[str]:
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    module = copy.deepcopy(module)  # a forward pass changes running means
    names = {id(parameter): names[0] for parameter, names in _names_by_parameter(module)}
    used: dict[str, None] = {}

    class FirstUses(TorchDispatchMode):
        """Notes in which order operations first take the parameters of the module."""

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            for value in _leaves([args, kwargs or {}]):
                if id(value) in names:
                    used.setdefault(names[id(value)])
            return function(*args, **(kwargs or {}))

    with torch.no_grad(), FirstUses():
        module(*inputs)
    return list(used)


def _some(names: list[str], kind: str) -> str:
    plural = kind + ("" if len(names) == 1 else "s")
    return f"{len(names)} {plural} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"


# The command line


class _Parser(argparse.ArgumentParser):
    """A mistake is told in one line. Exit status 2."""

    def error(self, message: str) -> Any:
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help shows what is accepted\n")


@dataclass(frozen=True)
class _Input:
    """What --inputs says of one: a shape, and whether of integers."""

    sizes: tuple[int, ...]
    integers: bool

    @classmethod
    def of(cls, text: str) -> _Input:
        sizes = text.removeprefix("int:").split(",")
        if not all(size.isdecimal() and int(size) > 0 for size in sizes):
            raise argparse.ArgumentTypeError(f"{text!r} is no shape, like 8,3,224,224 or int:8,128")
        return cls(tuple(int(size) for size in sizes), text.startswith("int:"))

    def __str__(self) -> str:
        return ("int:" if self.integers else "") + ",".join(map(str, self.sizes))

    def zeros(self) -> torch.Tensor:
        import torch

        return torch.zeros(self.sizes, dtype=torch.int64 if self.integers else torch.float32)


def _check_packages(parser: _Parser, module: str) -> None:
    """PyTorch is there, or the message has all that is missing for `module`."""
    missing = [name for name in ("torch", module.partition(".")[0]) if importlib.util.find_spec(name) is None]
    if "torch" in missing:
        accepted = "a Python that has PyTorch, the one that the model runs in"
        parser.error(f"{sys.executable} has no package {' and no '.join(missing)}; accepted: {accepted}")


def _made(parser: _Parser, what: str) -> torch.nn.Module:
    module, _, make = what.partition(":")
    if not module or not make or module.startswith("."):
        parser.error(f"{what!r} is not MODULE:MAKE")
    if module.endswith(".py"):
        file = Path(module)
        folder = f" with {str(file.parent)!r} in PYTHONPATH" if file.parent != Path() else ""
        parser.error(f"{what!r} names a file; accepted: {file.stem}:{make}{folder}")
    sys.path.insert(0, str(Path.cwd()))
    _check_packages(parser, module)
    import torch

    try:
        made = getattr(importlib.import_module(module), make)
        made = made if isinstance(made, torch.nn.Module) else made()
    except Exception as error:  # whatever the model's own code raises
        parser.error(f"{what}: {_last_line(error)}")
    if not isinstance(made, torch.nn.Module):
        parser.error(f"{what} makes no torch.nn.Module but {type(made).__name__}")
    return made


def _table(parser: _Parser, what: str, inputs: list[_Input] | None, name: str | None) -> ModelTable:
    module = _made(parser, what)
    try:
        return model_table(module, inputs and [each.zeros() for each in inputs], name)
    except NothingTrained as error:
        parser.error(f"{what}: {error}")
    except Exception as error:  # whatever the forward pass raises
        shapes = " ".join(map(str, inputs or []))
        other = [replace(each, integers=not each.integers) for each in inputs or []]
        if _runs(module, other):
            parser.error(f"{what} takes no --inputs {shapes}; accepted: --inputs {' '.join(map(str, other))}")
        parser.error(f"{what}: the forward pass of --inputs {shapes} fails: {_last_line(error)}")


def _runs(module: torch.nn.Module, inputs: list[_Input]) -> bool:
    try:
        _order_of_use(module, [each.zeros() for each in inputs])
    except Exception:  # whatever the forward pass raises
        return False
    return True


def _last_line(error: Exception) -> str:
    """Of the traceback."""
    return "".join(traceback.format_exception_only(error)).strip().splitlines()[-1].strip()


def main() -> None:
    parser = _Parser(description="Writes a PyTorch module's parameters in forward order as a scenario's model.")
    parser.add_argument("make", metavar="MODULE:MAKE", help="what returns the torch.nn.Module, or is one")
    help_ = "of each input: 8,3,224,224 (float32) or int:8,128; without, the order is that of the modules"
    parser.add_argument("--inputs", nargs="+", type=_Input.of, metavar="SHAPE", help=help_)
    help_ = "the model, whose name is that of FILE (default: model.json, with the name of the module's class)"
    parser.add_argument("-o", dest="out", type=Path, metavar="FILE", help=help_)
    arguments = parser.parse_args()
    out = arguments.out or Path("model.json")
    name = arguments.out.stem if arguments.out else None
    table = _table(parser, arguments.make, arguments.inputs, name)
    try:
        write_model(table, out)
    except OSError as error:
        parser.error(f"-o: {str(out)!r} cannot be written: {error.strerror}")
    said = [f"{table.parameters} parameters in {len(table.tensors)} tensors, ordered {table.order}", *table.assumed]
    print(*said, sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main()
