"""Figures of a run's points, in one call each."""

from collections.abc import Hashable, Sequence

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from simrun import figures, files, folders, results

MEASURES = {"scaling_efficiency": "scaling efficiency (%)", "samples_per_s": "samples/s of the cluster"}

# What of points is drawn or chosen by.
DRAWN = (
    "method workers k density collective iteration_s iteration_low_s iteration_high_s samples_per_s scaling_efficiency"
).split()


def plot_scaling(
    points: pd.DataFrame, value: str = "scaling_efficiency", density: float = 0.001, axes: Axes | None = None
) -> Axes:
    """Draws `value` over the number of workers, a line a method and setting, and the ideal, on which workers neither
    compress nor communicate: scaling_efficiency in %, or samples_per_s of the whole cluster (1/s).

    Each method is shown with the best of its collectives, groupings and hierarchies, at the one of its densities that is
    nearest to `density` (K/N), which the legend names. Bands hold 90 % of medians over iterations, as far as errors are
    known. Without `axes` the figure is one of its own and has a legend below, for which it is made higher; into `axes` of
    yours none is drawn: axes.legend() does.

    Raises ResultsError for another `value`, where there are no points, and where points differ in what is neither an axis, a
    setting of a method nor a way of running it.
    """
    if value not in MEASURES:
        raise results.ResultsError(f"value: {value!r} is not drawn over workers; accepted: {', '.join(MEASURES)}")
    _check_points(points)
    best = _best(points, results.settings_of(points))
    own = axes is None
    axes = axes or plt.subplots(figsize=(6, 3.6), layout="constrained")[1]
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
    _draw_ideal(axes, best, value)
    figures.workers_axis(axes, best["workers"].unique())
    if own:
        axes.set_title(results.title_of(points))
        figures.add_legend(axes.figure, axes.get_legend_handles_labels()[0], handlelength=3)
    return axes


def _draw_ideal(axes: Axes, best: pd.DataFrame, value: str) -> None:
    look = {"color": "#777777", "linewidth": 1, "label": "ideal"}
    if value == "scaling_efficiency":
        axes.axhline(100, **look)
        axes.set_ylim(0, 105)
    else:
        workers = sorted(best["workers"].unique())
        axes.plot(workers, results.ideal_samples_per_s(best, workers), **look)
        axes.set_yscale("log")
        figures.plain_ticks(axes.yaxis)
    axes.set_ylabel(MEASURES[value])


def plot_winners(points: pd.DataFrame, place: int = 1, axes: Axes | None = None) -> Axes:
    """Draws which method is fastest over the number of workers and density (K/N), each method at the best of its
    collectives, groupings and hierarchies. Dots mark where it is not certain: the interval of another method reaches below
    the end of its; the legend says so where there are any. With `place` 2 it is the second fastest, without dots. Without
    `axes` the figure is one of its own and has a legend below; into `axes` of yours none is drawn: axes.legend() does.

    Raises ResultsError where no density was run, for another `place`, and where points differ in what is neither an axis
    nor a way of running a method.
    """
    if place not in (1, 2):
        raise results.ResultsError(f"place: {place!r} is not drawn; accepted: 1, 2")
    _check_points(points)
    best = results.at_all_densities(_best(points))
    if best.empty:
        raise results.ResultsError("no method has a density; a map needs some that do: sweep density")
    own = axes is None
    axes = axes or plt.subplots(figsize=(6, 3.6), layout="constrained")[1]
    rows = results.fastest(best) if place == 1 else results.second_fastest(best)
    figures.draw_choice(axes, rows, "method")
    for name, some in rows.groupby("method", sort=False):
        axes.fill_between([], [], label=figures.name_of(some), **figures.fill_of(str(name)))  # for legends alone
    unsure = results.undecided(best) if place == 1 else rows.head(0)
    if not unsure.empty:
        look = {"linestyle": "", "marker": "o", "markersize": 4.5, "color": "black", "markeredgecolor": "white"}
        axes.plot(unsure["workers"], unsure["density"], **look, label="not certain: intervals overlap")
    what = ("fastest method", "second fastest")[place - 1]
    axes.set_title(what)
    if own:
        axes.set_title(results.title_of(points))
        dots, fills = axes.lines, [region for region in axes.collections if not region.get_label().startswith("_")]
        figures.add_legend(axes.figure, [*fills, *dots], handleheight=1.6, title=what)
    return axes


def plot_timeline(points: pd.DataFrame, row: Hashable | pd.Series = None, axes: Axes | None = None) -> Axes:
    """Draws what worker 0 does in an iteration of a point, in milliseconds: above its device, below its exchanges, each from
    its first message to its result. The points must have been run with trace=True.

    `row` is a label in the index of `points`, as idxmin() gives it, or a row of theirs (default: the first, as they are
    given, sorted or filtered). Without `axes` the figure is one of its own and has a legend below; into `axes` of yours none
    is drawn: axes.legend() does.

    Raises SimrunError where there is no such row or no trace.
    """
    own = axes is None
    _check_points(points)
    place = folders.row_of(points, row)
    trace = files.load_trace(files.attribute(points, "folder"), folders.places_of(points)[place])
    axes = axes or plt.subplots(figsize=(7, 2), layout="constrained")[1]
    figures.draw_timeline(axes, trace)
    axes.set_xlabel("time (ms)")
    axes.set_title(_title_of(points.iloc[place]))
    if own:
        handles = dict(zip(*reversed(axes.get_legend_handles_labels())))
        names = [name for lane in reversed(figures.DEVICE_LANES.values()) for name in lane if name in handles]
        figures.add_legend(axes.figure, [handles[name] for name in names], ncols=len(names), handleheight=1.2)
    return axes


def _title_of(point: pd.Series) -> str:
    """ "top-k, K/N 0.01, 8 workers, 25 MB buckets"."""
    grouping = point.get("grouping", point.get("schedule.grouping"))
    density = f"K/N {point['density']:g}" if pd.notna(point["density"]) else ""
    groups = results.grouping_name(grouping) if isinstance(grouping, str) else ""
    return ", ".join(filter(None, [point["method"], density, f"{point['workers']} workers", groups]))


def _check_points(points: pd.DataFrame) -> None:
    """Raises ResultsError where these are no points of a run."""
    files.attribute(points, "scenario")
    if "test_accuracy" in points or "accuracy" in points:
        raise results.ResultsError("these are rows of a training; accepted: points, as simrun.run returns them")
    if missing := [column for column in DRAWN if column not in points]:
        wanted = "accepted: points, as simrun.run returns them"
        raise results.ResultsError(f"the table has no column {', '.join(missing)}; {wanted}")


def _best(points: pd.DataFrame, settings: Sequence[str] = ()) -> pd.DataFrame:
    """The points as best_of_each has them, if it has not made them yet. Raises ResultsError where it would take the best of
    what is no way of running a method.
    """
    shown = (*results.WAYS, *settings)
    swept = results.attribute(points, "scenario").get("sweep", {})
    keys = dict.fromkeys([*swept, *([] if "way" in points else results.settings_of(points))])
    others = [key for key in keys if key not in shown and key in points and points[key].astype(str).nunique() > 1]
    if others:
        names = ", ".join(others)
        raise results.ResultsError(f"the points differ in {names}, too; choose one value: points[points[{others[0]!r}] == ...]")
    if "way" in points:
        return points
    alike = points.duplicated([key for key in ("method", *shown) if key in points], keep=False)
    if alike.any():
        method = points["method"][alike].iloc[0]
        raise results.ResultsError(f"several points of {method} agree in all that tells points apart; choose one of each")
    return results.best_of_each(points, settings)
