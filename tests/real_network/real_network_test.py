#!/usr/bin/env python3
"""The cluster of network namespaces: what `simrun measure` writes there, and that nothing of it is left behind.

    tests/real_network/real_network_test.py SIMRUN [MPIRUN]   without MPIRUN: simrun was built without MPI

Times are compared with one law alone: no message is faster than its link. Exit status 77: skipped, with the reason.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUN = [sys.executable, str(HERE / "run.py")]
PATIENCE = 120  # seconds after which a run counts as hanging
BURST = 6152  # bytes that a shaper lets pass at once: BURST of cluster.py
MBIT = 50
SCENARIO = {
    "workers": 3,
    "model": {"name": "one tensor", "tensors": [{"name": "all", "shape": [100_000]}]},
    "batch_per_worker": 1,
    "compute": {"forward": "0 s", "backward": "1 ms"},
    "device": "p102-100",
    "network": {"bandwidth": f"{MBIT} Mbps", "latency": "30 us"},
    "methods": [{"name": "sgd"}, {"name": "gtop-k", "density": 0.01}, {"name": "signsgd-mv", "server": "rank0"}],
}
SIZES = ["payload_bytes", "result_bytes", "sent_bytes", "received_bytes"]


def in_use(namespaces):
    """Those of the network namespaces ("net:[number]") that some process is in."""
    used = set()
    for link in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            used.add(os.readlink(link))
        except OSError:
            pass  # has ended
    return namespaces & used


def named_namespaces():
    return set(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else set()


class RealNetwork(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def finish(self, *command, **environment):
        return subprocess.run(command, cwd=self.folder, env=os.environ | environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)

    def rows(self, folder):
        with open(self.folder / folder / "points.csv", newline="") as file:
            return list(csv.DictReader(file))

    def test_sizes_are_simulated_ones_and_times_not_below_the_links(self):
        (self.folder / "s.json").write_text(json.dumps(SCENARIO))
        ended = self.finish(SIMRUN, "s.json", "-o", "simulated")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        simulated = self.rows("simulated")
        for wiring in ([], ["--hosts-per-switch", "2"]):
            ended = self.finish(*RUN, "--hosts", "3", "--mbit", str(MBIT), *wiring, "--", SIMRUN, "measure", "s.json",
                                "--iterations", "3", "--warmup", "1", "-o", "measured")
            self.assertEqual(ended.returncode, 0, ended.stderr)
            self.assertIn("measured: 3 ranks on 3 hosts", ended.stdout)
            for one, other in zip(simulated, self.rows("measured"), strict=True):
                self.assertEqual(other["source"], "measured")
                for column in ("method", "collective", *SIZES):
                    self.assertEqual(one[column], other[column], (one["method"], column))
                # Of an iteration's bytes each link lets at most the burst pass at once, on this path and on one more.
                least = (int(other["sent_bytes"]) - 2 * BURST) * 8 / (MBIT * 1e6)
                self.assertGreater(float(other["iteration_s"]), least)

    def start(self):
        """A run that does not end by itself, and the network namespaces of its three hosts."""
        process = subprocess.Popen([*RUN, "--hosts", "3", "--", "sh", "-c", "readlink /proc/self/ns/net; sleep 1000"],
                                   cwd=self.folder, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        namespaces = {process.stdout.readline().strip() for _ in range(3)}
        self.assertEqual(len(namespaces), 3)
        self.assertEqual(in_use(namespaces), namespaces)
        return process, namespaces

    def test_nothing_is_left_however_a_run_ends(self):
        named = named_namespaces()
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(ending.name):
                process, namespaces = self.start()
                process.send_signal(ending)
                self.assertNotEqual(process.wait(PATIENCE), 0)
                end = time.monotonic() + PATIENCE
                while in_use(namespaces) and time.monotonic() < end:
                    time.sleep(0.05)
                self.assertEqual(in_use(namespaces), set())
        self.assertEqual(named_namespaces(), named)

    def test_it_is_skipped_where_it_cannot_be_had(self):
        ended = self.finish(*RUN, "--hosts", "2", "--", "true", PATH="/nowhere")
        self.assertEqual(ended.returncode, 77)
        self.assertIn("skipped: not installed: unshare", ended.stdout)


def skip_where_it_cannot_be_had():
    ended = subprocess.run([*RUN, "--hosts", "1", "--", "true"], text=True, stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=PATIENCE)
    if ended.returncode == 77:
        print(ended.stdout, end="")
        sys.exit(77)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        print("skipped: built without MPI (Debian: libopenmpi-dev openmpi-bin)")
        sys.exit(77)
    SIMRUN = os.path.abspath(sys.argv[1])
    skip_where_it_cannot_be_had()
    unittest.main(argv=sys.argv[:1])
