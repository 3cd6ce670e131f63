import csv
import json
import os
import re
import subprocess
import sys

import mergecomp
import pytest

needs_simrun = pytest.mark.skipif("SIMRUN" not in os.environ, reason="$SIMRUN does not name the program")
README = (mergecomp.FOLDER / "README.md").read_text(encoding="utf-8")
CASE = mergecomp.cases_of({"resnet50": 30, "resnet101": 180})[0]


def two_times(constants):
    """30 ms of computing; 25 million elements in 160 tensors or in 2 groups, two thirds of them hidden where merged."""
    return {
        name: (3 / (0.03 + 160 * start + 25e6 * each), 3 / (0.03 + 2 * start + 25e6 / 3 * each))
        for name, (start, each) in constants.items()
    }


def test_a_fit_recovers_its_constants():
    known = {"a": (150e-6, 0.3e-9), "b": (2e-6, 5e-9), "c": (400e-6, 0.01e-9), "d": (0.0, 0.4e-9)}
    found, there = mergecomp.fit_constants(two_times(known), two_times)
    for name, (start, each) in known.items():
        assert found[name] == (pytest.approx(start, rel=1e-2, abs=1e-7), pytest.approx(each, rel=1e-2, abs=1e-12)), name
        assert there[name] == pytest.approx(two_times(known)[name], rel=1e-3)


def test_constants_are_not_below_0_and_what_is_left_is_told():
    # Merged is faster than computing alone: no time an element explains that. The start is what fits the other point best.
    found, there = mergecomp.fit_constants({"a": (50.0, 110.0)}, two_times)
    start, each = found["a"]
    assert each == 0 and start > 0
    assert there["a"][1] < 100 and there["a"] == two_times(found)["a"]


def test_a_coding_is_divided_between_encoding_and_decoding():
    constants = {name: (1e-3, 1e-9) for name in mergecomp.CODECS}
    for division in ("v100", "encoding"):
        operations = mergecomp.profile_of(constants, mergecomp.parts_of(division))["operations"]
        assert len(operations) == 2 * len(constants)
        for codec in mergecomp.CODECS.values():
            both = [operations[f"{stage}.{codec}"]["seconds"] for stage in ("encode", "decode")]
            assert [sum(pair) for pair in zip(*both)] == [pytest.approx(1e-3 + n * 1e-9, rel=1e-5) for n in mergecomp.GRID]
    # v100: 356 us and 34 us of DGC.
    assert mergecomp.parts_of("v100")["dgc"] == (pytest.approx(356 / 390), pytest.approx(356 / 390))


def test_lists_of_a_profile_are_lines():
    profile = mergecomp.profile_of({"qsgd": (1e-4, 1e-9)}, mergecomp.parts_of("v100"))
    text = mergecomp.json_of(profile)
    assert json.loads(text) == profile and text.count("\n") < 40


@needs_simrun
def test_a_fit_to_what_simrun_says_recovers_its_constants(tmp_path):
    methods = {"onebit": {"name": "onebit"}}
    parts = mergecomp.parts_of("v100")

    def simulate(constants):
        profile = mergecomp.written(mergecomp.profile_of(constants, parts), tmp_path)
        return mergecomp.both_forms(CASE, "resnet50", 2, "3.1 GB/s", methods, profile)

    measured = simulate({"onebit": (150e-6, 0.15e-9)})
    found, _ = mergecomp.fit_constants(measured, simulate)
    assert found["onebit"] == (pytest.approx(150e-6, rel=0.02), pytest.approx(0.15e-9, rel=0.02))


@needs_simrun
def test_the_shipped_profile_gives_the_published_points():
    rows, methods, _ = mergecomp.read()
    published = mergecomp.measured_at(rows)
    bandwidth = next(row["settings"]["network.bandwidth"] for row in rows if row["workers"] == 2)
    profile = mergecomp.FOLDER / "devices" / "mergecomp_v100.json"
    some = {name: methods[name] for name in ("fp16", "dgc", "top-k")}
    for name, factors in mergecomp.both_forms(CASE, "resnet50", 2, bandwidth, some, profile).items():
        assert factors == pytest.approx([published[f"{name} {form}", 2] for form in mergecomp.FORMS], abs=0.1)


def read_csv(name):
    with open(mergecomp.FOLDER / name, encoding="utf-8") as file:
        return list(csv.DictReader(file))


def predicted(model="resnet50", file="mergecomp_predictions.csv", **assumed):
    rows = [row for row in read_csv(file) if row["model"] == model and assumed.items() <= row.items()]
    return {(row["method"], row["grouping"], int(row["gpus"])): float(row["scaling_factor"]) for row in rows}


def table_after(heading):
    """Rows of the README's first table after a heading, as lists of cells, the first row being the columns."""
    text = README.split(f"### {heading}\n", 1)[1]
    lines = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("|--")]


def test_the_readme_has_the_constants():
    known = {}
    for row in read_csv("mergecomp_constants.csv"):
        known.setdefault(row["method"], row)  # the first case
    table = table_after("Fitted constants")[1:]
    assert [row[0] for row in table] == list(known)
    for name, start, each, *rest in table:
        assert (float(start), float(each)) == (
            pytest.approx(float(known[name]["start_us"]), abs=0.51),
            pytest.approx(float(known[name]["element_ns"]), abs=0.00051),
        )
        for form, cell in zip(mergecomp.FORMS, rest):
            assert float(cell.split()[0]) == pytest.approx(float(known[name][form]), abs=0.051), (name, form)


def test_the_readme_has_the_predictions():
    for heading, model in (("Predictions: ResNet50", "resnet50"), ("Predictions: ResNet101", "resnet101")):
        columns, *rows = table_after(heading)
        gpus = [int(column.split()[0]) for column in columns[1:]]
        for name, *cells in rows:
            forms = ["fused"] if name == mergecomp.BASELINE else list(mergecomp.FORMS)
            for n, cell in zip(gpus, cells):
                for form, figure in zip(forms, cell.split(", ")):
                    assert float(figure) == pytest.approx(predicted(model)[name, form, n], abs=0.051), (name, form, n)
        assert len(rows) == 10


def test_what_holds_without_tuning():
    factors = predicted()
    base = {n: factors["fp32", "fused", n] for n in (4, 8)}
    assert [name for name in mergecomp.CODECS if factors[name, "layer-wise", 8] > base[8]] == ["fp16"]
    assert factors["qsgd", "merged", 4] > base[4] and factors["qsgd", "merged", 8] < base[8]
    assert all(factors["top-k", "merged", n] < base[n] for n in (4, 8))
    for n in (4, 8):
        gains = {name: factors[name, "merged", n] / factors[name, "layer-wise", n] for name in mergecomp.CODECS}
        assert set(sorted(gains, key=gains.get)[-2:]) == {"dgc", "onebit"}


def test_mistakes_give_one_line(tmp_path):
    for options, said in [(["-o", tmp_path / "none"], "is no folder"), (["--fast"], "unrecognized arguments: --fast")]:
        ended = run(*options)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended
        assert said in ended.stderr
    ended = run("--quick", "-o", tmp_path, SIMRUN=str(tmp_path / "none"))
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(f"{tmp_path}/none: cannot be run: ")
    assert list(tmp_path.iterdir()) == []


def run(*options, **environment):
    command = [sys.executable, mergecomp.__file__, *options]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | environment)
