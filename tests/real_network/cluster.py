"""A cluster in one machine: hosts are network namespaces, switches are bridges, links are shaped to a rate each way.

All of it lives in namespaces of one process, see `in_own_namespaces`: whatever ends that process ends the cluster with
it, and nothing outside has been touched. Only payloads cross the shaped links; what mpirun says to its daemons takes a
control network of its own. Linux alone has this: it takes `unshare`, `ip`, `tc`, `ethtool` and `ping`.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

SKIPPED = 77
MTU = 1500
FRAME = 1538  # bytes of a full frame on the wire: MTU, header and checksum (18), preamble and gap (20)
OVERHEAD = 24  # of these, what the kernel does not count: checksum, preamble and gap
LEAST_FRAME = 84
BURST = 4 * FRAME  # what a shaper may be late by, since timers are
HOST_QUEUE = 1_000_000  # bytes; a host holds its own traffic back before it drops any
SWITCH_QUEUE = 256_000  # bytes at a port, as of a small Ethernet switch
CONGESTION_CONTROL = "cubic"
SETTINGS = {  # net.ipv4, in each namespace: Linux's defaults, but that no connection inherits from an earlier one
    "tcp_slow_start_after_idle": "1",
    "tcp_no_metrics_save": "1",
    "tcp_rmem": "4096 131072 6291456",
    "tcp_wmem": "4096 16384 4194304",
}
EAGER_LIMIT = 32 * 1024 * 1024  # bytes of a message that MPI sends at once; beyond it waits for the receiver's consent
MPI_SETTINGS = {  # Open MPI's defaults but for the networks, and that ranks which wait leave the processors to others
    "pml": "ob1",
    "btl": "tcp,self",
    "btl_tcp_if_include": "eth0",
    "oob_tcp_if_include": "control0",
    "mpi_yield_when_idle": "1",
    "hwloc_base_binding_policy": "none",
}
MARK = "SIMRUN_OWN_NAMESPACES"


def in_own_namespaces():
    """Runs this program again in namespaces of its own, and ends with its exit status; returns there.

    However this process ends, the inner one ends with it, and the kernel then kills all that runs in those namespaces
    and removes what was made there. Exit status 77, with the reason, where that cannot be had.
    """
    if MARK in os.environ:
        threading.Thread(target=end_with_outer, args=[int(os.environ.pop(MARK))], daemon=True).start()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        os.environ["TMPDIR"] = "/run"
        return
    tools = ["unshare", "nsenter", "ip", "tc", "ethtool", "ping", "mpirun"]
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        skip("not installed: " + ", ".join(missing))
    if "Open MPI" not in run("mpirun", "--version"):
        skip("mpirun is not Open MPI's")
    unshare = ["unshare", "--net", "--mount", "--uts", "--pid", "--mount-proc", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    probe = subprocess.run([*unshare, "sh", "-c", PROBE], capture_output=True, text=True)
    if probe.returncode != 0:
        skip("no network namespaces: " + (probe.stderr.strip().splitlines() or ["unshare fails"])[-1])
    watched, _ = os.pipe()  # its other end is closed when this process ends
    try:
        inner = subprocess.run([*unshare, sys.executable, *sys.argv], env=os.environ | {MARK: str(watched)},
                               pass_fds=[watched])
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(inner.returncode if inner.returncode >= 0 else 128 - inner.returncode)


def end_with_outer(watched):
    """Waits until the process at the other end of a pipe has ended, then ends this one, the first of its namespaces."""
    os.read(watched, 1)
    os._exit(1)


PROBE = """mount -t tmpfs tmpfs /run && ip netns add probe && ip link add name a type veth peer name b &&
tc qdisc add dev a root tbf rate 1mbit burst 10kb limit 10kb && ip link add name c type bridge"""


def skip(reason):
    print("skipped: " + reason)
    sys.exit(SKIPPED)


@dataclass(frozen=True)
class Wiring:
    """What joins the hosts: one switch, or switches of `hosts_per_switch` with an uplink each to a core."""

    hosts: int
    mbit: int  # of every link, each way
    hosts_per_switch: int = 0  # 0: one switch

    @property
    def topology(self):
        return "tree" if self.hosts_per_switch else "star"


class Cluster:
    """Hosts that can be reached from one another; `with` takes it down."""

    def __init__(self, wiring):
        self.wiring = wiring
        self.names = [f"10.2.0.{rank + 1}" for rank in range(wiring.hosts)]  # also the addresses on the control network
        self.addresses = [f"10.1.0.{rank + 1}" for rank in range(wiring.hosts)]

    def __enter__(self):
        self._namespaces = []
        self._add_namespace("network")
        self._add_switch("control")
        self._add_switch("core")
        self._join_control("control-host", "10.2.0.254")
        for rank, (name, address) in enumerate(zip(self.names, self.addresses)):
            self._join_control(name, self.names[rank])
            self._join_data(name, address, self._switch_of(rank), f"port{rank}")
        return self

    def __exit__(self, *_):
        for name in self._namespaces:
            run("ip", "netns", "delete", name)

    def mpirun(self, ranks, command, eager_limit=EAGER_LIMIT, **options):
        """Runs a command on the first `ranks` hosts; returns subprocess.CompletedProcess."""
        limits = {f"btl_tcp_{name}": eager_limit for name in ("eager_limit", "rndv_eager_limit")}
        limits["btl_tcp_max_send_size"] = max(eager_limit, 128 * 1024)
        settings = [str(text) for item in (MPI_SETTINGS | limits).items() for text in ("--mca", *item)]
        agent = Path(__file__).resolve().parent / "enter_host.sh"
        environment = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        return subprocess.run(
            [*in_namespace("control-host"), "mpirun", "--quiet", *settings, "--mca", "plm_rsh_agent", str(agent),
             "-np", str(ranks), "--host", ",".join(self.names[:ranks]), *command],
            env=environment, text=True, **options)

    def round_trip(self, count=20):
        """Median time of a ping from the first host to the last, in seconds."""
        output = run(*in_namespace(self.names[0]), "ping", "-c", str(count), "-i", "0.002", self.addresses[-1])
        times = sorted(float(time) for time in re.findall(r"time=([\d.]+) ms", output))
        return times[len(times) // 2] * 1e-3

    def _switch_of(self, rank):
        """The switch of a rank's host, made when its first one is joined to it."""
        if not self.wiring.hosts_per_switch:
            return "core"
        switch, place = divmod(rank, self.wiring.hosts_per_switch)
        name = f"switch{switch}"
        if place == 0:
            self._add_switch(name)
            ip("network", f"link add name up{switch} type veth peer name down{switch}")
            for end, master in ((f"up{switch}", name), (f"down{switch}", "core")):
                ip("network", f"link set {end} master {master} up")
                self._shape("network", end, SWITCH_QUEUE)
        return name

    def _add_namespace(self, name):
        run("ip", "netns", "add", name)
        self._namespaces.append(name)
        settings = {f"ipv4/{key}": value for key, value in SETTINGS.items()} | {"ipv6/conf/all/disable_ipv6": "1"}
        lines = [f"echo {value} >/proc/sys/net/{key}" for key, value in settings.items()]
        run(*in_namespace(name), "sh", "-ec", "\n".join(lines))
        ip(name, "link set lo up")

    def _add_switch(self, name):
        ip("network", f"link add name {name} type bridge stp_state 0 forward_delay 0")
        ip("network", f"link set {name} up")

    def _join_control(self, namespace, address):
        self._add_namespace(namespace)
        port = "control" + address.rpartition(".")[2]
        ip("network", f"link add name {port} type veth peer name control0 netns {namespace}")
        ip("network", f"link set {port} master control up")
        ip(namespace, f"address add {address}/24 dev control0")
        ip(namespace, "link set control0 up")

    def _join_data(self, namespace, address, switch, port):
        ip("network", f"link add name {port} mtu {MTU} type veth peer name eth0 mtu {MTU} netns {namespace}")
        self._shape(namespace, "eth0", HOST_QUEUE)
        self._shape("network", port, SWITCH_QUEUE)
        ip("network", f"link set {port} master {switch} up")
        ip(namespace, f"address add {address}/24 dev eth0 noprefixroute")
        ip(namespace, "link set eth0 up")
        ip(namespace, f"route add 10.1.0.0/24 dev eth0 congctl {CONGESTION_CONTROL}")

    def _shape(self, namespace, link, queue):
        """Lets a link carry frames one by one at its rate, each with what Ethernet adds to it."""
        run(*in_namespace(namespace), "ethtool", "-K", link, "tso", "off", "gso", "off", "gro", "off")
        shaper = f"tbf rate {self.wiring.mbit}mbit burst {BURST} limit {queue} overhead {OVERHEAD} mpu {LEAST_FRAME}"
        run("tc", "-n", namespace, "qdisc", "add", "dev", link, "root", *shaper.split(), "linklayer", "ethernet")


def in_namespace(name):
    return ["ip", "netns", "exec", name]


def ip(namespace, arguments):
    run("ip", "-n", namespace, *arguments.split())


def run(*command):
    """The output of a command that must succeed."""
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)}: {ended.stderr.strip()}")
    return ended.stdout
