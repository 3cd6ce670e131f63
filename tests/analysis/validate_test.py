import json
import math
import os
import subprocess

import fitting
import pytest
import tables

needs_simrun = pytest.mark.skipif("SIMRUN" not in os.environ, reason="$SIMRUN does not name the program")

TABLE = """# a comment
model,batch_per_worker,method,workers,samples_per_s_per_worker,used_for,host.bandwidth
tiny.json,10,none,1,1000,baseline,
tiny.json,10,sgd,2,{rate},test,1 MB/s
tiny.json,10,top-k,2,{slower},test,
"""

# N = 1000, 10 ms of computing; nothing else takes time but what crosses to the host.
SCENARIO = {
    "workers": 2,
    "model": "tiny.json",
    "batch_per_worker": 1,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "device": "p102-100",
    "host": {"bandwidth": "2 MB/s", "crosses": "dense"} | {"merges": "host", "memory_bandwidth": "1 TB/s"},
    "network": {"bandwidth": "1000 Gbps", "latency": "0 s"},
    "methods": [{"name": "sgd"}, {"name": "top-k", "density": 0.01}],
}


def write_case(folder, table, scenario=None):
    """A table and its scenario; returns the table's file."""
    model = {"name": "tiny", "tensors": [{"name": "a", "shape": [1000]}]}
    (folder / "t.csv").write_text(table)
    (folder / "t.json").write_text(json.dumps(scenario or SCENARIO))
    (folder / "tiny.json").write_text(json.dumps(model))
    return folder / "t.csv"


def run(table, *arguments):
    command = [tables.ROOT / "analysis" / "validate.py", *arguments, table]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def read(folder, table):
    return tables.read_table(write_case(folder, table), SCENARIO)


@needs_simrun
def test_predictions_follow_the_settings_of_each_row(tmp_path):
    # 4 N bytes each way: 8 ms at the row's 1 MB/s, 4 ms at the scenario's 2 MB/s. Ten samples in 18 ms: 555.6 a second.
    ended = run(write_case(tmp_path, TABLE.format(rate=10 / 0.018, slower=2 * 10 / 0.014)))
    assert ended.returncode == 0, ended.stderr
    sgd, top_k = [line.split() for line in ended.stdout.splitlines() if line.startswith("tiny.json")]
    assert float(sgd[4]) == pytest.approx(555.6, rel=1e-3)
    assert sgd[-3:] == ["+0.0", "%", "test"] or sgd[-3:] == ["-0.0", "%", "test"]
    assert float(top_k[-3]) == pytest.approx(-50, abs=0.2)
    assert "order of methods right in 1 of 1" in ended.stdout


@needs_simrun
def test_without_host_nothing_crosses(tmp_path):
    ended = run(write_case(tmp_path, TABLE.format(rate=1000, slower=1000)), "--without-host")
    assert ended.returncode == 0, ended.stderr
    sgd = next(line.split() for line in ended.stdout.splitlines() if line.startswith("tiny.json"))
    assert float(sgd[4]) == pytest.approx(1000, rel=1e-3)


@needs_simrun
def test_a_fit_finds_the_quantity_that_made_the_table(tmp_path):
    # 8 kB cross: in 18 ms of an iteration at 1 MB/s, in 12 ms at 4 MB/s. The scenario has 2 MB/s.
    rows = "# kept\nnote,method,workers,iteration_s,used_for\n,none,1,10 ms,baseline\n"
    rows += '"a, b",sgd,2,18 ms,calibration\n,top-k,2,12.03 ms,calibration\n,sgd,2,16 ms,test\n'
    table = write_case(tmp_path, rows)
    ended = run(table, "--fit", "host.bandwidth", "--by-method")
    assert ended.returncode == 0, ended.stderr
    lines = table.read_text().splitlines()
    assert lines[:3] == ["# kept", "note,method,workers,iteration_s,used_for,host.bandwidth", ",none,1,10 ms,baseline,"]
    assert lines[3].startswith('"a, b",sgd,2,18 ms,calibration,')
    fitted = [float(line.split(",")[-1].removesuffix(" MB/s")) for line in lines[3:]]
    assert fitted == [pytest.approx(1, rel=0.01), pytest.approx(4, rel=0.03), fitted[0]]
    # What was written gives the same prediction again: 18 ms where 16 were published.
    again = run(table)
    assert "test, sgd: median error 11.1 %, worst 11.1 %, 1 point\n" in again.stdout


