"""Figures of a run's points, in one call each."""

from collections.abc import Sequence

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from simrun import figures, results

MEASURES = {"scaling_efficiency": "scaling efficiency (%)", "samples_per_s": "samples/s of the cluster"}


def plot_scaling(
    points: pd.DataFrame, value: str = "scaling_efficiency", density: float = 0.001, axes: Axes | None = None
) -> Axes:
    """Draws `value` over the number of workers, a line a method and setting, and the ideal, on which workers neither compress nor
    communicate: scaling_efficiency in %, or samples_per_s of the whole cluster (1/s).

    Each method is shown with the best of its collectives and groupings, at the one of its densities that is nearest to
    `density` (K/N), which the legend names. Bands hold 90 % of medians over iterations, as far as errors are known.
    Without `axes` the figure is one of its own and has a legend.

    Raises ResultsError for another `value`, and where points differ in what is neither an axis nor a way of running a method.
    """
    if value not in MEASURES:
        raise results.ResultsError(f"value: {value!r} is not drawn over workers; accepted: {', '.join(MEASURES)}")
    best = _best(points, results.settings_of(points))
    own = axes is None
    axes = axes or plt.subplots(figsize=(6, 4.4), layout="constrained")[1]
    numbers = {method: list(dict.fromkeys(rows["setting"])) for method, rows in best.groupby("method", sort=False)}
    for (method, setting), rows in best.groupby(["method", "setting"], sort=False):
        kept = None
        if rows["density"].notna().any():
            kept = results.nearest(rows["density"], density)
            rows = rows[rows["density"] == kept]
        shown = rows.sort_values("workers")
        if value == "scaling_efficiency":
            shown = shown.assign(scaling_efficiency=100 * shown["scaling_efficiency"])
        look = figures.line_of_setting(str(method), numbers[method].index(setting))
        axes.plot(shown["workers"], shown[value], **look | {"label": figures.name_of(shown, density=kept)})
        figures.draw_band(axes, shown, value)
    workers = sorted(best["workers"].unique())
    if value == "scaling_efficiency":
        axes.axhline(100, color="#777777", linewidth=1, label="ideal")
        axes.set_ylim(0, 105)
    else:
        axes.plot(workers, results.ideal_samples_per_s(best, workers), color="#777777", linewidth=1, label="ideal")
        axes.set_yscale("log")
        figures.plain_ticks(axes.yaxis)
    axes.set_ylabel(MEASURES[value])
    figures.workers_axis(axes, workers)
    if own:
        axes.set_title(results.title_of(points))
        axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, handlelength=3)
    return axes


def plot_winners(points: pd.DataFrame, place: int = 1, axes: Axes | None = None) -> Axes:
    """Draws which method is fastest over the number of workers and density (K/N), each method at the best of its
    collectives and groupings. Dots mark where it is not certain: the interval of another method reaches below the end of
    its; the legend says so where there are any. With `place` 2 it is the second fastest, without dots. Without `axes` the
    figure is one of its own and has a legend.

    Raises ResultsError where no density was run, for another `place`, and where plot_scaling does.
    """
    if place not in (1, 2):
        raise results.ResultsError(f"place: {place!r} is not drawn; accepted: 1, 2")
    best = results.at_all_densities(_best(points))
    if best.empty:
        raise results.ResultsError("no method has a density; a map needs some that do: sweep density")
    own = axes is None
    axes = axes or plt.subplots(figsize=(6, 4.6), layout="constrained")[1]
    rows = results.fastest(best) if place == 1 else results.second_fastest(best)
    figures.draw_choice(axes, rows, "method")
    unsure = results.undecided(best) if place == 1 else rows.head(0)
    look = {"linestyle": "", "marker": ".", "color": "black", "label": "not certain: intervals overlap"}
    dots = [] if unsure.empty else axes.plot(unsure["workers"], unsure["density"], **look)
    what = ("fastest method", "second fastest")[place - 1]
    axes.set_title(what)
    if own:
        methods = rows.groupby("method", sort=False)
        fills = [Patch(label=figures.name_of(some), **figures.fill_of(str(name))) for name, some in methods]
        axes.set_title(results.title_of(points))
        axes.figure.legend(handles=fills + dots, loc="outside lower center", ncols=2, handleheight=1.6, title=what)
    return axes


def plot_timeline(points: pd.DataFrame, row: int = 0, axes: Axes | None = None) -> Axes:
    """Draws what worker 0 does in an iteration of the point of index `row`, in milliseconds: above its device, below its
    exchanges, each from its first message to its result. The points must have been run with `trace`. Without `axes` the
    figure is one of its own and has a legend.

    Raises ResultsError where there is no trace.
    """
    own = axes is None
    trace = results.load_trace(results.attribute(points, "folder"), row)
    axes = axes or plt.subplots(figsize=(7, 2.4), layout="constrained")[1]
    figures.draw_timeline(axes, trace)
    axes.set_xlabel("time (ms)")
    point = points.loc[row]
    axes.set_title(f"{point['method']}, {point['workers']} workers")
    if own:
        shown = [name for lane in reversed(figures.DEVICE_LANES.values()) for name in lane if name in set(trace["activity"])]
        fills = [Patch(label=name, **figures.fill_of(name)) for name in shown]
        axes.figure.legend(handles=fills, loc="outside lower center", ncols=len(fills), handleheight=1.2)
    return axes


def _best(points: pd.DataFrame, settings: Sequence[str] = ()) -> pd.DataFrame:
    """The points as best_of_each has them, if it has not made them yet. Raises ResultsError where it would take the best of
    what is no way of running a method.
    """
    swept = results.attribute(points, "scenario").get("sweep", {})
    shown = (*results.WAYS, *settings)
    others = [key for key in swept if key not in shown and key in points and points[key].astype(str).nunique() > 1]
    if others:
        keys = ", ".join(others)
        raise results.ResultsError(f"the points differ in {keys}, too; choose one value: points[points[{others[0]!r}] == ...]")
    return points if "way" in points else results.best_of_each(points, settings)
