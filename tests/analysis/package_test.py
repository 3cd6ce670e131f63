"""The package: the program called from Python, and what it draws in one call."""

import doctest
import importlib
import inspect
import io
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import simrun
from simrun import curves, executable, figures, results, terminal

matplotlib.use("agg")

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.path.abspath(os.environ.get("SIMRUN", ""))  # the tests' folder changes
MODULES = ["curves", "errors", "executable", "figures", "files", "folders", "plots", "program", "results", "terminal"]
SMALL = {
    "name": "Two workers, small",
    "workers": 2,
    "model": {"name": "tiny", "tensors": [{"name": "a", "shape": [1000]}, {"name": "b", "shape": [500]}]},
    "batch_per_worker": 1,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us", "model": "ideal"},
    "methods": [{"name": "sgd"}, {"name": "top-k", "density": 0.01}],
}

needs_simrun = pytest.mark.skipif("SIMRUN" not in os.environ, reason="$SIMRUN does not name the program")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A working folder that results go to, away from the checkout's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIMRUN_RESULTS", str(tmp_path / "results"))
    if "SIMRUN" in os.environ:
        monkeypatch.setenv("SIMRUN", PROGRAM)
    yield
    plt.close("all")


def said_by_program(*arguments):
    """What the program itself says on stderr."""
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True).stderr.rstrip("\n")


# What it is


@pytest.mark.parametrize("name", MODULES)
def test_public_functions_say_what_they_take_and_return(name):
    module = importlib.import_module(f"simrun.{name}")
    for function in vars(module).values():
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not function.__name__.startswith("_"):
            kinds = inspect.signature(function)
            assert kinds.return_annotation is not inspect.Signature.empty, function
            assert all(given.annotation is not given.empty for given in kinds.parameters.values()), function
            assert function.__doc__, function


@needs_simrun
@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name):
    done = doctest.testmod(importlib.import_module(f"simrun.{name}"), optionflags=doctest.ELLIPSIS)
    assert done.failed == 0
    assert done.attempted > 0 or name in ("executable", "figures", "folders", "plots", "terminal")


@needs_simrun
@pytest.mark.parametrize("name", ["README.md", "docs/results.md"])
def test_examples_in_the_docs_run(name):
    blocks = re.findall(r"```python\n(import simrun\npoints = .*?)```", (ROOT / name).read_text(), re.DOTALL)
    assert len(blocks) == 1
    exec(blocks[0], {})