@needs_simrun
def test_one_value_is_fitted_for_all_methods(tmp_path):
    # 8 kB cross in 8 ms for sgd: 1 MB/s; top-k, which is not for calibration, has it, too: 18 ms and its selection.
    rows = "method,workers,iteration_s,used_for\nsgd,2,18 ms,calibration\ntop-k,2,18 ms,test\n"
    table = write_case(tmp_path, rows)
    ended = run(table, "--fit", "host.bandwidth")
    assert ended.returncode == 0, ended.stderr
    sgd, top_k = (line.split(",")[-1] for line in table.read_text().splitlines()[1:])
    assert sgd == top_k and float(sgd.removesuffix(" MB/s")) == pytest.approx(1, rel=0.01)
    top_k = [line.split() for line in ended.stdout.splitlines() if line.startswith("tiny.json")][1]
    assert abs(float(top_k[-3])) < 1


@needs_simrun
@pytest.mark.parametrize(
    "used_for, path, said",
    [
        ("test", "host.bandwidth", "no row is for calibration"),
        ("calibration", "host.speed", "host.speed: None is nothing to begin a fit with"),
        ("calibration", "network.bandwidth", "the end of what was tried, fits sgd best; required: a quantity that"),
    ],
)
def test_a_fit_that_cannot_be_leaves_the_table(tmp_path, used_for, path, said):
    table = write_case(tmp_path, f"method,workers,iteration_s,used_for\nsgd,2,18 ms,{used_for}\n")
    before = table.read_text()
    ended = run(table, "--fit", path)
    assert (ended.returncode, table.read_text()) == (2, before)
    assert said in ended.stderr and ended.stderr.count("\n") == 1


@needs_simrun
def test_efficiency_without_a_baseline_is_over_the_predicted_worker(tmp_path):
    # 10 ms of computing in 14 ms; published 50 %, so that the prediction is 10 / 14 / 0.5 - 1 = 42.9 % too fast.
    ended = run(write_case(tmp_path, "method,workers,scaling_efficiency\nsgd,2,50 %\n"))
    assert ended.returncode == 0, ended.stderr
    row = next(line.split() for line in ended.stdout.splitlines() if line.startswith("tiny.json"))
    assert row[5:] == ["50.0", "%", "71.4", "%", "+42.9", "%", "test"]


@needs_simrun
def test_several_densities_are_told_apart(tmp_path):
    scenario = SCENARIO | {"methods": [{"name": "top-k", "density": 0.1}, {"name": "top-k", "density": 0.01}]}
    rows = "method,workers,density,iteration_s\ntop-k,2,10 %,1\n"
    ended = run(write_case(tmp_path, rows, scenario))
    assert ended.returncode == 2 and "0 points of the scenario are top-k 10 %" in ended.stderr
    ended = run(write_case(tmp_path, rows.replace("10 %", "0.1") + "top-k,2,1e-2,1\n", scenario))
    assert ended.returncode == 0, ended.stderr
    assert "test, top-k 0.1: " in ended.stdout and "test, top-k 1e-2: " in ended.stdout
    ended = run(write_case(tmp_path, "method,workers,iteration_s\ntop-k,2,1\n", scenario))
    assert ended.returncode == 2
    assert ended.stderr == (
        f"{tmp_path}/t.csv: line 2: 2 points of the scenario are top-k; accepted: 1, chosen by density, k, index, collective\n"
    )


