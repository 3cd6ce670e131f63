#!/usr/bin/env python3
"""Measures single exchanges (ping-pong, ring, incast, outcast) on a star of nine hosts at 100 Mbit/s; see README.md here.

    tests/real_network/exchanges.py PROGRAM > exchanges.csv      PROGRAM: real_network_exchanges
"""

import sys

from cluster import Cluster, Wiring, in_own_namespaces

HOSTS = 9
MBIT = 100


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    in_own_namespaces()
    with Cluster(Wiring(HOSTS, MBIT)) as cluster:
        print(f"ping: {cluster.round_trip():.3g} s there and back", file=sys.stderr)
        sys.exit(cluster.mpirun(HOSTS, [sys.argv[1]]).returncode)


if __name__ == "__main__":
    main()
