"""Models and gradients in the files that people have, as NumPy, ml_dtypes and safetensors write them: what simrun reads
of them is what it reads of its own JSON and of one float32 .npy file a worker."""

import csv
import json
import os
import subprocess
import zipfile

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from model_file import tensor_names

pytestmark = pytest.mark.skipif("SIMRUN" not in os.environ, reason="$SIMRUN does not name the program")

WORKERS = 4
SHAPES = {"conv1.weight": (16, 3, 3, 3), "layer.2.weight": (40, 16), "layer.10.bias": (40,), "scale": ()}
SCENARIO = {
    "workers": WORKERS,
    "batch_per_worker": 8,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "schedule": {"grouping": "tensor"},
    "methods": [
        {"name": "sgd"},
        {"name": "top-k", "density": 0.05, "index": "delta"},
        {"name": "sparse-signsgd", "density": 0.1},
    ],
}


def said_by(folder, status, **change):
    """What simrun says on stderr when it ends with this status."""
    (folder / "s.json").write_text(json.dumps(SCENARIO | change))
    command = [os.environ["SIMRUN"], "s.json", "-o", "out", "--fresh"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stderr
    return ended.stderr


def run(folder, **change):
    """The rows of points.csv, and what was said on stderr."""
    said = said_by(folder, 0, **change)
    with (folder / "out/points.csv").open() as file:
        return list(csv.DictReader(file)), said


# Models


def model_of(shapes):
    return {"name": "m", "tensors": [{"name": name, "shape": list(shape)} for name, shape in shapes.items()]}


def weights(shapes=SHAPES):
    """As a training saves them: with what batch normalisation keeps besides."""
    values = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    values["conv1.weight"] = values["conv1.weight"].astype(ml_dtypes.bfloat16)
    buffers = {"bn.running_mean": np.zeros(16, np.float32), "bn.running_var": np.ones(16, np.float32)}
    return values | buffers | {"bn.num_batches_tracked": np.zeros((), np.int64)}


def times(rows):
    return [{name: value for name, value in row.items() if name != "model"} for row in rows]


def test_a_safetensors_file_is_the_model_that_its_parameters_are(tmp_path):
    save_file(weights(), tmp_path / "m.safetensors", metadata={"format": "pt"})
    rows, said = run(tmp_path, model="m.safetensors")
    assert [int(row["parameters"]) for row in rows] == [16 * 27 + 640 + 40 + 1] * 3
    assert {row["model"] for row in rows} == {"m"}
    assert "parameters by name, numbers by value" in said and "left out: 3 that no gradient has" in said
    assert times(rows) == times(run(tmp_path, model=model_of(SHAPES))[0])


def test_times_by_tensor_of_a_file_in_no_forward_order_are_told_whose_they_are(tmp_path):
    save_file(weights(), tmp_path / "m.safetensors")
    compute = {"forward": "4 ms", "backward_by_tensor": ["1 ms", "2 ms", "2 ms", "1 ms"]}
    told = 'compute.backward_by_tensor: the first time is taken for "conv1.weight", the last for "scale"'
    assert tensor_names(str(tmp_path / "m.safetensors")).names == list(SHAPES)  # the same order, layer.2 before layer.10
    assert told in run(tmp_path, model="m.safetensors", compute=compute)[1]
    assert told not in run(tmp_path, model="m.safetensors")[1]
    assert told not in run(tmp_path, model=model_of(SHAPES), compute=compute)[1]


def test_an_index_is_the_model_of_all_its_files(tmp_path):
    parts = {"m-1.safetensors": ["layer.2.weight", "bn.running_mean", "scale"], "m-2.safetensors": []}
    rest = [name for name in weights() if name not in parts["m-1.safetensors"]]
    parts["m-2.safetensors"] = rest
    for file, names in parts.items():
        save_file({name: weights()[name] for name in names}, tmp_path / file)
    where = {name: file for file, names in parts.items() for name in names}
    index = {"metadata": {"total_size": 1}, "weight_map": where}
    (tmp_path / "m.safetensors.index.json").write_text(json.dumps(index))
    assert times(run(tmp_path, model="m.safetensors.index.json")[0]) == times(run(tmp_path, model=model_of(SHAPES))[0])


def test_a_scalar_counts_one(tmp_path):
    rows, _ = run(tmp_path, model=model_of({"a": (), "b": (3, 2), "c": ()}), methods=[{"name": "sgd"}])
    assert rows[0]["parameters"] == "8"


# Gradients


ELEMENTS = sum(int(np.prod(shape)) for shape in SHAPES.values())


@pytest.fixture(scope="module")
def gradients():
    """By worker; exact in bfloat16 and in float16, and of such differences that payloads depend on them."""
    random = np.random.default_rng(1)
    values = random.normal(size=(WORKERS, ELEMENTS)) * np.exp(random.normal(size=ELEMENTS))
    return np.clip(values, -100, 100).astype(ml_dtypes.bfloat16).astype(np.float16).astype(np.float32)


def by_tensor(gradient):
    ends = np.cumsum([int(np.prod(shape)) for shape in SHAPES.values()])[:-1]
    return {name: part.reshape(SHAPES[name]) for name, part in zip(SHAPES, np.split(gradient, ends))}


def of_files(files):
    return {"model": model_of(SHAPES), "gradients": {"source": "files", "files": files}}


def read_from(folder, files):
    return run(folder, **of_files(files))


@pytest.fixture(scope="module")
def expected(gradients, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    for worker, gradient in enumerate(gradients):
        np.save(folder / f"{worker}.npy", gradient)
    rows, said = read_from(folder, [f"{worker}.npy" for worker in range(WORKERS)])
    synthetic, _ = run(folder, model=model_of(SHAPES))
    assert rows != synthetic, "payloads do not depend on the gradients: the comparisons below would show nothing"
    assert "gradient of one file" not in said
    return rows


def save_each(folder, gradients, save, ending):
    for worker, gradient in enumerate(gradients):
        save(folder / f"worker-{worker}{ending}", gradient)
    return [f"worker-*{ending}"]


def npy_of(dtype):
    return lambda folder, gradients: save_each(
        folder, gradients.astype(dtype), lambda path, gradient: np.save(path, gradient), ".npy"
    )


def rows_of_one_array(folder, gradients):
    np.save(folder / "all.npy", gradients)
    return ["all.npy"]


def bfloat16_rows(folder, gradients):
    np.save(folder / "all.npy", gradients.astype(ml_dtypes.bfloat16))
    return ["all.npy"]


def rows_of_two_arrays(folder, gradients):
    np.save(folder / "a.npy", gradients[:3].astype(np.float64))
    np.save(folder / "b.npy", gradients[3])
    return ["a.npy", "b.npy"]


def stored_rows(folder, gradients):
    np.savez(folder / "all.npz", gradients)
    return ["all.npz"]


def deflated_rows(folder, gradients):
    np.savez_compressed(folder / "all.npz", g=gradients.astype(np.float64))
    return ["all.npz"]


def npz_by_tensor(folder, gradients):
    return save_each(folder, gradients, lambda path, gradient: np.savez(path, **by_tensor(gradient)), ".npz")


def deflated_by_tensor(folder, gradients):
    return save_each(folder, gradients, lambda path, gradient: np.savez_compressed(path, **by_tensor(gradient)), ".npz")


def safetensors_by_tensor(folder, gradients):
    def save(path, gradient):
        save_file({name: np.ascontiguousarray(part) for name, part in by_tensor(gradient).items()}, path)

    return save_each(folder, gradients.astype(ml_dtypes.bfloat16), save, ".safetensors")


def safetensors_rows(folder, gradients):
    save_file({"gradients": gradients.astype(np.float16)}, folder / "all.safetensors")
    return ["all.safetensors"]


WAYS = {
    "float64": npy_of(np.float64),
    "float16": npy_of(np.float16),
    "bfloat16": npy_of(ml_dtypes.bfloat16),
    "one array": rows_of_one_array,
    "one array of bfloat16": bfloat16_rows,
    "two arrays": rows_of_two_arrays,
    "npz": stored_rows,
    "npz, deflated": deflated_rows,
    "npz by tensor": npz_by_tensor,
    "npz by tensor, deflated": deflated_by_tensor,
    "safetensors by tensor": safetensors_by_tensor,
    "safetensors": safetensors_rows,
}


@pytest.mark.parametrize("way", WAYS)
def test_gradients_are_the_same_however_they_are_saved(way, gradients, expected, tmp_path):
    files = WAYS[way](tmp_path, gradients)
    assert read_from(tmp_path, files)[0] == expected


def with_nan(gradients, worker):
    gradients = gradients.copy()
    gradients[worker, 500] = np.nan
    return gradients


@pytest.mark.parametrize("way", WAYS)
def test_each_worker_has_its_own_gradient(way, gradients, tmp_path):
    files = WAYS[way](tmp_path, with_nan(gradients, 2))
    assert "worker 2, tensor layer.2.weight: NaN at element 68;" in said_by(tmp_path, 2, **of_files(files))


def test_files_that_a_pattern_fits_come_by_number(gradients, expected, tmp_path):
    """worker-10 after worker-9, though 1 comes before 9."""
    for number, gradient in enumerate(with_nan(gradients, 2), start=8):
        np.save(tmp_path / f"worker-{number}.npy", gradient)
    said = said_by(tmp_path, 2, **of_files(["worker-?*.npy"]))
    assert said.startswith("worker-10.npy: data: worker 2, ")
    np.save(tmp_path / "worker-10.npy", gradients[2])
    assert read_from(tmp_path, ["worker-?*.npy"])[0] == expected
    (tmp_path / "worker-[8].npy").write_bytes((tmp_path / "worker-8.npy").read_bytes())  # a name, no pattern
    assert read_from(tmp_path, ["worker-[8].npy", "worker-9.npy", "worker-1[01].npy"])[0] == expected


def test_archives_of_more_than_4_gb_are_read(gradients, expected, tmp_path):
    """zip64, as zipfile writes what it cannot know the size of."""
    np.save(tmp_path / "g.npy", gradients)
    with zipfile.ZipFile(tmp_path / "all.npz", "w") as archive, archive.open("g.npy", "w", force_zip64=True) as member:
        member.write((tmp_path / "g.npy").read_bytes())
    assert read_from(tmp_path, ["all.npz"])[0] == expected


def test_one_gradient_for_all_is_said(gradients, tmp_path):
    np.savez_compressed(tmp_path / "one.npz", gradients[0])
    assert "all workers have the gradient of one file" in read_from(tmp_path, ["one.npz"])[1]
    np.savez(tmp_path / "none.npz", np.zeros((WORKERS, ELEMENTS)))
    said = read_from(tmp_path, ["none.npz"])[1]
    assert "nothing but zeros in none.npz" in said and "gradient of one file" not in said
