#!/usr/bin/env python3
"""Prints how the processor time to simulate one iteration grows with the number of workers M.

Usage: bench/growth.py PROGRAM [--most M] [--limit SECONDS] [--model ideal|ethernet-tcp] [--only WORD]

Every way of exchanging is simulated at M = 2^k and 2^k + 1, once each, from nothing but the payloads that the
cache has, until a run takes longer than the limit on the wall's clock. Columns: seconds of processor time, which
other work disturbs less, and MB of memory at their peak (of the program and its child, the larger), and the
exponent between the last two powers of two of at least 0.2 s.
"""

import argparse
import json
import math
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

# One method for each way of combining, and the collectives that can do it; then methods of several rounds, and of
# collectives or steps of their own.
WAYS = [
    ({"name": "sgd"}, ["ring", "halving-doubling", "tree"]),
    ({"name": "top-k", "density": 0.001}, ["allgather-ring", "allgather-doubling"]),
    ({"name": "gtop-k", "density": 0.001}, ["tree"]),
    ({"name": "signsgd-mv"}, ["parameter-server", "sharded-parameter-server"]),
    ({"name": "sparse-signsgd", "density": 0.001}, ["parameter-server", "sharded-parameter-server"]),
    ({"name": "powersgd"}, ["ring"]),
    ({"name": "scalecom", "density": 0.001}, ["ring"]),
    ({"name": "quantized-allreduce"}, ["ring"]),
    ({"name": "homomorphic", "density": 0.001}, ["ring"]),
    ({"name": "onebit", "two_way": True}, ["parameter-server"]),
    ({"name": "loco"}, ["sharded-parameter-server"]),
    ({"name": "spardl", "density": 0.001}, ["sparse-halving"]),
    ({"name": "ok-top-k", "density": 0.001}, ["balanced-split"]),
    ({"name": "diloco"}, ["ring"]),
    ({"name": "sparseloco"}, ["allgather-ring"]),
    ({"name": "demo"}, ["allgather-ring"]),
    ({"name": "cd-sgd"}, ["sharded-parameter-server"]),
    ({"name": "powergossip"}, ["gossip"]),
]


def scenario(method, collective, workers, model):
    return {
        "name": "growth",
        "workers": workers,
        "model": {"name": "1m", "tensors": [{"name": "all", "shape": [1_000_000]}]},
        "batch_per_worker": 8,
        "compute": {"forward": "1 ms", "backward": "2 ms", "update": "0 s"},
        "device": "p102-100",
        "network": {"topology": "star", "bandwidth": "1 Gbps", "latency": "50 us", "model": model},
        "methods": [{**method, "collective": collective, "grouping": "model"}],
    }


def run(program, text, limit):
    """Seconds of processor time and MB, or None beyond the limit; raises where the program fails."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "growth.json")
        file.write_text(json.dumps(text))
        command = ["/usr/bin/env", "time", "-f", "%U %S %M", program, str(file), "--out", folder + "/out"]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                 start_new_session=True)
        try:
            _, printed = child.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            return None
        finally:  # also where this script is ended: nothing may go on and disturb what is measured next
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGINT)
                child.communicate()
        if child.returncode != 0:
            raise RuntimeError(printed.strip())
        user, kernel, kib = printed.split()[-3:]
        return float(user) + float(kernel), int(kib) / 1024


def exponent(times):
    """Between the last two powers of two that took long enough to tell."""
    known = [(m, t) for m, t in sorted(times.items()) if m & (m - 1) == 0 and t >= 0.2]
    if len(known) < 2:
        return None
    (m, s), (n, t) = known[-2:]
    return math.log(t / s) / math.log(n / m)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--most", type=int, default=65536, help="the largest M (65536)")
    parser.add_argument("--limit", type=float, default=60, help="seconds after which a way is left (60)")
    parser.add_argument("--model", default="ethernet-tcp", help="the network's model (ethernet-tcp)")
    parser.add_argument("--only", default="", help="ways whose name has this word")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for method, collectives in WAYS:
        for collective in collectives:
            name = f"{method['name']}, {collective}"
            if options.only not in name:
                continue
            times = {}
            line = []
            for power in range(6, 17, 2):
                for workers in (2**power, 2**power + 1):
                    if workers > options.most:
                        break
                    try:
                        found = run(options.program, scenario(method, collective, workers, options.model), options.limit)
                    except RuntimeError as error:
                        line.append(f"M {workers}: {str(error).splitlines()[0][:120]}")
                        continue
                    if found is None:
                        line.append(f"M {workers}: > {options.limit:g} s")
                        break
                    times[workers] = found[0]
                    line.append(f"M {workers}: {found[0]:.2f} s {found[1]:.0f} MB")
                else:
                    continue
                break
            grows = exponent(times)
            print(f"{name}: " + "; ".join(line) + (f"; exponent {grows:.2f}" if grows is not None else ""), flush=True)


if __name__ == "__main__":
    main()
