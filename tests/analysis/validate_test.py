import json
import os
import subprocess

import pytest
import validate

TABLE = """# a comment
model,batch_per_worker,method,workers,samples_per_s_per_worker,used_for,host.bandwidth
tiny,10,none,1,1000,baseline,
tiny,10,sgd,2,{rate},test,1 MB/s
tiny,10,top-k,2,{slower},test,
"""


def write_case(folder, table):
    """A table and its scenario: N = 1000, 10 ms of computing; nothing else takes time but what crosses to the host."""
    model = {"name": "tiny", "tensors": [{"name": "a", "shape": [1000]}]}
    scenario = {
        "workers": 2,
        "model": "tiny.json",
        "batch_per_worker": 1,
        "compute": {"forward": "4 ms", "backward": "6 ms"},
        "device": "p102-100",
        "host": {"bandwidth": "2 MB/s", "crosses": "dense"} | {"merges": "host", "memory_bandwidth": "1 TB/s"},
        "network": {"bandwidth": "1000 Gbps", "latency": "0 s"},
        "methods": [{"name": "sgd"}, {"name": "top-k", "density": 0.01}],
    }
    (folder / "t.csv").write_text(table.replace("tiny,", "tiny.json,"))
    (folder / "t.json").write_text(json.dumps(scenario))
    (folder / "tiny.json").write_text(json.dumps(model))
    return folder / "t.csv"


def run(table, *arguments):
    command = [validate.ROOT / "analysis" / "validate.py", *arguments, table]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.skipif("SIMRUN" not in os.environ, reason="$SIMRUN does not name the program")
def test_predictions_follow_the_settings_of_each_row(tmp_path):
    # 4 N bytes each way: 8 ms at the row's 1 MB/s, 4 ms at the scenario's 2 MB/s. Ten samples in 18 ms: 555.6 a second.
    ended = run(write_case(tmp_path, TABLE.format(rate=10 / 0.018, slower=2 * 10 / 0.014)))
    assert ended.returncode == 0, ended.stderr
    sgd, top_k = [line.split() for line in ended.stdout.splitlines() if line.startswith("tiny.json")]
    assert float(sgd[4]) == pytest.approx(555.6, rel=1e-3)
    assert sgd[-3:] == ["+0.0", "%", "test"] or sgd[-3:] == ["-0.0", "%", "test"]
    assert float(top_k[-3]) == pytest.approx(-50, abs=0.2)
    assert "order of methods right in 1 of 1" in ended.stdout


@pytest.mark.skipif("SIMRUN" not in os.environ, reason="$SIMRUN does not name the program")
def test_without_host_nothing_crosses(tmp_path):
    ended = run(write_case(tmp_path, TABLE.format(rate=1000, slower=1000)), "--without-host")
    assert ended.returncode == 0, ended.stderr
    sgd = next(line.split() for line in ended.stdout.splitlines() if line.startswith("tiny.json"))
    assert float(sgd[4]) == pytest.approx(1000, rel=1e-3)


def test_rows_choose_among_points_and_measure_in_other_units(tmp_path):
    point = {"method": "top-k", "workers": "4", "density": "0.001", "k": "7", "index": "raw32", "collective": "x"}
    assert validate.is_meant(point, {"method": "top-k", "workers": 4, "density": "1e-3", "k": ""})
    assert not validate.is_meant(point, {"method": "top-k", "workers": 4, "density": "0.01"})
    # Four workers, 32 samples each: 64 a second in all, or 2 s an iteration, are 16 a second and worker.
    for measure, value in [("samples_per_s", 64), ("iteration_s", 2), ("samples_per_s_per_worker", 16)]:
        table = tmp_path / "t.csv"
        table.write_text(f"model,method,workers,{measure}\nm,sgd,4,{value}\n")
        (row,) = validate.read_table(table, 32)
        assert row["published"] == 16
        assert row["used_for"] == "test"
        assert row["settings"] == (("model", "m"),)


def test_the_order_of_methods_is_judged_by_cell():
    def rows(m, *rates):
        return [{"model": "m", "workers": m, "method": name, "published": a, "predicted": b} for name, a, b in rates]

    cells = rows(4, ("a", 1, 10), ("b", 2, 20)) + rows(8, ("a", 1, 20), ("b", 2, 10))
    assert validate.right_orders(cells) == {("m", 4): True, ("m", 8): False}


@pytest.mark.parametrize(
    "table, said",
    [
        ("model,method\nm,sgd\n", "workers: is missing"),
        (TABLE.format(rate="fast", slower=1), "row 2: is not sound"),
    ],
)
def test_a_table_with_a_mistake_gives_one_line(tmp_path, table, said):
    ended = run(write_case(tmp_path, table))
    assert ended.returncode == 2
    assert said in ended.stderr and ended.stderr.count("\n") == 1
