#!/usr/bin/env python3
"""Checks who may include whom: mathematics (kernels/) knows nothing of time (sim/), and libraries stay in their corner.

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


RULES = [
    Rule(
        "kernels/ includes nothing of sim/: a codec knows no network and no time",
        files=["kernels/*"],
        allowed=[],
        includes=["sim/*"],
        offender=("kernels/codecs/signs.cpp", '#include "../../sim/model.hpp"'),
        innocent=("sim/worker.cpp", '#include "sim/model.hpp"'),
    ),
    Rule(
        "sim/ uses kernels/ through its interface, not the folders behind it",
        files=["sim/*"],
        allowed=["sim/calibration_target.hpp", "sim/cuda_calibration.*", "sim/device_choice.*"],  # GPUs by name
        includes=["kernels/cpu/*", "kernels/cuda/*", "kernels/codecs/*"],
        offender=("sim/method.cpp", '#include "kernels/codecs/signs.hpp"'),
        innocent=("kernels/registry.cpp", '#include "kernels/codecs/signs.hpp"'),
    ),
    Rule(
        "only sim/simgrid/ includes SimGrid",
        files=["*"],
        allowed=["sim/simgrid/*", "bench/transport.cpp"],  # the benchmark sets the bare SimGrid beside ours
        includes=["simgrid/*", "xbt/*", "xbt.h", "smpi/*"],
        offender=("sim/worker.cpp", "#include <simgrid/s4u.hpp>"),
        innocent=("sim/simgrid/engine.cpp", "#include <simgrid/s4u.hpp>"),
    ),
    Rule(
        "only sim/mpi/ includes MPI",
        files=["*"],
        allowed=["sim/mpi/*", "tests/smpi/ring.cpp"],  # an MPI program of its own
        includes=["mpi.h", "mpi/*"],
        offender=("sim/transport.cpp", "#include <mpi.h>"),
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
        innocent=("sim/scenario.hpp", "#include <nlohmann/json.hpp>"),
    ),
    Rule(
        "in sim/ only the files that read or write text include JSON",
        files=["sim/*"],
        allowed=[
            "sim/command_line.*",
            "sim/compute_text.*",
            "sim/csv.*",
            "sim/device_choice.*",
            "sim/device_report.*",
            "sim/device_text.*",
            "sim/ethernet_tcp_text.*",
            "sim/host_text.*",
            "sim/experiment.*",
            "sim/fields.*",
            "sim/fields_impl.hpp",
            "sim/json.*",
            "sim/main.cpp",
            "sim/measurement.*",
            "sim/model_text.*",
            "sim/profile_reader.cpp",
            "sim/profile_writer.cpp",
            "sim/report.*",
            "sim/report_page.*",
            "sim/report_reader.*",
            "sim/scenario.*",
            "sim/scenario_schema.*",
            "sim/scenario_text.*",
            "sim/sweep.*",
            "sim/sweep_keys.*",
            "sim/times_text.*",
            "sim/trace.*",
            "sim/training/curves.*",
            "sim/training/dataset.*",
            "sim/training_text.*",
        ],
        includes=["nlohmann/*", "sim/json.hpp", "sim/fields.hpp"],
        offender=("sim/worker.hpp", "#include <nlohmann/json_fwd.hpp>"),
        innocent=("sim/scenario.hpp", "#include <nlohmann/json.hpp>"),
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
