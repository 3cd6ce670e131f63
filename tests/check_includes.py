#!/usr/bin/env python3
"""Checks who may include whom: mathematics (kernels/) knows nothing of time (sim/), a room of sim/ includes the rooms that
ROOMS gives it, all of them above it in the table, and libraries stay in their corner.

    tests/check_includes.py              prints each violation as FILE:LINE: RULE; exit 1 if there is one
    tests/check_includes.py --self-test  each rule catches its own made-up offender and lets its exception through
"""

import re
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import dirname, join, normpath


@dataclass(frozen=True)
class Rule:
    says: str
    files: list[str]  # the files it binds (shell patterns, * crosses folders) ...
    allowed: list[str]  # ... but for these
    includes: list[str]  # what they may not include, as a path from the root or from the system's include folder
    offender: tuple[str, str]  # a file and a line of it that the rule must catch
    innocent: tuple[str, str]  # the same, to let through


# Rooms of sim/, each with those that it may include. A room stands below all that it includes. Files beside the rooms
# may include any.
ROOMS = {
    "text": "",
    "system": "text",
    "network": "text",
    "simgrid": "text network",
    "workload": "text",
    "collectives": "network",
    "methods": "text workload collectives",
    "devices": "text system",
    "simulation": "text network simgrid workload collectives methods devices",
    "scenario": "text system network simgrid workload collectives methods devices",
    "payloads": "text system workload scenario",
    "study": "text system simgrid workload devices simulation scenario payloads",
    "scheduling": "text system workload simulation scenario payloads study",
    "report": "text system simgrid devices simulation scenario study",
    "answers": "text system workload collectives methods devices simulation scenario payloads study scheduling report",
    "calibration": "text system workload methods devices scenario",
    "training": "text system network workload methods scenario payloads study",
    "mpi": "text system network scenario payloads study report",
}


def room_rule(room, allowed):
    below = [*allowed.split(), room]
    others = [f"sim/{other}/*" for other in ROOMS if other not in below]
    return Rule(
        f"sim/{room}/ includes only {', '.join(below)}",
        files=[f"sim/{room}/*"],
        allowed=[],
        includes=[*others, "sim/command_line.hpp", "sim/commands.hpp", "sim/listing.hpp", "sim/run.hpp"],
        offender=(f"sim/{room}/x.cpp", '#include "sim/run.hpp"'),
        innocent=(f"sim/{room}/x.cpp", f'#include "sim/{below[0]}/y.hpp"'),
    )