def test_the_version_is_the_programs():
    of_program = re.search(r"project\(simrun VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert f'version = "{of_program}"' in (ROOT / "analysis/pyproject.toml").read_text()


# Where the program is


def make_program(file):
    file.parent.mkdir(parents=True)
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_the_program_is_the_one_named_then_the_one_built_then_the_one_on_the_path(tmp_path, monkeypatch):
    named, built = make_program(tmp_path / "a/named"), make_program(tmp_path / "b/build/release/sim/simrun")
    on_path = make_program(tmp_path / "c/simrun")
    monkeypatch.setattr(executable, "_checkouts", lambda: [tmp_path / "b"])
    monkeypatch.setenv("PATH", f"{on_path.parent}:/usr/bin:/bin")
    monkeypatch.setenv("SIMRUN", "a/named")
    assert executable.program() == str(named)
    monkeypatch.delenv("SIMRUN")
    assert executable.program() == str(built)
    built.unlink()
    assert executable.program() == str(on_path)
    on_path.unlink()
    with pytest.raises(simrun.SimrunError, match="no simrun is found: build it"):
        executable.program()
    monkeypatch.setenv("SIMRUN", "no/such")
    with pytest.raises(simrun.SimrunError, match=r"\$SIMRUN: no/such cannot be run"):
        executable.program()


# Runs


@needs_simrun
def test_a_dict_and_its_file_give_the_same_points(tmp_path):
    (tmp_path / "small.json").write_text(json.dumps(SMALL))
    from_file, from_dict = simrun.run("small.json"), simrun.run(SMALL)
    assert from_file.attrs["folder"] == str(tmp_path / "results/small")
    assert from_dict.attrs["folder"] == str(tmp_path / "results/two_workers_small")
    assert from_file.equals(from_dict)
    assert simrun.load(tmp_path / "results/small").equals(from_file)
    subprocess.run([PROGRAM, "small.json", "-o", "by_program"], check=True, capture_output=True)
    assert results.load("by_program").equals(from_file)


@needs_simrun
def test_sweep_methods_and_settings_take_the_place_of_the_scenarios_own():
    points = simrun.run(
        SMALL | {"sweep": {"k": [3]}},
        sweep={"workers": np.array([2, 4]), "network.bandwidth": ("1 Gbps", "10 Gbps")},
        methods=["sgd", {"name": "gtop-k", "density": np.float64(0.1)}],
        settings={"compute.update": "1 ms"},
        out="o",
    )
    assert points.attrs["scenario"]["compute"]["update"] == "1 ms"
    shown = points[["method", "workers", "network.bandwidth", "density"]].fillna(0).itertuples(index=False, name=None)
    swept = itertools.product([2, 4], ["1 Gbps", "10 Gbps"])
    assert set(shown) == {row for m, rate in swept for row in (("sgd", m, rate, 0), ("gtop-k", m, rate, 0.1))}
    assert len(points) == 8
    assert points["compute_s"].to_numpy() == pytest.approx(0.011)
    assert points.attrs["units"]["compute_s"] == "s"


@needs_simrun
def test_methods_of_a_dict_may_be_names_alone(tmp_path):
    by_name = simrun.run({**SMALL, "methods": ["sgd", {"name": "top-k", "density": 0.01}]})
    assert by_name["iteration_s"].tolist() == simrun.run(SMALL, out=tmp_path / "entries")["iteration_s"].tolist()
    for wrong in ("sgd", 5, [5]):
        with pytest.raises(simrun.SimrunError, match="^scenario: methods"):
            simrun.run({**SMALL, "methods": wrong})


@needs_simrun
def test_files_that_a_dict_names_are_those_of_the_working_folder(tmp_path):
    (tmp_path / "tiny.json").write_text(json.dumps(SMALL["model"]))
    assert simrun.run(SMALL | {"model": "tiny.json"})["parameters"].tolist() == [1500, 1500]


@needs_simrun
@pytest.mark.parametrize(
    "change, path",
    [
        ({"settings": {"network.bandwidth": "1 Gbs"}}, "network.bandwidth"),
        ({"sweep": {"workers": [2, -1]}}, "sweep.workers.1"),
        ({"methods": ["sgd", "topk"]}, "methods.1.name"),
        ({"methods": ["top-k"]}, "methods.0.density"),
    ],
)
def test_a_mistake_is_the_programs_line(tmp_path, change, path):
    (tmp_path / "small.json").write_text(json.dumps(SMALL))
    with pytest.raises(simrun.SimrunError) as raised:
        simrun.run("small.json", **change)
    methods = [entry if isinstance(entry, dict) else {"name": entry} for entry in change.get("methods", SMALL["methods"])]
    values = {"methods": methods} | {key: change[key] for key in ("sweep",) if key in change} | change.get("settings", {})
    options = [word for key, value in values.items() for word in ("--set", f"{key}={json.dumps(value)}")]
    assert str(raised.value) == said_by_program("small.json", *options)
    assert (raised.value.file, raised.value.path, raised.value.status) == ("small.json", path, 2)
    with pytest.raises(simrun.SimrunError, match=f"scenario: {re.escape(path)}: ") as raised:
        simrun.run(SMALL, **change)
    assert raised.value.file == "scenario"
    assert not (tmp_path / "results").exists()


@needs_simrun
def test_a_file_that_is_not_there_or_has_a_commands_name(tmp_path):
    for name in ("nowhere.json", "list", "--help"):
        with pytest.raises(simrun.SimrunError, match=f"^{name}: file: cannot be opened"):
            simrun.run(name)
    (tmp_path / "list").write_text(json.dumps(SMALL))
    assert len(simrun.run("list")) == 2


@needs_simrun
def test_warnings_are_pythons_too():
    with pytest.warns(UserWarning, match="sweep.gradients.seed: no result depends on it") as seen:
        points = simrun.run(SMALL, sweep={"gradients.seed": [1, 2]})
    assert seen[0].filename == __file__
    assert "warning: sweep.gradients.seed: no result depends on it" in points.attrs["notes"]


@needs_simrun
def test_points_that_fail_are_an_error_that_says_where_the_others_are(tmp_path, monkeypatch):
    cramped = tmp_path / "cramped"
    cramped.write_text(f'#!/bin/sh\nulimit -v 1000000\nexec {PROGRAM} "$@"\n')  # 65,536 ranks do not fit into 1 GB
    cramped.chmod(0o755)
    monkeypatch.setenv("SIMRUN", str(cramped))
    with pytest.raises(simrun.SimrunError, match="^failed: sgd, 65536 workers.*; simrun.load\\('o'\\) has") as raised:
        simrun.run(SMALL, methods=["sgd"], sweep={"workers": [2, 65536]}, out="o")
    assert raised.value.status == 1 and raised.value.file is None
    assert simrun.load("o")["workers"].tolist() == [2]


class Terminal(io.StringIO):
    """A terminal at which somebody interrupts what runs as soon as `end` is written."""

    def __init__(self, end=None):
        super().__init__()
        self.end = end

    def isatty(self):
        return True

    def write(self, text):
        super().write(text)
        if self.end and re.search(self.end, text):
            raise KeyboardInterrupt


@needs_simrun
def test_a_bar_moves_until_the_run_is_interrupted(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal(end=r"points: +[0-9]+%.* [1-9][0-9]*/15000 "))
    with pytest.raises(KeyboardInterrupt):
        simrun.run(SMALL, {"workers": range(2, 12), "k": range(1, 1501)}, ["top-k"])
    with pytest.raises(ChildProcessError):  # nobody is left
        os.waitpid(-1, os.WNOHANG)


@needs_simrun
def test_without_a_terminal_or_where_it_is_not_wanted_there_is_no_bar(capfd, monkeypatch):
    simrun.run(SMALL)
    monkeypatch.setattr(sys, "stderr", Terminal())
    simrun.run(SMALL, progress=False, fresh=True)
    assert sys.stderr.getvalue() == ""
    noted = simrun.run(SMALL, methods=["sgd"], settings={"methods.0.error_feedback": True}, out="noted")
    assert noted.attrs["notes"] and sys.stderr.getvalue().split("\n")[:-1] == noted.attrs["notes"]
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)
    assert capfd.readouterr() == ("", "")


