#!/usr/bin/env python3
"""Runs an MPI program with one process on each host of a cluster that lives in network namespaces of this machine.

    tests/real_network/run.py --hosts 4 -- build/check/sim/simrun measure scenarios/my_scenario.json

Exit status: mpirun's; 77: skipped, with the reason.
"""

import argparse
import sys

from cluster import Cluster, Wiring, in_own_namespaces


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, required=True, help="how many, 1 to 250")
    parser.add_argument("--mbit", type=int, default=100, help="rate of each link, each way, in Mbit/s (default: 100)")
    parser.add_argument("--hosts-per-switch", type=int, default=0, metavar="N",
                        help="switches of N hosts, each joined to a core by an uplink (default: one switch)")
    parser.add_argument("command", nargs="+", help="the program with its arguments, after --")
    arguments = parser.parse_args()
    if not 1 <= arguments.hosts <= 250 or arguments.mbit < 1 or arguments.hosts_per_switch < 0:
        parser.error("--hosts is 1 to 250, --mbit at least 1, --hosts-per-switch at least 0")
    in_own_namespaces()
    with Cluster(Wiring(arguments.hosts, arguments.mbit, arguments.hosts_per_switch)) as cluster:
        print(f"{cluster.wiring}, ping {cluster.round_trip() * 1e6:.0f} us there and back", file=sys.stderr)
        status = cluster.mpirun(arguments.hosts, arguments.command).returncode
    sys.exit(status)


if __name__ == "__main__":
    main()