RULES = [
    *(room_rule(room, allowed) for room, allowed in ROOMS.items()),
    Rule(
        "kernels/ includes nothing of sim/: a codec knows no network and no time",
        files=["kernels/*"],
        allowed=[],
        includes=["sim/*"],
        offender=("kernels/codecs/signs.cpp", '#include "../../sim/model.hpp"'),
        innocent=("sim/simulation/worker.cpp", '#include "sim/workload/model.hpp"'),
    ),
    Rule(
        "sim/ uses kernels/ through its interface, not the folders behind it",
        files=["sim/*"],
        allowed=["sim/calibration/c*", "sim/devices/device_choice.*"],  # GPUs by name
        includes=["kernels/cpu/*", "kernels/cuda/*", "kernels/codecs/*"],
        offender=("sim/methods/method.cpp", '#include "kernels/codecs/signs.hpp"'),
        innocent=("kernels/registry.cpp", '#include "kernels/codecs/signs.hpp"'),
    ),
    Rule(
        "only sim/simgrid/ includes SimGrid",
        files=["*"],
        allowed=["sim/simgrid/*", "bench/transport.cpp", "bench/peers/s4u_exchange.cpp",  # bare SimGrid beside ours
                 "tests/fluid/fair_links_test.cpp"],
        includes=["simgrid/*", "xbt/*", "xbt.h", "smpi/*"],
        offender=("sim/simulation/worker.cpp", "#include <simgrid/s4u.hpp>"),
        innocent=("sim/simgrid/engine.cpp", "#include <simgrid/s4u.hpp>"),
    ),
    Rule(
        "only sim/mpi/ includes MPI",
        files=["*"],
        allowed=["sim/mpi/*", "tests/smpi/ring.cpp", "bench/peers/smpi_exchange.cpp"],  # MPI programs of their own
        includes=["mpi.h", "mpi/*"],
        offender=("sim/network/transport.cpp", "#include <mpi.h>"),
        innocent=("sim/mpi/mpi_transport.cpp", "#include <mpi.h>"),
    ),
    Rule(
        "only files that nvcc compiles include CUDA, so that kernels run on the processor too",
        files=["*"],
        allowed=["*.cu", "*.cuh"],
        includes=["cuda_runtime.h", "cuda.h", "cuda/*", "cub/*", "thrust/*", "*.cuh"],
        offender=("kernels/cuda/top_k.hpp", "#include <cub/block/block_scan.cuh>"),
        innocent=("kernels/cuda/device_block.cuh", "#include <cub/block/block_scan.cuh>"),
    ),
    Rule(
        "kernels/ knows no JSON",
        files=["kernels/*"],
        allowed=[],
        includes=["nlohmann/*"],
        offender=("kernels/registry.cpp", "#include <nlohmann/json.hpp>"),
        innocent=("sim/scenario/scenario.hpp", "#include <nlohmann/json.hpp>"),
    ),
    Rule(
        "simulation/, and what it is made of, knows no JSON",
        files=[f"sim/{room}/*" for room in [*ROOMS["simulation"].split()[1:], "simulation"]],
        allowed=["sim/devices/profile_*", "sim/devices/device_choice.*", "sim/workload/safetensors.cpp"],
        includes=["nlohmann/*", "sim/text/json.hpp", "sim/text/fields.hpp"],
        offender=("sim/simulation/worker.hpp", "#include <nlohmann/json_fwd.hpp>"),
        innocent=("sim/scenario/scenario.hpp", "#include <nlohmann/json.hpp>"),
    ),
]

FOLDERS = ["kernels", "sim", "tests", "bench"]
SUFFIXES = {".hpp", ".cpp", ".h", ".cu", ".cuh"}
INCLUDE = re.compile(r"""\s*#\s*include\s*(<[^>]+>|"[^"]+")""")


def included_path(file, include, root):
    """The include as a path from the root: "x.hpp" may also mean the x.hpp beside the file."""
    path = include[1:-1]
    beside = normpath(join(dirname(file), path))
    is_relative = include[0] == '"' and (path.startswith(".") or (root / beside).is_file())
    return beside if is_relative else path


def matches(path, patterns):
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def broken_rules(file, line, root):
    include = INCLUDE.match(line)
    if not include:
        return []
    path = included_path(file, include[1], root)
    bound = (rule for rule in RULES if matches(file, rule.files) and not matches(file, rule.allowed))
    return [rule for rule in bound if matches(path, rule.includes)]


def violations(root):
    sources = (path for folder in FOLDERS for path in (root / folder).rglob("*") if path.suffix in SUFFIXES)
    for source in sorted(sources):
        file = source.relative_to(root).as_posix()
        for number, line in enumerate(source.read_text().splitlines(), start=1):
            for rule in broken_rules(file, line, root):
                yield f"{file}:{number}: {rule.says}"


def self_test(root):
    rooms = list(ROOMS)
    for room, allowed in ROOMS.items():
        if any(rooms.index(other) >= rooms.index(room) for other in allowed.split()):
            yield f"{room} includes a room below it: {allowed}"
    for rule in RULES:
        if rule not in broken_rules(*rule.offender, root):
            yield f"not caught: {rule.offender}: {rule.says}"
        if rule in broken_rules(*rule.innocent, root):
            yield f"caught wrongly: {rule.innocent}: {rule.says}"


def main():
    if sys.argv[1:] not in ([], ["--self-test"]):
        sys.exit(__doc__)
    root = Path(__file__).resolve().parent.parent
    found = list(self_test(root) if sys.argv[1:] else violations(root))
    print("\n".join(found) or "nothing to object to")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