def test_lines_of_a_terminal_are_whole_and_bars_are_shown_at_once():
    ours, its = os.openpty()
    bar = "points [===                           ] 3/30, 1.0/s, 27 s left"
    os.write(its, f"note: µ\n\r\x1b[K{bar}".encode())
    lines = terminal.lines(ours)
    assert [next(lines), next(lines)] == ["note: µ", bar]
    os.write(its, b"\r\x1b[Kresults in o: 30 points\n")
    os.close(its)
    assert list(lines) == [bar, "results in o: 30 points"]
    os.close(ours)


# Training and plans


@needs_simrun
@pytest.mark.skipif(not Path("/usr/share/datasets/fashion-mnist").exists(), reason="Fashion-MNIST is not installed")
def test_a_training_has_a_row_a_method_and_its_curves():
    settings = {"model": "softmax-mnist", "workers": 4, "training.rounds": 4, "training.evaluate_every": 2}
    settings |= {"training.seeds": [1], "training.learning_rate": [0.1]}
    trained = simrun.train("scenarios/train_fashion_mnist.json", None, ["sgd", "ef-signsgd"], settings)
    assert trained["method"].tolist() == ["sgd", "ef-signsgd"]
    assert trained.attrs["units"]["uplink_bytes_to_target"] == "B"
    assert Path(trained.attrs["folder"]).name == "train_fashion_mnist-trained"
    assert simrun.load(trained.attrs["folder"]).equals(trained)
    assert sorted(curves.load_curves(trained.attrs["folder"])["round"].unique()) == [2, 4]
    with pytest.raises(simrun.SimrunError) as raised:
        simrun.train("scenarios/train_fashion_mnist.json", settings={"training.rounds": 0})
    assert raised.value.path == "training.rounds"


def has_plan():
    if "SIMRUN" not in os.environ:
        return False
    return "\n  plan " in subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout


