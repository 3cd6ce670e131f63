"""Gives every figure the same look, draws maps over workers and density, and saves figures."""

import os
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import QuadMesh
from matplotlib.colors import Normalize, to_rgb
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure

from simrun import results

# Okabe and Ito's palette (Color Universal Design, 2008): told apart with every kind of colour vision. What a colour
# tells, a marker, a line style or a hatch tells as well, for print in grey. Beyond these eight: Tol's muted and light
# schemes (SRON/EPS/TN/09-002).
BLACK, CHARCOAL = "#000000", "#333333"
ORANGE, SKY, GREEN = "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
WINE, FOREST, TEAL, VIOLET = "#882255", "#117733", "#44AA99", "#AA4499"
INDIGO, SAND, OLIVE, ROSE = "#332288", "#DDCC77", "#999933", "#CC6677"
PALE_BLUE, PEAR = "#77AADD", "#BBCC33"

# Of each method, and of whatever else is a line: colour, marker, dashes, hatch.
LOOKS: dict[str, tuple[str, Any, Any, str]] = {
    "sgd": (CHARCOAL, "o", "-", ""),
    "top-k": (BLUE, "s", "--", "///"),
    "gtop-k": (VERMILLION, "^", "-.", ""),
    "signsgd-mv": (GREEN, "D", ":", "xx"),
    "ef-signsgd": (ORANGE, "P", (0, (1, 1, 3, 1)), "\\\\"),
    "sparse-signsgd": (PURPLE, "v", (0, (6, 1, 1, 1, 1, 1)), ".."),
    "powersgd": (SKY, "X", (0, (4, 2)), "--"),
    "scalecom": (YELLOW, "p", (0, (3, 1, 1, 1)), "++"),
    "rand-k": ("#999999", "*", (0, (1, 2)), "oo"),
    "dgc": (WINE, "<", (0, (8, 2)), "//-"),
    "signsgd": (FOREST, "d", (0, (2, 1)), "||"),
    "signum": (TEAL, "h", (0, (8, 2, 2, 2)), "|.."),
    "onebit": (VIOLET, ">", (0, (5, 1, 5, 3)), "OO"),
    "qsgd": (INDIGO, (4, 1), (0, (3, 3)), "**"),
    "terngrad": (SAND, (3, 1), (0, (6, 2, 3, 2)), "x-"),
    "natural-compression": (OLIVE, "+", (0, (10, 2, 1, 2, 1, 2)), "\\\\|"),
    "chunked-top-k": (ROSE, "1", (0, (4, 2, 1, 2, 4, 2)), "--.."),
    "block-quantization": (PALE_BLUE, "2", (0, (2, 1, 6, 1)), "oo|"),
    "quantized-allreduce": (TEAL, "4", (0, (1, 1, 5, 1, 5, 1)), "++--"),
    "homomorphic": (PEAR, "3", (0, (5, 1, 1, 1)), "xx.."),
    "diloco": (BLUE, "s", (0, (7, 1)), "//"),
    "streaming-diloco": (GREEN, "D", ":", ".."),
    "sparseloco": (ORANGE, "P", "--", "++"),
    "demo": ("#EE3377", "x", (0, (2, 2, 8, 2)), "xx--"),
    "rand-block": ("#555555", "4", (0, (1, 3)), "**.."),
    "sidco": ("#DDAA33", "8", (0, (7, 1, 2, 1)), "\\\\.."),
    "spardl": ("#004488", "H", (0, (9, 1, 1, 1, 1, 1)), "++.."),
    "ok-top-k": ("#BB5566", "h", (0, (3, 1, 3, 1, 1, 1)), "||.."),
    "loco": (WINE, "2", (0, (4, 1, 1, 2)), "--.."),
    "cd-sgd": (SKY, "1", (0, (6, 1, 2, 1)), "//.."),
    "powergossip": ("#225522", "|", (0, (1, 1, 5, 1)), "xx.."),
    "raw32": (BLACK, "o", "-", ""),
    "bitmap": (PURPLE, "v", (0, (6, 1, 1, 1, 1, 1)), ""),
    "delta": (BLUE, "s", "--", ""),
    "elias-fano": (VERMILLION, "^", "-.", ""),
    "tensor by tensor": (VERMILLION, "^", ":", ""),
    "MergeComp's search": (BLUE, "s", "--", ""),
    "optimal": (SKY, "o", "-", ""),
}
WIDE = {"optimal": {"linewidth": 3.5, "markersize": 7.5}}  # as what is drawn upon it often lies there
# Of parts of an iteration and activities: colour, hatch.
PARTS = {
    "compute": (SKY, ""),
    "encode": (ORANGE, "////"),
    "staging": (GREEN, "\\\\"),
    "exposed communication": (BLUE, ""),
    "exchange": (BLUE, ""),
    "decode": (YELLOW, "xxxx"),
}
# What settings of one method after the first have beside its colour: marker, dashes.
SETTINGS: list[tuple[Any, Any]] = [
    ("o", (0, (1, 1.5))), ("s", (0, (6, 2))), ("^", (0, (8, 2, 1, 2))), ("D", (0, (3, 1))), ("v", (0, (1, 1, 4, 1))),
    ("P", "-"), ("*", (0, (10, 3))), ("X", (0, (2, 3))), ("<", (0, (5, 1, 1, 1, 1, 1))),
]  # fmt: skip
COLOURS = "cividis"  # of maps: its lightness rises evenly, so that it reads the same in grey
TWO_SIDED = "PuOr_r"  # of cells around 1: told apart with every kind of colour vision; in grey their numbers tell the side
# Lanes of a timeline from below, and the activities in each.
DEVICE_LANES = {"exchanges": ("exchange",), "device": ("compute", "encode", "staging", "decode")}


