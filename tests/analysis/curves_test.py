"""What is read of `simrun train`, what is refused, and the laws of what is derived from it."""

import json

import numpy as np
import pandas as pd
import pytest

from simrun import curves, results

METHODS = [
    {"name": "sgd"},
    {"name": "gtop-k", "density": 0.01, "training": {"residual_rule": "exact"}},
    {"name": "sparse-signsgd", "density": 0.1, "error_feedback": False},
    {"name": "signsgd-mv", "training": {"momentum": 0.9}},
]


def row(entry, seed, round_, accuracy, **more):
    """A row of curves.csv; every round takes 2 s, 10 bytes up and 20 down."""
    numbers = {name: 1 for name in curves.CURVE_COLUMNS}
    numbers |= {"method": METHODS[entry]["name"], "density": METHODS[entry].get("density"), "entry": entry, "model": "m"}
    cost = {"uplink_bytes": 10 * round_, "downlink_bytes": 20 * round_, "simulated_s": 2.0 * round_}
    numbers |= {"best": True}
    return numbers | cost | {"seed": seed, "round": round_, "test_accuracy": accuracy} | more


def write_training(folder, rows, name="curves.csv", **scenario):
    folder.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / name, index=False)
    scenario = {"name": "s", "methods": METHODS, "training": {}} | scenario
    (folder / "training.json").write_text(json.dumps({"scenario": scenario, "versions": {"simrun": "1"}}))
    return folder


def two_seeds(folder):
    """sgd ends at 0.8 and 0.9, gTop-k at 0.7 and 0.85."""
    ends = {0: (0.8, 0.9), 1: (0.7, 0.85)}
    rows = [row(entry, seed, 5, 0.5) for entry in ends for seed in (1, 2)]
    rows += [row(entry, seed, 10, ends[entry][seed - 1]) for entry in ends for seed in (1, 2)]
    return curves.load_curves(write_training(folder, rows))


# Reading


def test_rows_are_called_by_what_sets_them_apart(tmp_path):
    table = curves.load_curves(write_training(tmp_path, [row(i, 1, 10, 0.8) for i in range(4)]))
    labels = ["sgd", "gtop-k 0.01, exact residuals", "sparse-signsgd 0.1, no error feedback", "signsgd-mv, momentum 0.9"]
    assert table["label"].tolist() == labels
    assert table["split"].tolist() == ["IID"] * 4
    assert curves.provenance(table) == "s; simrun 1; m; 1 seed"


def test_curves_are_those_of_the_best_step_size(tmp_path):
    rows = [row(0, 1, 10, 0.8, learning_rate=0.1), row(0, 1, 10, 0.9, learning_rate=1, best=False)]
    assert curves.load_curves(write_training(tmp_path, rows))["learning_rate"].tolist() == [0.1]
    rows += [row(1, 1, 10, 0.7, best=None)]  # of an interrupted training, not known yet
    assert curves.load_curves(write_training(tmp_path, rows))["method"].tolist() == ["sgd"]
    with pytest.raises(results.ResultsError, match="has no rows"):
        curves.load_curves(write_training(tmp_path, rows[1:]))


def test_entries_that_would_be_called_alike_have_the_label_of_the_program(tmp_path):
    methods = [{"name": "top-k"}, {"name": "diloco", "local_steps": 8}, {"name": "diloco", "local_steps": 32}]
    said = ["top-k, elias-fano", "diloco, every 8 steps", "diloco, every 32 steps"]
    rows = [row(0, 1, 10, 0.8) | {"entry": entry, "label": label} for entry, label in enumerate(said)]
    labels = curves.load_curves(write_training(tmp_path, rows, methods=methods))["label"]
    assert labels.tolist() == ["top-k", *said[1:]]


def test_a_swept_density_is_not_part_of_the_label(tmp_path):
    folder = write_training(tmp_path, [row(1, 1, 10, 0.8)], sweep={"density": [0.01, 0.1]})
    assert curves.load_curves(folder)["label"].tolist() == ["gtop-k, exact residuals"]


@pytest.mark.parametrize(
    "split, name",
    [("iid", "IID"), ({"labels_per_worker": 2}, "2 labels a worker"), ({"labels_per_worker": 1}, "1 label a worker")]
    + [({"dirichlet": 0.3}, "Dirichlet(0.3)")],
)
def test_splits_are_named_swept_or_not(tmp_path, split, name):
    fixed = write_training(tmp_path / "fixed", [row(0, 1, 10, 0.8)], training={"split": split})
    cell = split if split == "iid" else json.dumps(split, separators=(",", ":"))
    swept = write_training(tmp_path / "swept", [row(0, 1, 10, 0.8, **{"training.split": cell})])
    assert [curves.load_curves(folder)["split"].tolist() for folder in (fixed, swept)] == [[name], [name]]


