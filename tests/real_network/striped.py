#!/usr/bin/env python3
"""Times the all-reduces of nccl_tcp_l40s_2026.json, sent as NCCL sends them, between hosts of this machine.

    tests/real_network/striped.py build/check/tests/real_network_striped_ring --mbit 200

Hosts are network namespaces on one bridge, with MTU 9001 and a token bucket of 32,768 bytes on their way out, as on the
published hosts. Only rates that the processors can carry mean anything. Exit status 77: skipped, with the reason.
"""

import argparse
import json
import math
import subprocess
from pathlib import Path

from cluster import in_namespace, in_own_namespaces, ip, run

SCENARIO = Path(__file__).resolve().parent / "nccl_tcp_l40s_2026.json"
MTU = 9001
BURST = 32_768
PREFIX = "10.1.0."


def add_host(rank, mbit, queue):
    name = f"host{rank}"
    run("ip", "netns", "add", name)
    ip(name, "link set lo up")
    ip("network", f"link add name port{rank} mtu {MTU} type veth peer name eth0 mtu {MTU} netns {name}")
    ip("network", f"link set port{rank} master switch up")
    ip(name, f"address add {PREFIX}{rank + 1}/24 dev eth0")
    ip(name, "link set eth0 up")
    shaper = f"tbf rate {mbit}mbit burst {BURST} latency {queue}"
    run("tc", "-n", name, "qdisc", "add", "dev", "eth0", "root", *shaper.split())
    return name


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="real_network_striped_ring")
    parser.add_argument("--mbit", type=int, default=200, help="rate of each host's way out (default: %(default)s)")
    parser.add_argument("--hosts", type=int, default=4, help="default: %(default)s")
    parser.add_argument("--channels", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--sockets", type=int, default=16, help="of a channel (default: %(default)s)")
    parser.add_argument("--piece", type=int, default=65_536, help="least bytes of a piece (default: %(default)s)")
    parser.add_argument("--queue", default="4s", help="time that the shaper's queue holds (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--size", type=int, help="bytes of one tensor instead of all")
    arguments = parser.parse_args()
    in_own_namespaces()
    tensors = json.loads(SCENARIO.read_text())["model"]["tensors"]
    sizes = [arguments.size] if arguments.size else [4 * math.prod(tensor["shape"]) for tensor in tensors]
    run("ip", "netns", "add", "network")
    ip("network", "link add name switch type bridge stp_state 0 forward_delay 0")
    ip("network", "link set dev switch up")
    hosts = [add_host(rank, arguments.mbit, arguments.queue) for rank in range(arguments.hosts)]
    constants = [arguments.channels, arguments.sockets, arguments.piece, arguments.repeats, *sizes]
    ranks = [subprocess.Popen([*in_namespace(host), arguments.program, str(rank), str(len(hosts)), PREFIX,
                               *map(str, constants)]) for rank, host in enumerate(hosts)]
    for rank in ranks:
        rank.wait()
    moved = 2 * (len(hosts) - 1) / len(hosts) * sum(sizes)
    print(f"{moved / (arguments.mbit * 1e6 / 8 * (MTU - 52) / (MTU + 14)):.4f} by bytes")


if __name__ == "__main__":
    main()