def use_style() -> None:
    """Sets fonts, sizes and grids for all figures that follow; call it once at the top of a notebook."""
    mpl.rcParams.update(
        {
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "savefig.dpi": 200,
            "svg.hashsalt": "simrun",
            "font.size": 9,
            "axes.titlesize": 9.5,
            "axes.grid": True,
            "grid.color": "#DDDDDD",
            "grid.linewidth": 0.6,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "lines.linewidth": 1.4,
            "lines.markersize": 4.5,
            "legend.frameon": False,
            "hatch.linewidth": 0.6,
        }
    )


def line_of(name: str) -> dict[str, Any]:
    """Keywords for plot() that draw a method or an index coding the same in all figures; unknown ones are grey."""
    colour, marker, dashes, _ = LOOKS.get(name, ("#777777", "x", "-", ""))
    return {"label": name, "color": colour, "marker": marker, "linestyle": dashes} | WIDE.get(name, {})


def line_of_setting(name: str, number: int) -> dict[str, Any]:
    """As line_of, for the settings of one method: of its colour, from the second on hollow, with other markers and dashes."""
    if number == 0:
        return line_of(name)
    marker, dashes = SETTINGS[(number - 1) % len(SETTINGS)]
    return line_of(name) | {"marker": marker, "linestyle": dashes, "fillstyle": "none"}


def name_of(rows: pd.DataFrame, width: int = 60, density: float | None = None) -> str:
    """The method of rows of results.best_of_each, how it is set, their K/N if it is given as `density`, and how it is run, in
    lines of at most `width` characters.
    """
    ways = results.ways_of(rows)
    kept = "" if density is None else f"K/N {density:g}"
    name = ", ".join(filter(None, [*rows[["method", "setting"]].iloc[0], kept]))
    return "\n".join([name, *textwrap.wrap(ways, width, break_on_hyphens=False)])


def draw_band(axes: Axes, rows: pd.DataFrame, value: str) -> None:
    """Draws what 90 % of medians over iterations have of `value` (see results.interval), in the colour of the rows'
    method; nothing where it is not known.
    """
    low, high = results.interval(rows, value)
    colour = line_of(rows["method"].iloc[0])["color"]
    axes.fill_between(rows["workers"], low, high, color=colour, alpha=0.2, linewidth=0)


