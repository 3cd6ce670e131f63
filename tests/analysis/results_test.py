"""The loader module: what it reads, what it refuses, and the laws that its derived quantities obey."""

import json
import math

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

import validations
from simrun import figures, results

matplotlib.use("agg")


def row(method, workers, density=None, **more):
    """A point with every column; times such that one worker alone does 128 samples in 0.1 s."""
    parts = {"compute_s": 0.1, "encode_s": 0.0, "communication_s": 0.1, "decode_s": 0.0, "staging_s": 0.0}
    numbers = {name: 1 for name in results.COLUMNS} | parts | {"iteration_s": 0.2, "scaling_efficiency": 0.5}
    numbers |= dict.fromkeys(["iteration_low_s", "iteration_high_s", "encode_break_even_s"])
    text = {"index": "raw32", "collective": "ring", "model": "m", "device": "d", "network_model": "ideal", "source": "simulated"}
    point = {"method": method, "workers": workers, "density": density, "samples_per_s": workers * 640}
    return numbers | text | point | more


def write_results(folder, rows, scenario=None):
    pd.DataFrame(rows).to_csv(folder / "points.csv", index=False)
    report = {"scenario": scenario or {"name": "s"}, "versions": {"simrun": "1", "simgrid": "2"}, "points": []}
    (folder / "report.json").write_text(json.dumps(report))
    return folder


# Reading


def test_columns_are_read_by_name(tmp_path):
    reordered = dict(reversed(row("sgd", 4, appended_later=7).items()))
    table = results.load(write_results(tmp_path, [reordered]))
    assert table["workers"].tolist() == [4]
    assert table["appended_later"].tolist() == [7]
    assert table["density"].isna().all()
    assert results.provenance(table) == "s; simrun 1, SimGrid 2; network model ideal; device d"


@pytest.mark.parametrize("name, made", [("plan.json", "simrun.plan, which"), ("training.json", "simrun.train; .*load_curves")])
def test_a_folder_of_another_command_is_said_to_be_one(tmp_path, name, made):
    (tmp_path / name).write_text("{}")
    with pytest.raises(results.ResultsError, match=f"has no points.csv: it is of {made}") as raised:
        results.load(tmp_path)
    assert raised.value.file == str(tmp_path)


def test_kinds_of_columns_do_not_depend_on_what_is_in_them(tmp_path):
    whole = row("sgd", 4, staging_s=0, iteration_low_s=None, speedup_over_sgd=1, k=None, error_feedback=None)
    table = results.load(write_results(tmp_path, [whole]))
    assert {str(table[name].dtype) for name in table if name.endswith("_s")} == {"float64"}
    kinds = table.dtypes[["speedup_over_sgd", "k", "density", "sent_bytes", "workers", "error_feedback"]].astype(str).tolist()
    assert kinds == ["float64", "float64", "float64", "int64", "int64", "boolean"]
    assert table.attrs["notes"] == []


def test_text_that_spreadsheets_take_for_formulas_comes_back(tmp_path):
    # As simrun writes them: one apostrophe more than the text has.
    models = {"'=cmd|x!A0": "=cmd|x!A0", "'-1": "-1", "''@a": "'@a", "'quoted'": "'quoted'", "a=b": "a=b"}
    table = results.load(write_results(tmp_path, [row("sgd", 4, model=model) for model in models]))
    assert table["model"].tolist() == list(models.values())


def test_provenance_says_what_was_measured(tmp_path):
    table = results.load(write_results(tmp_path, [row("sgd", 4, network_model=None, source="measured")]))
    assert results.provenance(table) == "s; simrun 1, SimGrid 2; measured; device d"