@pytest.mark.skipif(not has_plan(), reason="this simrun has no command plan")
def test_a_plan_is_what_the_program_writes(tmp_path):
    (tmp_path / "small.json").write_text(json.dumps(SMALL))
    plan = simrun.plan("small.json")
    assert json.loads((tmp_path / "results/small-plan/plan.json").read_text()).items() <= plan.items()
    assert len(plan["answer"]) >= 2 and any(note.startswith("note: left out: ") for note in plan["notes"])
    with pytest.raises(simrun.SimrunError) as raised:
        simrun.plan("small.json", {"network.bandwidth": "1 Gbs"})
    assert (raised.value.file, raised.value.path) == ("small.json", "network.bandwidth")


# Answers


@needs_simrun
def test_two_runs_are_compared_however_they_are_named(tmp_path):
    fast = {**SMALL, "network": {**SMALL["network"], "bandwidth": "10 Gbps"}}
    before, after = simrun.run(SMALL), simrun.run(fast, out=tmp_path / "fast")
    found = simrun.compare(before, after)
    assert [(each["path"], each["second"]) for each in found["inputs"]] == [("network.bandwidth", "10 Gbps")]
    for row, point in enumerate(found["points"]):
        change = after["iteration_s"][row] / before["iteration_s"][row] - 1
        assert point["change"] == pytest.approx(change)
        assert found["inputs"][0]["alone"][row] == pytest.approx(change)
    assert found["conclusions"][0].startswith("2 points are in both; in the second 2 are faster")
    (tmp_path / "slow.json").write_text(json.dumps(SMALL))
    assert simrun.compare("slow.json", fast)["points"] == found["points"]
    assert simrun.compare(before.attrs["folder"], simrun.load(tmp_path / "fast"))["points"] == found["points"]
    with pytest.raises(simrun.SimrunError, match="no folder, which pandas.concat and merge leave out; accepted: points as"):
        simrun.compare(before, pd.DataFrame({"method": ["sgd"]}))
    both = pd.concat([before, after])
    for use in (simrun.plot_scaling, simrun.plot_winners, simrun.plot_timeline, results.provenance, results.title_of):
        with pytest.raises(simrun.ResultsError, match="attrs have no .*accepted: points as simrun.run"):
            use(both)
    with pytest.raises(simrun.SimrunError, match="nowhere: file: cannot be opened"):
        simrun.compare(before, "nowhere")


@needs_simrun
def test_an_iteration_is_explained_by_row_or_label(tmp_path):
    points = simrun.run(SMALL)
    for row, method in enumerate(points["method"]):
        by_row, by_label = simrun.explain(points, row), simrun.explain(SMALL, method)
        assert by_row["iteration_s"] == pytest.approx(points["iteration_s"][row])
        assert by_row["critical_path"] == by_label["critical_path"] and by_row["conclusions"]
    slower = simrun.explain(SMALL, "sgd", {"compute.forward": "14 ms"})["iteration_s"]
    assert slower == pytest.approx(points["iteration_s"][0] + 0.01)
    for row in (2, -1):
        with pytest.raises(simrun.SimrunError, match=f"there is no row {row}; accepted: the labels 0, 1$"):
            simrun.explain(points, row)
    # Arguments have the names that they have here, and rows count from 0 for a dict as well.
    for row in (2, "2"):
        with pytest.raises(simrun.SimrunError, match="^arguments: point: there is no row 2; accepted: a row from 0"):
            simrun.explain(SMALL, row)
    with pytest.raises(simrun.SimrunError, match='^arguments: point: there is no point "gtop-k"; accepted: 1 sgd.*; 2 top-k'):
        simrun.explain(SMALL, "gtop-k")
    with pytest.raises(simrun.SimrunError, match="^arguments: settings: does not go with a results folder") as raised:
        simrun.explain(points, 0, {"workers": 4})
    assert (raised.value.file, raised.value.path) == (None, None)
    with pytest.raises(simrun.SimrunError, match="^scenario: network.bandwidth: ") as raised:
        simrun.explain(SMALL, 0, {"network.bandwidth": "1 Gbs"})
    assert (raised.value.file, raised.value.path) == ("scenario", "network.bandwidth")
    with pytest.raises(simrun.SimrunError, match=r'like settings=\{"workers": 2\}$'):
        simrun.plan({**SMALL, "sweep": {"workers": [2, 4]}})


