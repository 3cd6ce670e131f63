"""simrun in Python: simulates distributed training with gradient compression, and draws what comes out.

    import simrun
    points = simrun.run("scenarios/32gpu_1gbe.json", sweep={"workers": [4, 8, 16, 32]})
    simrun.plot_scaling(points)

Times are in seconds, sizes in bytes. `results`, `curves` and `figures` have what notebooks derive and draw besides.
"""

from simrun.errors import ResultsError, SimrunError
from simrun.folders import load
from simrun.plots import plot_scaling, plot_timeline, plot_winners
from simrun.program import compare, explain, plan, run, train
from simrun.results import beside, coverage

__all__ = [
    "ResultsError", "SimrunError", "beside", "compare", "coverage", "explain", "load", "plan", "plot_scaling",
    "plot_timeline", "plot_winners", "run", "train",
]  # fmt: skip