def test_rows_measure_in_several_units(tmp_path):
    # Four workers, 32 samples each: 64 a second in all, or 2 s an iteration, are 16 a second and worker; so is an
    # efficiency of 0.8 where one worker has 20.
    rows = read(tmp_path, (
        "method,workers,batch_per_worker,samples_per_s_per_worker,samples_per_s,iteration_s,scaling_efficiency\n"
        "sgd,4,32,16,,,\nsgd,4,32,,64,,\nsgd,4,32,,,2,\nsgd,4,32,,,2000 ms,\nsgd,4,32,,,,0.8\nsgd,4,32,,,,80 %\n"
    ))  # fmt: skip
    assert [tables.rate_of(row, 20) for row in rows] == [16] * 6
    assert {row["used_for"] for row in rows} == {"test"}
    assert rows[0]["settings"] == {"batch_per_worker": "32"}


def test_networks_and_batches_are_cases_with_one_baseline(tmp_path):
    rows = read(tmp_path, (
        "method,workers,batch_per_worker,network.bandwidth,iteration_s\n"
        "none,1,32,,1\nnone,1,64,,4\nsgd,4,32,1 Gbps,2\nsgd,4,32,10 Gbps,2\nsgd,4,64,10 Gbps,5\n"
    ))  # fmt: skip
    assert [row["case"].removeprefix("tiny.json ") for row in rows[2:]] == [
        "1 Gbps batch 32", "10 Gbps batch 32", "10 Gbps batch 64",
    ]  # fmt: skip
    assert tables.baselines_of(rows) == {("tiny.json", 32): 32, ("tiny.json", 64): 16}


def test_rows_choose_among_points():
    point = {"method": "top-k", "workers": "4", "density": "0.001", "k": "7", "index": "raw32", "collective": "x"}
    assert tables.is_meant(point, {"method": "top-k", "workers": 4, "density": "1e-3", "k": ""})
    assert not tables.is_meant(point, {"method": "top-k", "workers": 4, "density": "0.01"})


def test_the_order_of_methods_is_judged_by_cell():
    def rows(case, m, *rates):
        return [{"case": case, "workers": m, "label": name, "published": a, "predicted": b} for name, a, b in rates]

    cells = rows("m", 4, ("a", 1, 10), ("b", 2, 20)) + rows("m", 8, ("a", 1, 20), ("b", 2, 10))
    # Another network is another cell, and one method alone is in no order.
    cells += rows("m 10 Gbps", 8, ("a", 1, 20))
    assert tables.right_orders(cells) == {("m", 4): True, ("m", 8): False}


def test_a_predictor_without_a_network_knows_computing_and_a_constant_a_parameter():
    # 10 ms of computing; 1000 parameters add 8 ms where it is fitted, so 3000 add 24 ms, whatever M: 10 samples in 34 ms.
    # Published are 10 in 40 ms: 40 / 34 - 1 = 17.6 % too fast.
    def row(method, parameters, seconds, used_for):
        known = {"method": method, "parameters": parameters, "compute_s": 0.01, "batch": 10}
        return known | {"published": 10 / seconds, "used_for": used_for}

    rows = [row("none", 0, 0.01, "baseline"), row("sgd", 1000, 0.018, "calibration"), row("sgd", 3000, 0.04, "test")]
    predicted = fitting.without_network("t.csv", rows)
    assert predicted[id(rows[1])]["error"] == pytest.approx(0, abs=1e-5)
    assert predicted[id(rows[2])]["error"] == pytest.approx(40 / 34 - 1, rel=1e-4)
    assert id(rows[0]) not in predicted and "predicted" not in rows[2]
    with pytest.raises(tables.TableError, match="no row of top-k is for calibration"):
        fitting.without_network("t.csv", [*rows, row("top-k", 1000, 0.02, "test")])


