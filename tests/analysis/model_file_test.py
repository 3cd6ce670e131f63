"""Tensors of models by name, in the order in which simrun takes them."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from model_file import ModelFileError, tensor_names

ONE = np.zeros(1, np.float32)


def state(*names, **more):
    return dict.fromkeys(names, ONE) | more


def test_json_is_in_its_own_order(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps({"name": "m", "tensors": [{"name": "b"}, {"name": "a"}]}))
    read = tensor_names(str(tmp_path / "m.json"))
    assert (read.names, read.assumed) == (["b", "a"], "")


def test_a_shipped_model_is_found_by_its_name():
    assert tensor_names("resnet50").names[0] == "conv1.weight"
    with pytest.raises(ModelFileError, match="no model 'resnet5'; accepted: .*simrun list models"):
        tensor_names("resnet5")


@pytest.mark.parametrize("file", ["m.safetensors", "0f3a"])
def test_parameters_of_safetensors_are_by_name_numbers_by_value(file, tmp_path):
    tensors = state("l.10.w", "l.2.w", "l.02.w", "l.2", "bn.running_mean", "a-b", "mask.bias")
    save_file(tensors | {"steps": np.zeros((), np.int64)}, tmp_path / file, metadata={"format": "pt"})
    read = tensor_names(str(tmp_path / file))
    assert read.names == ["a-b", "l.2", "l.02.w", "l.2.w", "l.10.w", "mask.bias"]
    assert "may be a buffer, which model_table.py leaves out" in read.assumed


def test_an_index_has_the_tensors_of_its_files(tmp_path):
    save_file(state("w.10", "other"), tmp_path / "1.safetensors")
    save_file(state("w.9"), tmp_path / "2.safetensors")
    index = tmp_path / "m.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"w.10": "1.safetensors", "w.9": "2.safetensors"}}))
    assert tensor_names(str(index)).names == ["w.9", "w.10"]
    index.write_text(json.dumps({"weight_map": {"w.8": "2.safetensors"}}))
    with pytest.raises(ModelFileError, match="w.8 is not in 2.safetensors"):
        tensor_names(str(index))


@pytest.mark.parametrize(
    ("name", "data"),
    [("m.safetensors", b""), ("m.safetensors", b"\x09" + bytes(7) + b"{"), ("m.safetensors", b"\x02" + bytes(7) + b"{}"),
     ("m", b"\xff" * 9), ("m.json", b"[1]"), ("m.json", b'"weight_map"'), ("m.json", b'{"weight_map": {"a": 1}}'),
     ("m.json", b'{"weight_map": {"a": "../b.safetensors"}}'), ("m.json", b"{}"), ("m.json", b"[" * 100_000)]
)  # fmt: skip
def test_what_is_no_model_is_refused_in_one_line(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelFileError, match="accepted: ") as caught:
        tensor_names(str(tmp_path / name))
    assert "\n" not in str(caught.value)