@pytest.mark.parametrize(
    "name, load, columns",
    [
        ("curves.csv", curves.load_curves, curves.CURVE_COLUMNS),
        ("summary.csv", curves.load_summary, curves.SUMMARY_COLUMNS),
        ("steps.csv", curves.load_steps, curves.STEP_COLUMNS),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, name, load, columns):
    with pytest.raises(results.ResultsError, match=f": has no {name}: it is no results folder"):
        load(tmp_path)
    for column in columns:
        write_training(tmp_path, [{other: 1 for other in columns if other != column}], name)
        with pytest.raises(results.ResultsError, match=f"{name}: has no column {column};"):
            load(tmp_path)
    (tmp_path / name).write_text(",".join(columns) + "\n")
    with pytest.raises(results.ResultsError, match=f"{name}: has no rows;"):
        load(tmp_path)
    (tmp_path / name).write_text("")
    with pytest.raises(results.ResultsError, match=f"{name}: is not a table of simrun's"):
        load(tmp_path)


def test_kinds_of_columns_do_not_depend_on_what_is_in_them(tmp_path):
    empty = {"rounds_to_target": None, "uplink_bytes_to_target": None, "pareto": None, "accuracy_sd": 0, "accuracy": 1}
    some = [dict.fromkeys(curves.SUMMARY_COLUMNS, 1) | empty | {"entry": 0, "seeds": seeds} for seeds in (1, 2)]
    summary = curves.load_summary(write_training(tmp_path, some, "summary.csv"))
    assert summary["accuracy_sd"].isna().tolist() == [True, False]  # no deviation is known of one seed
    assert summary.attrs["notes"] == []
    kinds = summary.dtypes[["accuracy", "accuracy_sd", "uplink_bytes_to_target", "pareto", "diverged"]].astype(str).tolist()
    assert kinds == ["float64", "float64", "float64", "boolean", "int64"]
    found = curves.load_curves(write_training(tmp_path, [row(0, 1, 10, 0.8)]))
    kinds = found.dtypes[["uplink_bytes", "simulated_s", "best", "diverged"]].astype(str).tolist()
    assert kinds == ["int64", "float64", "boolean", "boolean"]


# Derived quantities


def test_curves_are_means_over_the_seeds(tmp_path):
    mean = curves.mean_curves(two_seeds(tmp_path)).set_index(["label", "round"])
    assert len(mean) == 4
    end = mean.loc[("sgd", 10)]
    assert end[["accuracy", "accuracy_low", "accuracy_high"]].tolist() == pytest.approx([0.85, 0.8, 0.9])
    assert end[["uplink_bytes", "downlink_bytes", "simulated_s"]].tolist() == [100, 200, 20]


def test_differences_are_those_of_the_same_seed_at_the_end(tmp_path):
    table = two_seeds(tmp_path)
    gtop_k = "gtop-k 0.01, exact residuals"
    assert curves.differences(table, "IID", gtop_k, "sgd").tolist() == pytest.approx([-10, -5])
    assert curves.differences(table, "IID", "sgd", "sgd").tolist() == [0, 0]
    with pytest.raises(results.ResultsError, match="'top-k' was not trained on 'IID'; trained: gtop-k 0.01, exact"):
        curves.differences(table, "IID", "top-k", "sgd")


def test_the_pareto_front():
    # (1, 3) and (3, 1) do not beat each other; (2, 4) is beaten by (1, 3), (3, 3) by both; equal ones stay together.
    costs = [[1, 3], [3, 1], [2, 4], [3, 3], [1, 3], [np.nan, 0]]
    assert curves.pareto(costs).tolist() == [True, True, False, False, True, False]
    assert curves.pareto(np.empty((0, 2))).tolist() == []


def test_every_row_off_the_front_is_beaten_by_one_on_it():
    costs = np.random.default_rng(1).integers(0, 10, (50, 2))
    front = costs[curves.pareto(costs)]
    for cost in costs[~curves.pareto(costs)]:
        assert any((cost >= other).all() and (cost > other).any() for other in front)
    for cost in front:
        assert not any((cost >= other).all() and (cost > other).any() for other in costs)