def test_predictions_beside_published_rates_have_times(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMRUN_RESULTS", str(tmp_path))
    with pytest.raises(results.ResultsError, match="as_is.csv: does not exist; `analysis/validate.py -o"):
        validations.load_validation("as_is")
    (tmp_path / "validation").mkdir()
    # 128 samples at 64 and 32 samples/s.
    text = "case,model,label,workers,batch,published,predicted\nm,m,sgd,4,128,64,32\n"
    (tmp_path / "validation" / "as_is.csv").write_text(text)
    table = validations.load_validation("as_is")
    assert table[["method", "published_s", "predicted_s"]].iloc[0].tolist() == ["sgd", 2, 4]


@pytest.mark.parametrize("column", results.COLUMNS)
def test_a_missing_column_is_named(tmp_path, column):
    point = row("sgd", 4)
    del point[column]
    with pytest.raises(results.ResultsError, match=f"points.csv: has no column {column};"):
        results.load(write_results(tmp_path, [point]))


def test_a_column_that_a_notebook_needs_is_named(tmp_path):
    with pytest.raises(results.ResultsError, match="has no column schedule.grouping;"):
        results.load(write_results(tmp_path, [row("sgd", 4)]), also=["schedule.grouping"])


def test_results_that_are_not_there_or_empty(tmp_path):
    with pytest.raises(results.ResultsError, match="nowhere: does not exist; accepted: the folder of a run") as raised:
        results.load(tmp_path / "nowhere")
    assert (raised.value.file, raised.value.path) == (str(tmp_path / "nowhere"), None)
    with pytest.raises(results.ResultsError, match="the folder is of type int"):
        results.load(3)
    (tmp_path / "points.csv").write_text("")
    with pytest.raises(results.ResultsError, match="is not a table of simrun's"):
        results.load(tmp_path)
    (tmp_path / "points.csv").write_text(",".join(results.COLUMNS) + "\n")
    with pytest.raises(results.ResultsError, match="has no points"):
        results.load(tmp_path)


def test_a_report_that_cannot_be_read(tmp_path):
    write_results(tmp_path, [row("sgd", 4)])
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(results.ResultsError, match="report.json: is not JSON"):
        results.load(tmp_path)
    (tmp_path / "report.json").unlink()
    with pytest.raises(results.ResultsError, match="report.json: cannot be read: No such file"):
        results.load(tmp_path)


def test_a_trace_is_in_seconds(tmp_path):
    events = [
        {"ph": "M", "name": "thread_name", "pid": 0, "tid": 0, "args": {"name": "worker 0"}},
        {"ph": "X", "name": "compute", "pid": 0, "tid": 0, "ts": 0.0, "dur": 2e6},
        {"ph": "X", "name": "exchange", "pid": 1, "tid": 3, "ts": 1e6, "dur": 5e5},
    ]
    (tmp_path / "trace").mkdir()
    (tmp_path / "trace" / "0012-sgd-4.json").write_text(json.dumps({"traceEvents": events}))
    trace = results.load_trace(tmp_path, 12)
    assert trace.to_dict("list") == {
        "worker": [0, 3],
        "activity": ["compute", "exchange"],
        "begin_s": [0, 1],
        "end_s": [2, 1.5],
    }
    with pytest.raises(results.ResultsError, match="has no trace of point 1, but of others; run it with trace=True"):
        results.load_trace(tmp_path, 1)


@pytest.mark.parametrize(
    "text, value",
    [
        ("50 us", 5e-5),
        ("1 Gbps", 1.25e8),
        ("25 MB", 25e6),
        ("1 KiB/s", 1024),
        ("2 KiB", 2048),
        ("2 kB", 2e3),
        ("1 MiB", 2**20),
        ("8 b", 1),
        ("3 B/s", 3),
        ("8 Mb/s", 1e6),
        ("2 TBps", 2e12),
        ("1.5 s", 1.5),
        ("1", None),
        ("fast", None),
    ],
)
def test_quantities(text, value):
    if value is None:
        with pytest.raises(results.ResultsError, match="is not a quantity"):
            results.quantity(text)
    else:
        assert results.quantity(text) == pytest.approx(value, rel=1e-15)


def test_the_link_is_read_from_the_scenario(tmp_path):
    star = {"network": {"topology": "star", "latency": "50 us", "bandwidth": "1 Gbps"}}
    assert results.link_of(results.load(write_results(tmp_path, [row("sgd", 4)], star))) == pytest.approx(
        (5e-5, 1.25e8)
    )
    platform = {"network": {"platform": "p.xml"}}
    with pytest.raises(results.ResultsError, match="has no 'latency'"):
        results.link_of(results.load(write_results(tmp_path, [row("sgd", 4)], platform)))


def test_staging_is_a_part_where_a_host_takes_time():
    assert "staging_s" not in results.parts_of(pd.DataFrame([row("sgd", 4)]))
    staged = results.parts_of(pd.DataFrame([row("sgd", 4), row("sgd", 8, staging_s=0.1)]))
    assert list(staged) == ["compute_s", "encode_s", "staging_s", "communication_s", "decode_s"]


def test_nearest_is_by_ratio():
    assert results.nearest([0.0001, 0.001, 0.01, math.nan], 0.004) == 0.01
    assert results.nearest([2, 8], 3) == 2


# Derived quantities


def test_ideal_samples_are_those_of_one_worker_times_m(tmp_path):
    table = results.load(write_results(tmp_path, [row("sgd", 4)]))
    assert results.ideal_samples_per_s(table, [1, 10]) == pytest.approx([1280, 12800])


def test_bits_an_index_leave_header_and_values_out():
    raw32 = pd.DataFrame({"k": [1, 1000], "payload_bytes": [32 + 8, 32 + 8000]})
    assert results.bits_an_index(raw32).tolist() == [32, 32]


# Intervals


def test_an_interval_turns_round_for_rates():
    table = pd.DataFrame([row("sgd", 4, iteration_low_s=0.1, iteration_high_s=0.4), row("sgd", 8)])
    for value, low, high in [("iteration_s", 0.1, 0.4), ("samples_per_s", 1280, 5120), ("scaling_efficiency", 0.25, 1)]:
        ends = results.interval(table, value)
        assert [end[0] for end in ends] == pytest.approx([low, high])
        assert all(np.isnan(end[1]) for end in ends)


def predicted():
    """Iterations of 2 s with intervals from 1 to 4 s, but for top-k at K/N = 0.01 and 8 workers."""
    known = {"iteration_s": 2, "iteration_low_s": 1, "iteration_high_s": 4}
    keys = [("sgd", 2, None), ("sgd", 8, None), ("top-k", 2, 0.1), ("top-k", 8, 0.1), ("top-k", 2, 0.01)]
    rows = [row(method, m, density, **known) for method, m, density in keys]
    return pd.DataFrame([*rows, row("top-k", 8, 0.01, iteration_s=2)])


def test_coverage_counts_measured_points_within_their_interval():
    # In the order of the rows: below, at the lower end, within, above, at the upper end; the last has no interval.
    measured = predicted().assign(iteration_s=[0.9, 1, 3, 4.1, 4, 2])
    assert results.coverage(predicted(), measured) == pytest.approx(3 / 5)
    # Neither order nor points that only one of them has matter.
    assert results.coverage(predicted(), measured[::-1]) == pytest.approx(3 / 5)
    assert results.coverage(predicted().iloc[1:], measured) == pytest.approx(3 / 4)
    assert results.coverage(predicted(), measured.iloc[[0, 2]]) == pytest.approx(1 / 2)


def test_beside_shows_what_was_predicted_of_each_measured_point():
    measured = predicted().assign(iteration_s=[1, 2, 2.5, 4, 8, 2]).iloc[[4, 2, 0]]
    both = results.beside(predicted(), measured)
    assert both["method"].tolist() == ["sgd", "top-k", "top-k"]
    assert both["measured_s"].tolist() == [1, 2.5, 8]
    assert both["error"].tolist() == pytest.approx([2 / 1 - 1, 2 / 2.5 - 1, 2 / 8 - 1])
    assert both[["predicted_s", "low_s", "high_s"]].to_numpy().tolist() == [[2, 1, 4]] * 3


def test_coverage_tells_swept_points_apart():
    slow = predicted().assign(**{"network.bandwidth": "1 Gbps"})
    fast = predicted().assign(**{"network.bandwidth": "10 Gbps", "iteration_low_s": 0.1, "iteration_high_s": 0.4})
    both = pd.concat([slow, fast.iloc[:5]])
    measured = both.assign(iteration_s=0.2)
    with pytest.raises(results.ResultsError, match="several predicted points agree in method, .*payload_bytes;"):
        results.coverage(both, measured)
    assert results.coverage(both, measured, also=["network.bandwidth"]) == pytest.approx(5 / 10)


def test_coverage_of_nothing_is_an_error():
    exact = predicted().assign(iteration_low_s=np.nan, iteration_high_s=np.nan)
    for none in (exact, predicted().assign(workers=[3, 9, 3, 9, 3, 9])):
        with pytest.raises(results.ResultsError, match="no measured point has a predicted one with an interval"):
            results.coverage(none, predicted())


def test_the_fastest_is_undecided_where_intervals_overlap():
    table = pd.DataFrame(
        [
            row("sgd", 2, 0.1, iteration_s=3, iteration_low_s=2.4, iteration_high_s=4),
            row("top-k", 2, 0.1, iteration_s=2, iteration_low_s=1, iteration_high_s=2.5),  # above 2.4
            row("sgd", 8, 0.1, iteration_s=3, iteration_low_s=2.6, iteration_high_s=4),
            row("top-k", 8, 0.1, iteration_s=2, iteration_low_s=1, iteration_high_s=2.5),  # below 2.6
            row("sgd", 16, 0.1, iteration_s=3),
            row("top-k", 16, 0.1, iteration_s=2, iteration_low_s=1, iteration_high_s=3.5),  # above 3
            row("sgd", 32, 0.1, iteration_s=3),
            row("top-k", 32, 0.1, iteration_s=2),
        ]
    )
    unsure = results.undecided(table)
    assert sorted(zip(unsure["method"], unsure["workers"])) == [("top-k", 2), ("top-k", 16)]
    assert list(unsure.columns) == list(table.columns)


def test_a_band_is_drawn_where_an_interval_is_known():
    table = pd.DataFrame([row("sgd", m, iteration_low_s=0.1, iteration_high_s=0.1 * m) for m in (2, 4, 8)])
    figure, axes = plt.subplots()
    figures.draw_band(axes, table, "iteration_s")
    box = axes.collections[0].get_paths()[0].get_extents()
    assert (box.x0, box.x1, box.y0, box.y1) == pytest.approx((2, 8, 0.1, 0.8))
    assert matplotlib.colors.to_hex(axes.collections[0].get_facecolor()[0]) == figures.line_of("sgd")["color"]
    figures.draw_band(axes, table.assign(iteration_low_s=None, iteration_high_s=None), "iteration_s")
    assert not axes.collections[1].get_paths()
    plt.close(figure)


# Maps


def points():
    return pd.DataFrame(
        [
            row("sgd", 2, iteration_s=3),
            row("sgd", 8, iteration_s=4),
            row("top-k", 2, 0.1, iteration_s=2),
            row("top-k", 8, 0.1, iteration_s=5),
            row("top-k", 2, 0.01, iteration_s=1),
        ]
    )


def test_methods_without_a_density_are_the_same_at_all():
    table = results.at_all_densities(points())
    assert len(table) == 3 + 2 * 2
    sgd = table[table["method"] == "sgd"]
    assert sorted(zip(sgd["workers"], sgd["density"])) == [(2, 0.01), (2, 0.1), (8, 0.01), (8, 0.1)]


def test_the_fastest_method_has_the_shortest_iteration():
    best = results.fastest(results.at_all_densities(points())).set_index(["workers", "density"])["method"]
    assert best.to_dict() == {(2, 0.01): "top-k", (2, 0.1): "top-k", (8, 0.01): "sgd", (8, 0.1): "sgd"}


def run_in_several_ways():
    """signs by two collectives, sgd by two groupings, top-k in one way; with 2 and 8 workers."""
    buckets = '{"bucket":"25 MB"}'
    return pd.DataFrame(
        [
            row("signs", 2, collective="server", grouping="model", iteration_s=2),
            row("signs", 8, collective="server", grouping="model", iteration_s=8),
            row("sgd", 2, grouping="model", iteration_s=3),
            row("sgd", 2, grouping=buckets, iteration_s=4),
            row("sgd", 8, grouping="model", iteration_s=6),
            row("sgd", 8, grouping=buckets, iteration_s=5),
            row("signs", 2, collective="sharded", grouping="model", iteration_s=3),
            row("signs", 8, collective="sharded", grouping="model", iteration_s=3),
            row("top-k", 2, 0.1, grouping="model", iteration_s=1),
            row("top-k", 2, 0.2, grouping="model", iteration_s=2),
        ]
    )


def test_the_best_way_of_each_method_is_named():
    table = run_in_several_ways()
    table.attrs = {"scenario": {"methods": [{"name": name} for name in ("sgd", "top-k", "sgd", "signs")]}}
    best = results.best_of_each(table)
    assert best.attrs == table.attrs
    assert best[["method", "workers", "iteration_s", "way"]].to_numpy().tolist() == [
        ["sgd", 2, 3, "whole model"],
        ["sgd", 8, 5, "25 MB buckets"],
        ["top-k", 2, 1, ""],
        ["top-k", 2, 2, ""],
        ["signs", 2, 2, "server"],
        ["signs", 8, 3, "sharded"],
    ]
    assert results.ways_of(best[best["method"] == "sgd"]) == "whole model; 25 MB buckets"
    assert results.ways_of(best[best["method"] == "sgd"], most=1) == "whole model; ..."
    assert results.ways_of(best[best["method"] == "top-k"]) == ""
    assert figures.name_of(best[best["method"] == "signs"], width=8) == "signs\nserver;\nsharded"
    assert figures.name_of(best[best["method"] == "top-k"]) == "top-k"


def test_settings_of_one_method_are_told_apart():
    table = pd.DataFrame(
        [row("sgd", 2, iteration_s=9), *(row("qsgd", 2, levels=n, index=None, iteration_s=n, precision="fp32") for n in (4, 16))]
    )
    table.attrs = {"scenario": {"methods": [{"name": "sgd"}, {"name": "qsgd", "levels": 4}, {"name": "qsgd", "levels": 16}]}}
    assert results.settings_of(table) == ["levels"]
    best = results.best_of_each(table, ["levels"])
    assert best[["method", "setting", "iteration_s"]].to_numpy().tolist() == [
        ["sgd", "", 9],
        ["qsgd", "levels 4", 4],
        ["qsgd", "levels 16", 16],
    ]
    assert figures.name_of(best[best["iteration_s"] == 16]) == "qsgd, levels 16"
    assert len(results.best_of_each(table)) == 2
    table.attrs["scenario"] |= {"workers": 2, "sweep": {"levels": [4, 16], "network.bandwidth": ["1 Gbps"], "workers": [2]}}
    assert results.settings_of(table) == ["levels"]


def test_without_a_grouping_of_their_own_collectives_alone_are_chosen():
    best = results.best_of_each(run_in_several_ways().drop(columns="grouping"))
    assert list(best.columns) == [*run_in_several_ways().drop(columns="grouping").columns, "way", "setting"]
    assert best[best["method"] == "sgd"]["way"].tolist() == ["", ""]
    assert best["iteration_s"].tolist() == [2, 3, 3, 5, 1, 2]


@pytest.mark.parametrize(
    "text, name",
    [
        ("model", "whole model"),
        ("tensor", "tensor by tensor"),
        ('{"bucket":"25 MB"}', "25 MB buckets"),
        ('{"groups":[["a"],["b"]]}', "2 groups"),
        ('{"search":"optimal"}', "optimal"),
        ('{"search":"mergecomp"}', "MergeComp's search"),
        ('{"max_groups":4,"mixed":true,"search":"optimal"}', "optimal, mixed, at most 4 groups"),
    ],
)
def test_groupings_have_names(text, name):
    assert results.grouping_name(text) == name


def test_the_second_fastest_is_the_fastest_of_the_others():
    second = results.second_fastest(results.at_all_densities(points())).set_index(["workers", "density"])["method"]
    # With 8 workers and K/N = 0.01 there is no other method.
    assert second.to_dict() == {(2, 0.01): "sgd", (2, 0.1): "sgd", (8, 0.1): "top-k"}


def test_a_grid_is_ascending_with_gaps():
    workers, densities, values = results.grid(points(), "iteration_s")
    assert workers.tolist() == [2, 8]
    assert densities.tolist() == [0.01, 0.1]
    np.testing.assert_array_equal(values, [[1, np.nan], [2, 5]])


def test_points_that_repeat_are_refused():
    with pytest.raises(results.ResultsError, match="the same workers and density"):
        results.grid(pd.concat([points(), points()]), "iteration_s")


def test_cells_of_a_map_hold_their_points():
    figure, axes = plt.subplots()
    mesh = figures.draw_map(axes, points(), "iteration_s", None)
    borders = np.asarray(mesh.get_coordinates())
    assert borders[0, :, 0] == pytest.approx([1, 4, 16])
    assert borders[:, 0, 1] == pytest.approx([0.01 / 10**0.5, 0.1 / 10**0.5, 0.1 * 10**0.5])
    plt.close(figure)


def test_cells_of_a_table_have_their_numbers_from_above():
    figure, axes = plt.subplots()
    table = pd.DataFrame({"a": [1.0, 2.345], "b": [9.996, 0.5]}, index=["x", "y"])
    figures.draw_cells(axes, table, matplotlib.colors.LogNorm(0.1, 10))
    assert {text.get_position(): text.get_text() for text in axes.texts} == {
        (0.5, 0.5): "1.00",
        (1.5, 0.5): "10.0",
        (0.5, 1.5): "2.35",
        (1.5, 1.5): "0.50",
    }
    assert axes.get_ylim() == (2, 0)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "y"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b"]
    plt.close(figure)


def test_a_timeline_has_what_worker_0_does_in_milliseconds():
    spans = [(0, "compute", 0, 0.002), (0, "exchange", 0.001, 0.004), (1, "exchange", 0, 1), (0, "communication", 0, 1)]
    trace = pd.DataFrame(spans, columns=["worker", "activity", "begin_s", "end_s"])
    figure, axes = plt.subplots()
    figures.draw_timeline(axes, trace)
    drawn = [path.get_extents().get_points() for bars in axes.collections for path in bars.get_paths()]
    np.testing.assert_allclose(drawn, [[[1, -0.38], [4, 0.38]], [[0, 0.62], [2, 1.38]]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["exchanges", "device"]
    plt.close(figure)


# Looks


def lightness(colour):
    """What is left of a colour in print: relative luminance by ITU-R BT.709, 0 to 1."""
    return np.dot([0.2126, 0.7152, 0.0722], matplotlib.colors.to_rgb(colour))


@pytest.mark.parametrize(
    "names", [["sgd", "top-k", "gtop-k", "signsgd-mv", "ef-signsgd", "sparse-signsgd"], list(results.PARTS.values())]
)
def test_fills_differ_in_grey(names):
    fills = [figures.fill_of(name) for name in names]
    for i, a in enumerate(fills):
        for b in fills[:i]:
            assert a["hatch"] != b["hatch"] or abs(lightness(a["facecolor"]) - lightness(b["facecolor"])) > 0.2


@pytest.mark.parametrize(
    "names",
    [
        ["sgd", "top-k", "gtop-k", "signsgd-mv", "ef-signsgd", "sparse-signsgd"],
        ["raw32", "bitmap", "delta", "elias-fano"],
        ["sgd", "diloco", "sparseloco", "gtop-k", "streaming-diloco"],
        ["tensor by tensor", "MergeComp's search", "optimal"],
    ]
)
@pytest.mark.parametrize("key", ["marker", "linestyle", "color"])
def test_lines_differ_without_colour(names, key):
    assert len({figures.line_of(name)[key] for name in names}) == len(names)


def test_figures_are_saved_twice_and_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMRUN_FIGURES", str(tmp_path / "new"))
    figures.use_style()
    bytes_of = []
    for _ in range(2):
        figure, axes = plt.subplots()
        axes.plot([1, 2], [3, 4], **figures.line_of("top-k"))
        figures.save(figure, "line")
        plt.close(figure)
        bytes_of.append([(tmp_path / "new" / f"line.{kind}").read_bytes() for kind in ("png", "svg")])
    assert bytes_of[0] == bytes_of[1]
    assert bytes_of[0][0].startswith(b"\x89PNG")
    assert b"<svg" in bytes_of[0][1]


@pytest.mark.parametrize("name", ["sgd", "top-k", "powersgd", "dgc", "qsgd"])
def test_a_method_has_one_colour_in_all_figures(name):
    assert figures.fill_of(name)["facecolor"] == figures.line_of(name)["color"]


def test_settings_of_a_method_differ_without_colour():
    looks = [figures.line_of_setting("powersgd", number) for number in range(5)]
    assert len({look["marker"] for look in looks}) == len({str(look["linestyle"]) for look in looks}) == 5


def test_a_choice_is_drawn_in_the_fill_of_its_name():
    table = points()[2:].assign(best=["top-k", "sgd", "top-k"])
    figure, axes = plt.subplots()
    figures.draw_choice(axes, table, "best")
    drawn = {matplotlib.colors.to_hex(region.get_facecolor()[0]).upper(): region for region in axes.collections}
    figure.canvas.draw()
    boxes = {colour: region.get_paths()[0].get_extents() for colour, region in drawn.items()}
    sgd, top_k = (figures.fill_of(name)["facecolor"] for name in ("sgd", "top-k"))
    assert boxes.keys() == {sgd, top_k}
    # sgd is best at 8 workers and K/N = 0.1 alone.
    assert boxes[sgd].x0 == pytest.approx(4) and boxes[sgd].x1 == pytest.approx(16)
    assert boxes[sgd].y0 == pytest.approx(0.1 / 10**0.5) and boxes[sgd].y1 == pytest.approx(0.1 * 10**0.5)
    assert boxes[top_k].x0 == pytest.approx(1)
    plt.close(figure)