def fill_of(name: str) -> dict[str, Any]:
    """Keywords for bars and patches of a method, in the colour of its line, or of a part of an iteration or an activity."""
    colour, *_, hatch = LOOKS.get(name) or PARTS.get(name) or ("#CCCCCC", "++")
    return {"facecolor": colour, "hatch": hatch, "hatchcolor": ink_on(colour), "edgecolor": BLACK, "linewidth": 0.5}


def ink_on(colour: Any) -> str:
    """Black or white, whichever is seen on a colour."""
    red, green, blue = to_rgb(colour)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 else BLACK


def workers_axis(axes: Axes, workers: Iterable[int]) -> None:
    """Makes x the number of workers on a logarithmic scale, marked at powers of two within `workers`."""
    powers = [2**i for i in range(17) if min(workers) <= 2**i <= max(workers)]
    named = powers[:: 1 + len(powers) // 7]  # all of them would touch
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(ticker.FixedLocator(named))
    axes.xaxis.set_minor_locator(ticker.FixedLocator(powers))
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    axes.xaxis.set_major_formatter(ticker.ScalarFormatter())
    axes.set_xlabel("workers M")


class _PlainLocator(ticker.LogLocator):
    """1, 2, 5, 10, ...; powers of ten alone, or every other one, where these are many; a few even steps where less than two
    are in view.
    """

    def tick_values(self, vmin: float, vmax: float) -> Any:
        powers = 10.0 ** np.arange(np.floor(np.log10(vmin)), np.ceil(np.log10(vmax)) + 1)
        for ticks in (np.outer(powers, (1, 2, 5)).ravel(), powers, powers[::2]):
            seen = np.count_nonzero((vmin <= ticks) & (ticks <= vmax))
            if seen <= 7:
                break
        return ticks if seen >= 2 else ticker.MaxNLocator(4, steps=(1, 2, 2.5, 5, 10)).tick_values(vmin, vmax)


def plain_ticks(axis: Axis) -> None:
    """Marks a logarithmic axis (axes.xaxis, axes.yaxis) at 1, 2, 5, 10, ... in plain numbers that do not touch."""
    axis.set_major_locator(_PlainLocator())
    axis.set_minor_locator(ticker.NullLocator())
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.6g}"))


def draw_map(axes: Axes, table: pd.DataFrame, value: str, norm: Normalize | None) -> QuadMesh:
    """Draws `value` over workers and density as a map of cells, both axes logarithmic; returns the mesh."""
    workers, densities, values = results.grid(table, value)
    mesh = axes.pcolormesh(_edges(workers), _edges(densities), values, norm=norm, cmap=COLOURS, rasterized=True)
    _map_axes(axes, workers)
    return mesh


def draw_level(axes: Axes, table: pd.DataFrame, value: str, level: float, **looks: Any) -> QuadContourSet:
    """Draws the line where `value` over workers and density equals `level`, as on draw_map."""
    looks = {"colors": "white", "linewidths": 1.6} | looks
    return axes.contour(*results.grid(table, value), levels=[level], **looks)


def draw_choice(axes: Axes, table: pd.DataFrame, value: str) -> None:
    """Draws which name `value` has over workers and density, each name in its fill, on the axes of draw_map."""
    workers, densities, names = results.grid(table, value)
    # Each cell has a point at each of its corners, so that a region is one path and its hatch has no seams.
    x, y = (np.repeat(_edges(centres), 2)[1:-1] for centres in (workers, densities))
    corners = names.repeat(2, axis=0).repeat(2, axis=1)
    for name in sorted(set(names[pd.notna(names)])):
        fill = fill_of(name)
        inside = (corners == name).astype(float)
        region = axes.contourf(x, y, inside, levels=[0.5, 1.5], colors=[fill["facecolor"]], hatches=[fill["hatch"]])
        region.set_hatchcolor(fill["hatchcolor"])
    _map_axes(axes, workers)
    if len(densities) == 1:
        axes.set_yticks(densities, [f"{densities[0]:g}"])
        axes.yaxis.set_minor_locator(ticker.NullLocator())


