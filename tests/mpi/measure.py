#!/usr/bin/env python3
"""`simrun measure` on real processes of this machine: what it writes and refuses. No time is compared with any other.

    tests/mpi/measure.py SIMRUN [MPIRUN]   without MPIRUN: simrun was built without MPI

Exit status 77: skipped, with the reason.
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

ENVIRONMENT = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
PATIENCE = 300  # seconds after which a run counts as hanging

SCENARIO = {
    "workers": 3,
    "model": {"name": "small", "tensors": [{"name": "a", "shape": [300]}, {"name": "b", "shape": [100, 100]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "1 ms", "backward": "2 ms"},
    "device": "p102-100",
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "methods": [
        {"name": "sgd", "collective": collective} for collective in ("ring", "halving-doubling", "tree")
    ] + [
        {"name": "top-k", "density": 0.01, "index": "delta"},
        {"name": "top-k", "density": 0.01, "collective": "allgather-doubling"},
        {"name": "gtop-k", "density": 0.01},
        {"name": "signsgd-mv"},
        {"name": "signsgd-mv", "server": "rank0"},
        {"name": "powersgd", "rank": 2},
        {"name": "scalecom", "density": 0.01},
        {"name": "rand-k", "density": 0.01, "collective": "tree"},
        {"name": "sidco", "density": 0.01},
        {"name": "spardl", "density": 0.01},
        {"name": "ok-top-k", "density": 0.01},
        {"name": "loco"},
        {"name": "top-k", "density": 0.01, "two_way": True},
        {"name": "sparse-signsgd", "density": 0.01},
        {"name": "sparse-signsgd", "density": 0.01, "collective": "sharded-parameter-server"},
    ],
}
SIZES = ["payload_bytes", "result_bytes", "sent_bytes", "received_bytes"]
PARTS = ["compute_s", "encode_s", "communication_s", "decode_s"]


def scenario(**changes):
    return json.dumps(SCENARIO | changes)


class Measure(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def write(self, text):
        (self.folder / "s.json").write_text(text)

    def start(self, *command):
        return subprocess.Popen(command, cwd=self.folder, env=ENVIRONMENT, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    def finish(self, process):
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, out, err

    def measure(self, ranks, *arguments):
        return self.finish(self.start(MPIRUN, "--quiet", "--oversubscribe", "-np", str(ranks), SIMRUN, "measure",
                                      *arguments))

    def rows(self, folder):
        with open(self.folder / folder / "points.csv", newline="") as file:
            return list(csv.DictReader(file))

    def assert_refused(self, ended, *parts):
        status, out, err = ended
        self.assertEqual((status, out), (2, ""), err)
        self.assertEqual(len(err.splitlines()), 1, err)
        for part in parts:
            self.assertIn(part, err)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name != "s.json"], [])

    def assert_sizes_as_simulated(self, text, ranks=4):
        self.write(text)
        status, _, err = self.finish(self.start(SIMRUN, "s.json", "-o", "simulated"))
        self.assertEqual(status, 0, err)
        status, out, err = self.measure(ranks, "s.json", "--iterations", "4", "--warmup", "1", "-o", "measured")
        self.assertEqual(status, 0, err)
        self.assertIn(f"measured: {ranks} ranks on 1 host", out)
        simulated, measured = self.rows("simulated"), self.rows("measured")
        self.assertEqual(list(measured[0]), list(simulated[0]))
        for one, other in zip(simulated, measured, strict=True):
            self.assertEqual((one["source"], other["source"]), ("simulated", "measured"))
            for column in ("method", "collective", "workers"):
                self.assertEqual(one[column], other[column])
            for column in SIZES:  # means over local steps are rounded
                self.assertAlmostEqual(float(one[column]), float(other[column]),
                                       msg=(one["method"], one["collective"], column))

    def test_sizes_are_those_of_the_simulation(self):
        for schedule in ({"grouping": "model"}, {"grouping": "tensor"}, {"metadata": "apart"}):
            with self.subTest(schedule):
                self.assert_sizes_as_simulated(scenario(schedule=schedule))

    def test_sizes_are_those_of_the_simulation_where_gpus_of_a_host_exchange_together(self):
        network = SCENARIO["network"] | {"gpus_per_host": 2, "intra_host": {"kind": "nvlink", "bandwidth": "10 GB/s",
                                                                            "latency": "5 us"}}
        methods = [{"name": "sgd"}, {"name": "top-k", "density": 0.01, "index": "delta"},
                   {"name": "gtop-k", "density": 0.01}, {"name": "signsgd-mv", "server": "rank0"},
                   {"name": "scalecom", "density": 0.01},
                   {"name": "sparse-signsgd", "density": 0.01, "collective": "sharded-parameter-server"}]
        for decode in ("as-ready", "after-backward"):
            with self.subTest(decode):
                self.assert_sizes_as_simulated(scenario(
                    workers=4, network=network, methods=methods, sweep={"hierarchy": ["shard", "leader"]},
                    schedule={"grouping": "tensor", "decode": decode}))
        with self.subTest("a server on a host of its own"):
            self.assert_sizes_as_simulated(scenario(
                workers=4, network=network, methods=[{"name": "signsgd-mv"}, {"name": "sgd"}],
                sweep={"hierarchy": ["shard", "leader"]}, schedule={"grouping": "tensor"}), ranks=5)

    def test_local_steps_take_their_time_and_sizes_are_those_of_the_simulation(self):
        methods = [{"name": "diloco"}, {"name": "sparseloco"}, {"name": "demo", "local_steps": 3},
                   {"name": "powergossip"}, {"name": "powergossip", "graph": {"edges": [[0, 1], [2, 0]]}},
                   {"name": "streaming-diloco", "fragments": 2, "delay": 2}, {"name": "cd-sgd", "full_every": 2},
                   {"name": "top-k", "density": 0.01, "two_way": True, "local_steps": 7}]
        self.assert_sizes_as_simulated(scenario(methods=methods))
        for one, other in zip(self.rows("simulated"), self.rows("measured"), strict=True):
            if other["delay"] == "0":  # else computing of one iteration reaches into the next
                self.assertAlmostEqual(float(one["compute_s"]), float(other["compute_s"]), msg=one["method"])
            self.assertGreaterEqual(float(other["iteration_s"]), float(other["compute_s"]))
            self.assertGreater(float(other["exchange_s"]), 0, one["method"])
            self.assertEqual(one["local_steps"], other["local_steps"])

    def test_times_add_up_and_are_no_shorter_than_computing(self):
        self.write(scenario())
        status, _, err = self.measure(4, "s.json", "--iterations", "5", "--warmup", "2")
        self.assertEqual(status, 0, err)
        for row in self.rows("results/s-measured"):
            iteration = float(row["iteration_s"])
            self.assertAlmostEqual(sum(float(row[part]) for part in PARTS), iteration)
            self.assertAlmostEqual(float(row["compute_s"]), 0.003)
            self.assertLessEqual(float(row["iteration_low_s"]), float(row["iteration_high_s"]))
            self.assertEqual(row["network_model"], "")
        report = json.loads((self.folder / "results/s-measured/report.json").read_text())
        self.assertEqual({key: report["measurement"][key] for key in ("iterations", "warmup")},
                         {"iterations": 5, "warmup": 2})
        self.assertEqual(len(report["measurement"]["hosts"]), 4)

    def test_points_that_do_not_fit_are_left_out(self):
        methods = [{"name": "sgd"}, {"name": "signsgd-mv"}]
        self.write(scenario(methods=methods, sweep={"workers": [1, 2, 4, 8]}))
        status, _, err = self.measure(4, "s.json", "--iterations", "2", "--warmup", "1", "-o", "r")
        self.assertEqual(status, 0, err)
        self.assertEqual([(row["method"], row["workers"]) for row in self.rows("r")],
                         [(method, workers) for workers in "124" for method in ("sgd", "signsgd-mv")
                          if (method, workers) != ("signsgd-mv", "4")])
        for row in self.rows("r"):
            self.assertEqual(row["speedup_over_sgd"] == "1", row["method"] == "sgd")
        for left_out in ("signsgd-mv, 4 workers and the server: 5 ranks", "sgd, 8 workers: 8 ranks",
                         "signsgd-mv, 8 workers and the server: 9 ranks"):
            self.assertIn(f"note: left out, there are 4 ranks: {left_out}\n", err)

    def test_the_number_of_ranks_must_fit(self):
        self.write(scenario())
        self.assert_refused(self.measure(3, "s.json"), "there are 3 ranks", "3 workers and the server: 4 ranks",
                            "accepted: mpirun -np 4")
        self.assert_refused(self.measure(5, "s.json"), "there are 5 ranks", "accepted: mpirun -np 4")

    def test_mistakes_give_one_line(self):
        self.write(scenario(workers=0))
        self.assert_refused(self.measure(3, "s.json"), "s.json: workers: ")
        self.assert_refused(self.measure(3, "none.json"), "none.json: ")
        self.assert_refused(self.measure(3, "s.json", "--iterations", "0"), "--iterations: is 0")
        self.assert_refused(self.measure(3, "s.json", "--unknown"), "--unknown")
        self.assert_refused(self.finish(self.start(MPIRUN, "--quiet", "--oversubscribe", "-np", "3", SIMRUN, "--fresh",
                                                   "measure", "s.json")), "--fresh: does not go with measure")
        self.write(scenario())
        self.assert_refused(self.finish(self.start(SIMRUN, "measure", "s.json")), "mpirun did not start this")

    def test_gradients_that_cannot_be_encoded(self):
        self.write(scenario(gradients={"source": "npy", "files": ["none.npy"]}))
        self.assert_refused(self.measure(4, "s.json"), "gradients.files.0")

    def test_the_death_of_a_rank_ends_all(self):
        self.write(scenario(methods=[{"name": "sgd"}]))
        process = self.start(MPIRUN, "--oversubscribe", "-np", "3", SIMRUN, "measure", "s.json", "--iterations",
                             "1000000", "-o", "r")
        killed = self.wait_for_rank(process, lambda: (self.folder / "r").is_dir())
        os.kill(killed, signal.SIGKILL)
        status, _, _ = self.finish(process)
        self.assertNotEqual(status, 0)
        self.assertFalse((self.folder / "r/points.csv").exists())

    def test_results_that_cannot_be_written_end_all_ranks(self):
        self.write(scenario(methods=[{"name": "sgd"}]))
        self.assert_refused(self.measure(3, "s.json", "-o", "/proc/none"), "--out: the folder /proc/none cannot be made")
        (self.folder / "r/points.csv/in_the_way").mkdir(parents=True)
        status, out, err = self.measure(3, "s.json", "-o", "r", "--iterations", "1", "--warmup", "1")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("simrun: rank 0: ", err)

    def wait_for_rank(self, process, is_ready):
        """The process id of one of the ranks, once they are at work."""
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.poll() is None:
            ranks = [pid for pid in children.read_text().split()
                     if Path(f"/proc/{pid}/comm").read_text().strip() == "simrun"]
            if is_ready() and len(ranks) == 3:
                return int(ranks[-1])
            time.sleep(0.05)
        self.fail("mpirun has ended by itself: " + process.communicate()[1])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        print("skipped: built without MPI (Debian: libopenmpi-dev openmpi-bin)")
        sys.exit(77)
    SIMRUN, MPIRUN = os.path.abspath(sys.argv[1]), sys.argv[2]
    unittest.main(argv=sys.argv[:1])