@needs_simrun
def test_errors_are_shown_over_placements(tmp_path):
    # Two workers on two switches: every placement is the same. Each takes 10 ms, and 8 ms for 8 kB to cross at 1 MB/s.
    # Published are 18 and 20 ms: 18 as predicted, so that 20 / 18 - 1 = 11.1 % is the error, and of the constant, too.
    chain = {"topology": "chain", "hosts_per_switch": 1, "uplink_bandwidth": "1000 Gbps", "uplink_latency": "0 s"}
    network = SCENARIO["network"] | chain | {"placement": "shuffled", "placement_seed": 1}
    rows = "method,workers,iteration_s,used_for,host.bandwidth\n"
    rows += "sgd,2,18 ms,calibration,1 MB/s\nsgd,2,20 ms,test,1 MB/s\n"
    ended = run(write_case(tmp_path, rows, SCENARIO | {"network": network}), "--seeds", "2")
    assert ended.returncode == 0, ended.stderr
    line = next(line for line in ended.stdout.splitlines() if line.startswith("all (1)"))
    assert line.split()[2:] == ["11.1", "(11.1", "to", "11.1)", "11.1"]
    # On a star no placement is shuffled: simrun says so.
    ended = run(write_case(tmp_path, rows), "--seeds", "2")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "placement_seed" in ended.stderr


def test_the_least_of_a_function_is_found_to_three_digits():
    assert fitting.least(lambda x: abs(math.exp(x) - 2), -1, 2) == pytest.approx(math.log(2), abs=1e-3)


HEADER = "method,workers,iteration_s\n"


@pytest.mark.parametrize(
    "table, said",
    [
        ("model,method\nm,sgd\n", "t.csv: workers: no such column; required: method, workers and one of samples_per_s_per"),
        ("method,workers,images\nsgd,2,3\n", "t.csv: a measurement: no such column"),
        (TABLE.format(rate="fast", slower=1), "line 4: samples_per_s_per_worker: 'fast' is not a measurement"),
        (HEADER + "\n# more\nsgd,2,0\n", "line 4: iteration_s: '0' is not a measurement"),
        ("method,workers,scaling_efficiency\nsgd,2,87\n", "line 2: scaling_efficiency: '87' is no fraction"),
        ("method,workers,samples_per_s\nsgd,2,87 ms\n", "line 2: samples_per_s: '87 ms' is not a measurement"),
        (HEADER + "sgd,2,\n", "line 2: has 0 measurements"),
        (HEADER + "sgd,2\n", "line 2: has not as many cells as the header"),
        (HEADER + "sgd,two,1\n", "line 2: workers: 'two' is no count"),
        (HEADER + "Dense-SGD,2,1\n", "line 2: method: 'Dense-SGD' is not in the scenario; accepted: none, sgd, top-k"),
        ("method,workers,iteration_s,used_for\nsgd,2,1,fit\n", "line 2: used_for: 'fit' is not known; accepted: test,"),
        (HEADER, "t.csv: has nothing to predict"),
        (HEADER + "none,1,2\n", "t.csv: has nothing to predict"),
        (HEADER + "none,2,2\nsgd,2,2\n", "line 2: workers: 2 of method none; accepted: 1"),
        (HEADER + "none,1,2\nnone,1,3\nsgd,2,2\n", "line 3: the same baseline as in "),
        (HEADER + "sgd,2,1e400\n", "line 2: iteration_s: '1e400' is not a measurement"),
        ("method,workers,iteration_s,workers\nsgd,2,1,4\n", "t.csv: workers: column given twice"),
        ("method,workers,iteration_s,\nsgd,2,1,\n", "t.csv: a column has no name"),
        ("method,workers,iteration_s,batch_per_worker\nsgd,2,1,many\n", "line 2: batch_per_worker: 'many' is no count"),
    ],
)
def test_a_table_with_a_mistake_gives_one_line(tmp_path, table, said):
    ended = run(write_case(tmp_path, table))
    assert ended.returncode == 2
    assert said in ended.stderr and ended.stderr.count("\n") == 1