@needs_simrun
def test_points_are_their_own_however_they_are_sorted_and_whatever_runs_later(tmp_path):
    points = simrun.run(SMALL, {"workers": [2, 8]})
    turned = points[points["workers"] == 8].iloc[::-1]
    for shown in (turned, turned.reset_index(drop=True)):
        for label, row in shown.iterrows():
            for named in (label, row):
                assert simrun.explain(shown, named)["iteration_s"] == pytest.approx(row["iteration_s"])
        assert simrun.explain(shown)["iteration_s"] == pytest.approx(shown["iteration_s"].min())
        assert simrun.explain(shown)["iteration_s"] == pytest.approx(shown["iteration_s"].iloc[0])
    for wrong, said in ((points.loc[0], "there is no row 0; accepted: the labels 3, 2"), (turned.loc[2] * 2, "other values")):
        with pytest.raises(simrun.SimrunError, match=said):
            simrun.explain(turned, wrong)
    simrun.run(SMALL, {"workers": [2, 8]}, settings={"network.bandwidth": "10 Gbps"})  # into the same folder
    for refused in (lambda: simrun.explain(points, 0), lambda: simrun.compare(points, SMALL)):
        with pytest.raises(simrun.SimrunError, match="has other points than these.*out="):
            refused()


# Figures


@pytest.fixture
def swept():
    """Points over workers and density, with traces."""
    sweep = {"workers": [2, 4, 8], "density": [0.01, 0.1]}
    return simrun.run(SMALL, sweep, ["sgd", "top-k", "gtop-k"], trace=True)


@needs_simrun
def test_scaling_has_a_line_a_method_and_the_ideal(swept):
    axes = simrun.plot_scaling(swept, density=0.1)
    lines = {line.get_label(): line for line in axes.lines}
    assert list(lines) == ["sgd", "top-k, K/N 0.1", "gtop-k, K/N 0.1", "ideal"]
    for name in ("sgd", "top-k, K/N 0.1", "gtop-k, K/N 0.1"):
        rows = swept[(swept["method"] == name.split(",")[0]) & ~(swept["density"] < 0.1)]
        assert lines[name].get_xdata().tolist() == [2, 4, 8]
        assert lines[name].get_ydata() == pytest.approx(100 * rows["scaling_efficiency"].to_numpy())
    assert [text.get_text() for text in axes.figure.legends[0].get_texts()] == list(lines)
    figure, own = plt.subplots()
    assert simrun.plot_scaling(swept, "samples_per_s", axes=own) is own
    assert own.lines[-1].get_ydata() == pytest.approx(results.ideal_samples_per_s(swept, [2, 4, 8]))
    assert not figure.legends
    with pytest.raises(simrun.ResultsError, match="value: 'iteration_s' is not drawn"):
        simrun.plot_scaling(swept, "iteration_s")


def test_all_mistakes_are_simrun_errors(tmp_path):
    with pytest.raises(simrun.SimrunError, match="does not exist"):
        simrun.load(tmp_path / "none")


@needs_simrun
@pytest.mark.parametrize(
    "wrong, said",
    [
        (lambda points: simrun.plan(points), "the scenario is of type DataFrame; accepted: a path or a dict"),
        (lambda points: simrun.run(3), "the scenario is of type int"),
        (lambda points: simrun.run(SMALL, jobs=0), "arguments: jobs: Value 0 not in range 1 to 1024$"),
        (lambda points: simrun.plot_scaling(points[["method", "workers"]]), "the table has no column k, density, "),
        (lambda points: simrun.plot_winners(points.assign(accuracy=1)), "these are rows of a training; accepted: points"),
        (lambda points: simrun.plot_timeline(points, "sgd"), "there is no row 'sgd'; accepted: the labels 0, 1"),
        (lambda points: simrun.explain(points, [1]), r"there is no row \[1\]"),
        (lambda points: simrun.explain("o", 1.5), "arguments: point: is of type float"),
    ],
)
def test_wrong_arguments_are_simrun_errors_of_one_line(wrong, said):
    points = simrun.run(SMALL, out="o")
    assert simrun.load("o/points.csv").equals(points)
    with pytest.raises(simrun.SimrunError, match=said) as raised:
        wrong(points)
    assert (raised.value.file, raised.value.path) == (None, None) and "\n" not in str(raised.value)


