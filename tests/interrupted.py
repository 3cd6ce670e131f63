#!/usr/bin/env python3
"""Ends a sweep at random moments, starts it again until it is done, and compares with one that was left alone.

usage: interrupted.py SIMRUN [SEED]
"""

import end_and_go_on

SCENARIO = {
    "workers": 4,
    "model": {"name": "small", "tensors": [{"name": "a", "shape": [10, 20]}, {"name": "b", "shape": [800]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "methods": [{"name": "sgd"}, {"name": "top-k"}, {"name": "gtop-k"}, {"name": "sparse-signsgd"}],
    "sweep": {"workers": [2, 3, 4, 5, 6, 7, 8, 16], "density": [0.01, 0.02, 0.05, 0.1]},
}
POINTS = 8 * (1 + 3 * 4)

if __name__ == "__main__":
    end_and_go_on.main(end_and_go_on.Task(SCENARIO, ["-j", "3"], written=end_and_go_on.lines("points/*.jsonl"),
                                          count=POINTS, done=f"{POINTS} points", results=["points.csv", "report.json"]))