@pytest.mark.parametrize("entries", [None, 5, "sgd", {"name": "sgd"}, ["sgd"], [{"name": None}]])
def test_methods_of_any_kind_give_one_line(tmp_path, entries):
    ended = run(write_case(tmp_path, HEADER + "sgd,2,1\n", SCENARIO | {"methods": entries}))
    assert ended.returncode == 2
    assert ended.stderr.endswith("line 2: method: 'sgd' is not in the scenario; accepted: none\n")


def test_options_with_a_mistake_give_one_line(tmp_path):
    table = write_case(tmp_path, HEADER + "sgd,2,1\n")
    for options, said in [
        (["--by-method"], "--by-method goes with --fit"),
        (["--without-host", "--fit", "x"], "not allowed with argument"),
        (["--table"], "unrecognized arguments: --table"),
        (["--seeds", "0"], "argument --seeds: '0' is no count; accepted: 1 to 1000"),
        (["--seeds", "two"], "argument --seeds: 'two' is no count; accepted: 1 to 1000"),
        (["-o", tmp_path], "cannot be written; accepted: a file in a folder that is there"),
        (["-o", ""], "cannot be written; accepted: a file in a folder that is there"),
        (["-o", table], "is a table itself; accepted: another file"),
    ]:
        ended = run(table, *options)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended
        assert said in ended.stderr
    assert table.read_text() == HEADER + "sgd,2,1\n"
    assert {file.name for file in tmp_path.iterdir()} == {"t.csv", "t.json", "tiny.json"}


def test_a_program_that_cannot_be_run_gives_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMRUN", str(tmp_path / "none"))
    ended = run(write_case(tmp_path, HEADER + "sgd,2,1\n"))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith(f"{tmp_path}/none: cannot be run: ")


def test_a_scenario_that_is_missing_or_no_json_gives_one_line(tmp_path):
    table = write_case(tmp_path, HEADER + "sgd,2,1\n")
    (tmp_path / "t.json").write_text("[]")
    assert run(table).stderr == f"{tmp_path}/t.json: is no JSON object; accepted: a scenario\n"
    (tmp_path / "t.json").write_text("{")
    assert run(table).stderr.startswith(f"{tmp_path}/t.json: is not JSON: ")
    (tmp_path / "t.json").unlink()
    ended = run(table)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith(f"{tmp_path}/t.json: cannot be read: ")


@needs_simrun
def test_what_simrun_refuses_is_said_in_its_words(tmp_path):
    ended = run(write_case(tmp_path, "method,workers,iteration_s,network.speed\nsgd,2,1,3\n"))
    assert ended.returncode == 2
    assert "network.speed" in ended.stderr and ended.stderr.count("\n") == 1


@needs_simrun
def test_rows_are_written_whole_or_not_at_all(tmp_path):
    table = write_case(tmp_path, HEADER + "sgd,2,16 ms\n")
    assert run(table, "-o", tmp_path / "rows.csv").returncode == 0
    header, row = (tmp_path / "rows.csv").read_text().splitlines()
    cells = dict(zip(header.split(","), row.split(",")))
    assert (cells["label"], cells["workers"], cells["used_for"]) == ("sgd", "2", "test")
    assert float(cells["batch"]) / float(cells["published"]) == pytest.approx(0.016)
    ended = run(table, "-o", tmp_path / "none" / "rows.csv")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "rows.csv': cannot be written; accepted: a file in a folder that is there" in ended.stderr


@needs_simrun
def test_schedules_of_local_steps_are_those_of_the_published_table():
    # The authors' own simulation: what it says of hours has three digits, of which the least is 0.67.
    file = tables.ROOT / "analysis/published/eager_diloco_2025.csv"
    scenario = file.with_suffix(".json")
    rows = tables.read_table(file, tables.read_scenario(scenario))
    tables.predict(scenario, rows)
    assert len(rows) == 9
    assert all(abs(row["error"]) < 0.02 for row in rows), [row["error"] for row in rows]