@needs_simrun
def test_methods_in_settings_are_those_of_the_argument():
    assert simrun.run(SMALL, settings={"methods": ["sgd"]})["method"].tolist() == ["sgd"]


def test_another_program_is_not_taken_for_simrun(monkeypatch):
    monkeypatch.setenv("SIMRUN", "/bin/ls")
    with pytest.raises(simrun.SimrunError, match=r"^\$SIMRUN: /bin/ls is not simrun; accepted: the path of simrun$"):
        simrun.run(SMALL)


@needs_simrun
def test_points_that_differ_in_the_index_are_lines_of_their_own():
    methods = [{"name": "top-k", "density": 0.1, "index": index} for index in ("raw32", "elias-fano")]
    points = simrun.run(SMALL, {"workers": [2, 4]}, methods)
    lines = [line.get_label() for line in simrun.plot_scaling(points).lines]
    assert lines == ["top-k, index raw32, K/N 0.1", "top-k, index elias-fano, K/N 0.1", "ideal"]
    with pytest.raises(simrun.ResultsError, match="the points differ in index, too"):
        simrun.plot_winners(points)
    with pytest.raises(simrun.ResultsError, match="several points of sgd agree in all that tells points apart"):
        simrun.plot_scaling(points.assign(method="sgd", index=None))


@needs_simrun
def test_legends_lie_within_their_figures(swept):
    long = swept.assign(method="a method of a very long name, " + swept["method"])
    long.attrs = {**swept.attrs, "scenario": {"name": "long"}}
    for axes in (simrun.plot_scaling(long), simrun.plot_winners(long), simrun.plot_timeline(swept, 3)):
        axes.figure.canvas.draw()
        legend, figure = axes.figure.legends[0].get_window_extent(), axes.figure.bbox
        assert figure.x0 <= legend.x0 and legend.x1 <= figure.x1 and figure.y0 <= legend.y0
        assert legend.y1 < axes.get_window_extent().y0
        assert axes.get_window_extent().height > 0.2 * figure.height
        assert axes.get_legend_handles_labels()[1]  # for axes.legend() where axes are given


@needs_simrun
def test_scaling_has_a_line_for_each_setting_of_a_method():
    methods = [{"name": "qsgd", "levels": 4}, {"name": "qsgd", "levels": 16}, {"name": "sgd"}]
    points = simrun.run(SMALL, {"workers": [2, 4]}, methods)
    lines = {line.get_label(): line for line in simrun.plot_scaling(points).lines}
    assert list(lines) == ["qsgd, levels 4", "qsgd, levels 16", "sgd", "ideal"]
    for name, rows in (("qsgd, levels 4", points.iloc[[0, 3]]), ("qsgd, levels 16", points.iloc[[1, 4]])):
        assert lines[name].get_ydata() == pytest.approx(100 * rows["scaling_efficiency"].to_numpy())
    assert len({str(line.get_linestyle()) + str(line.get_fillstyle()) for line in lines.values()}) > 1
    rare = simrun.run(SMALL, {"workers": [2, 4], "local_steps": [2, 8]}, ["sgd"], {"compute.update": "1 ms"})
    drawn = [line.get_label() for line in simrun.plot_scaling(rare).lines]
    assert drawn == ["sgd, local_steps 2", "sgd, local_steps 8", "ideal"]


@needs_simrun
def test_winners_are_the_fastest_and_the_second_fastest(swept):
    best = results.at_all_densities(results.best_of_each(swept))
    for place, rows in ((1, results.fastest(best)), (2, results.second_fastest(best))):
        axes = simrun.plot_winners(swept, place)
        shown = [text.get_text() for text in axes.figure.legends[0].get_texts()]
        dots = {"not certain: intervals overlap"} if place == 1 and len(results.undecided(best)) > 0 else set()
        assert {name.split("\n")[0] for name in shown} == set(rows["method"]) | dots
        assert len(axes.lines) == len(dots)
    wide = swept.assign(iteration_low_s=swept["iteration_s"] / 2, iteration_high_s=2 * swept["iteration_s"])
    wide.attrs = swept.attrs
    shown = [text.get_text() for text in simrun.plot_winners(wide).figure.legends[0].get_texts()]
    assert shown[-1] == "not certain: intervals overlap"
    with pytest.raises(simrun.ResultsError, match="place: 3 is not drawn"):
        simrun.plot_winners(swept, 3)
    with pytest.raises(simrun.ResultsError, match="no method has a density"):
        simrun.plot_winners(swept[swept["method"] == "sgd"])


