"""Names of a model's tensors from whatever `model` of a scenario names: a shipped model, JSON, a safetensors file or the
index of several. Of safetensors the headers alone are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "scenarios" / "models"
ACCEPTED = "accepted: JSON as model_table.py writes it, a .safetensors file or its index, a name of `simrun list models`"
LONGEST_HEADER = 16_000_000  # bytes
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)  # by json, and by what it is no file of


class ModelFileError(ValueError):
    """What cannot be read as a model; one line."""


@dataclass
class TensorNames:
    """Those of a model, in the order in which simrun takes them."""

    names: list[str]
    assumed: str = ""  # one line, where the file does not say all that a model is


def tensor_names(model: str) -> TensorNames:
    """Of a scenario's `model`, looked up in the current folder. Raises ModelFileError, OSError."""
    file = _file_of(model)
    if _begins_as_safetensors(file) or file.suffix == ".safetensors":
        return _parameters(file, _types(file))
    try:
        read = json.loads(file.read_text())
        if "weight_map" not in read:
            return TensorNames([tensor["name"] for tensor in read["tensors"]])
        parts = _tensors_by_file(read["weight_map"])
    except UNREADABLE:
        raise ModelFileError(f"{file}: not a model; {ACCEPTED}") from None
    return _parameters(file, _types_of_index(file, parts))


def _file_of(model: str) -> Path:
    is_path = "/" in model or model.endswith((".json", ".safetensors"))
    shipped = SHIPPED / f"{model}.json"
    if not is_path and shipped.exists():
        return shipped
    found = next((file for file in (Path(model), ROOT / model) if file.exists()), None)
    if not found and not is_path:
        raise ModelFileError(f"there is no model {model!r}; {ACCEPTED}")
    return found or Path(model)


def _begins_as_safetensors(file: Path) -> bool:
    """A length, then an object; caches give such files names of their own."""
    with file.open("rb") as stream:
        start = stream.read(9)
    return start[8:] == b"{" and int.from_bytes(start[:8], "little") <= 0xFFFFFFFF


def _types(file: Path) -> dict[str, str]:
    """The type of each tensor of a safetensors file, by name."""
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(min(length, LONGEST_HEADER)))
        return {name: str(entry["dtype"]) for name, entry in header.items() if name != "__metadata__"}
    except UNREADABLE:
        raise ModelFileError(f"{file}: accepted: a safetensors file that is whole") from None


def _tensors_by_file(weight_map: dict[str, Any]) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    for tensor, part in weight_map.items():
        if "/" in part:
            raise ValueError("an index names files beside it")
        parts.setdefault(part, []).append(tensor)
    return parts


def _types_of_index(index: Path, parts: dict[str, list[str]]) -> dict[str, str]:
    types: dict[str, str] = {}
    for part, tensors in parts.items():
        there = _types(index.parent / part)
        missing = next((tensor for tensor in tensors if tensor not in there), None)
        if missing is not None:
            raise ModelFileError(f"{index}: {missing} is not in {part}; accepted: tensors that the files have")
        types |= {tensor: there[tensor] for tensor in tensors}
    return types


def _parameters(file: Path, types: dict[str, str]) -> TensorNames:
    """What simrun takes for parameters, in its order."""
    names = (name for name, kind in types.items() if kind == "BF16" or kind.startswith("F"))
    kept = _in_natural_order(name for name in names if not name.endswith(("running_mean", "running_var")))
    if not kept:
        raise ModelFileError(f"{file}: has no tensor of floating-point numbers; accepted: a model's parameters")
    order = "tensors by name, numbers by value, as the file has no forward order"
    return TensorNames(kept, f"{file.name}: {order}; one without a time may be a buffer, which model_table.py leaves out")


def _in_natural_order(names: Iterable[str]) -> list[str]:
    """By characters, numbers within by their value: layer.2 before layer.10."""

    def key(name: str) -> tuple[Any, ...]:
        # A number stands where its first digit would, shorter numbers first.
        parts = re.findall("[0-9]+|[^0-9]", name)
        values = [part.lstrip("0") if part[0] in "0123456789" else "" for part in parts]
        places = ["0" if part[0] in "0123456789" else part for part in parts]
        return [(place, len(value), value) for place, value in zip(places, values)], name

    return sorted(names, key=key)