def draw_cells(axes: Axes, table: pd.DataFrame, norm: Normalize, colours: str = COLOURS) -> None:
    """Draws the DataFrame `table` as cells, each with its number, rows from above by index, columns by name."""
    mesh = axes.pcolormesh(table.to_numpy(), norm=norm, cmap=colours, edgecolors="white", linewidth=1.5, rasterized=True)
    for (row, column), value in np.ndenumerate(table.to_numpy()):
        text = f"{value:.2f}" if value < 9.995 else f"{value:.1f}"
        look = {"color": ink_on(mesh.cmap(norm(value))), "fontsize": 8, "ha": "center", "va": "center_baseline"}
        axes.text(column + 0.5, row + 0.5, text, **look)
    axes.set_xticks(np.arange(len(table.columns)) + 0.5, table.columns)
    axes.set_yticks(np.arange(len(table)) + 0.5, table.index)
    axes.tick_params(length=0)
    axes.set_ylim(len(table), 0)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def draw_timeline(axes: Axes, trace: pd.DataFrame, lanes: Mapping[str, Sequence[str]] = DEVICE_LANES) -> None:
    """Draws what worker 0 does in a trace of results.load_trace, in milliseconds: a lane for each entry of `lanes`, from
    below.
    """
    for lane, activities in enumerate(lanes.values()):
        for activity in activities:
            spans = trace[(trace["worker"] == 0) & (trace["activity"] == activity)]
            begin, length = 1e3 * spans["begin_s"], 1e3 * (spans["end_s"] - spans["begin_s"])
            look = fill_of(activity)
            # A white edge tells long spans apart, but would hide short ones.
            edges = ["white" if wide else look["facecolor"] for wide in length > 1.5]
            look |= {"edgecolor": edges, "linewidth": 0.3, "label": activity if spans.size else ""}
            axes.broken_barh(list(zip(begin, length)), (lane - 0.38, 0.76), **look)
    axes.set(ylim=(-0.6, len(lanes) - 0.4), yticks=range(len(lanes)), yticklabels=lanes)
    axes.grid(axis="y", visible=False)


def _map_axes(axes: Axes, workers: Iterable[int]) -> None:
    axes.set_yscale("log")
    workers_axis(axes, workers)
    axes.set_ylabel("density K/N")
    axes.grid(False)


def _edges(centres: Iterable[float]) -> np.ndarray:
    """Borders of cells around `centres`, half-way between them on a logarithmic scale; shape (n + 1,)."""
    logs = np.log(np.asarray(centres, float))
    if len(logs) == 1:
        return np.exp([logs[0] - 0.5, logs[0] + 0.5])
    middle = (logs[1:] + logs[:-1]) / 2
    return np.exp(np.concatenate([[2 * logs[0] - middle[0]], middle, [2 * logs[-1] - middle[-1]]]))


def add_legend(figure: Figure, handles: Sequence[Any], ncols: int = 2, **looks: Any) -> None:
    """Puts a legend below the axes, in at most `ncols` columns that fit, and makes the figure so much higher, and wider if one
    column does not fit, that all of it is seen and axes keep their size.
    """
    for columns in range(ncols, 0, -1):
        legend = figure.legend(handles=handles, loc="outside lower center", ncols=columns, **looks)
        box = legend.get_window_extent()
        if columns == 1 or box.width <= figure.bbox.width:
            break
        legend.remove()
    width, height = figure.get_size_inches()
    figure.set_size_inches(max(width, box.width / figure.dpi), height + box.height / figure.dpi)


def save(figure: Figure, name: str) -> None:
    """Writes `figure` as NAME.png and NAME.svg to $SIMRUN_FIGURES, or figures/ beside results: the same bytes each time."""
    folder = Path(os.environ.get("SIMRUN_FIGURES") or results.folder_of("figures"))
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