@needs_simrun
def test_points_of_several_networks_are_not_taken_for_one():
    points = simrun.run(SMALL, {"workers": [2, 4], "density": [0.1], "network.bandwidth": ["1 Gbps", "10 Gbps"]})
    for plot in (simrun.plot_scaling, simrun.plot_winners):
        with pytest.raises(simrun.ResultsError, match="the points differ in network.bandwidth, too; choose one value: points"):
            plot(points)
        plot(points[points["network.bandwidth"] == "10 Gbps"])


@needs_simrun
def test_a_timeline_is_of_the_row_that_is_named(swept):
    row = swept.index[(swept["method"] == "top-k") & (swept["workers"] == 8)][0]
    axes = simrun.plot_timeline(swept, row)
    assert axes.get_title() == "top-k, K/N 0.01, 8 workers"
    assert {text.get_text() for text in axes.figure.legends[0].get_texts()} >= {"compute", "encode", "exchange"}
    trace = results.load_trace(swept.attrs["folder"], row)
    ends = [path.get_extents().x1 for bars in axes.collections for path in bars.get_paths()]
    of_device = trace[(trace["worker"] == 0) & trace["activity"].isin(["compute", "encode", "exchange", "decode"])]
    assert max(ends) == pytest.approx(1e3 * of_device["end_s"].max())
    turned = swept.sort_values("iteration_s", ascending=False)
    again = turned.reset_index(drop=True)
    for shown, named in ((turned, turned.index[0]), (again, 0), (turned, turned.iloc[0]), (turned, None)):
        assert simrun.plot_timeline(shown, named).get_title() == f"sgd, {turned['workers'].iloc[0]} workers"
    with pytest.raises(simrun.SimrunError, match="there is no row 99; accepted: the labels 0, 1, "):
        simrun.plot_timeline(swept, 99)
    with pytest.raises(simrun.ResultsError, match="has no trace of any point; run it with trace=True"):
        simrun.plot_timeline(simrun.run(SMALL, out="untraced"))


@pytest.mark.parametrize("limits", [(0.023, 0.05), (0.11, 0.17), (0.5, 30), (3, 1100), (1e-4, 2e3)])
def test_plain_ticks_do_not_touch(limits):
    figure, axes = plt.subplots(figsize=(3.5, 2.5))
    axes.set(xscale="log", xlim=limits)
    figures.plain_ticks(axes.xaxis)
    figure.canvas.draw()
    left, right = axes.get_xlim()
    labels = [label for label in axes.get_xticklabels() if left <= label.get_position()[0] <= right]
    boxes = [label.get_window_extent() for label in labels]
    assert 2 <= len(boxes) <= 8
    assert all(a.x1 < b.x0 for a, b in zip(boxes, boxes[1:]))


# Installed


@needs_simrun
def test_it_installs_into_a_fresh_environment(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "fresh"], check=True)
    pip = ["fresh/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--no-compile", "--quiet"]
    installed = subprocess.run([*pip, ROOT / "analysis"], capture_output=True, text=True)
    if re.search("Connection|connection broken|Max retries|Temporary failure", installed.stderr):
        pytest.skip("PyPI cannot be reached")
    assert installed.returncode == 0, installed.stderr
    (tmp_path / "small.json").write_text(json.dumps(SMALL))
    study = (
        "import simrun, pathlib\n"
        "assert 'fresh' in simrun.__file__ and pathlib.Path(simrun.__file__).with_name('py.typed').exists()\n"
        "points = simrun.run('small.json', sweep={'workers': [2, 4]})\n"
        "simrun.plot_scaling(points).figure.savefig('scaling.png')\n"
        "print(len(points), points.attrs['folder'])\n"
    )
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("SIMRUN_", "PYTHON"))}
    run = subprocess.run(["fresh/bin/python", "-c", study], env=bare, capture_output=True, text=True)
    assert run.stdout == f"4 {tmp_path}/results/small\n", run.stderr
    assert (tmp_path / "scaling.png").read_bytes().startswith(b"\x89PNG")
