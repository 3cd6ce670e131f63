#!/usr/bin/env python3
"""Compiles every GPU kernel for sm_90 and looks at what the compiler says of it.

  kernel_resources.py            fails where a kernel spills registers, uses local memory, fuses a multiplication and an
                                 addition (the processor does not), or takes more registers or shared memory than its
                                 line in kernel_budget.txt allows
  kernel_resources.py --update   writes kernel_budget.txt from what it sees

Exit status 77: skipped, because there is no nvcc.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET = ROOT / "tests" / "kernel_budget.txt"
HEADER = """\
# Most registers a thread and most bytes of shared memory a block, each rounded up to what the hardware hands out at
# once (8 registers, 128 bytes); what the PTX must hold; kernel
"""
FLAGS = ["-std=c++20", "-arch=sm_90", "-O3", "-fmad=false", "-Werror", "all-warnings", "-Xptxas", "-v"]


def find_nvcc():
    toolkit = os.environ.get("CUDA_PATH", "/usr/local/cuda")
    return shutil.which("nvcc") or shutil.which("nvcc", path=toolkit + "/bin")


def compile_kernels(nvcc, source, folder):
    """The compiler's report and the PTX of one source."""
    command = [nvcc, *FLAGS, "-I", str(ROOT), "-cubin", "-keep", "-keep-dir", folder, "-o", folder + "/out.cubin", str(source)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(f"{source.relative_to(ROOT)} does not compile:\n{run.stdout}{run.stderr}")
    return run.stderr + run.stdout, Path(folder, source.stem + ".ptx").read_text()


def short_name(mangled):
    """'Sweep<true, both>' of the kernel's mangled name."""
    name = subprocess.run(["c++filt", mangled], capture_output=True, text=True, check=True).stdout
    inner = re.search(r"run_kernel<(.*)>\(", name)
    return re.sub(r"simrun::(cuda::)?|\(unsigned int\)", "", inner.group(1) if inner else name).strip()


def kernels_of(report, ptx):
    """What is known of each kernel: name, registers, shared memory, spills and stack, PTX."""
    bodies = dict(re.findall(r"\.entry (\w+)\((.*?\n\})\n", ptx, re.DOTALL))
    entries = re.split(r"Compiling entry function '", report)[1:]
    for entry in entries:
        mangled = entry[: entry.index("'")]
        if "run_kernel" not in mangled:
            continue

        def number(pattern, text=entry):
            found = re.search(pattern, text)
            return int(found.group(1)) if found else 0

        yield {
            "name": short_name(mangled),
            "registers": number(r"Used (\d+) registers"),
            "shared": number(r"(\d+) bytes smem"),
            "local": number(r"(\d+) bytes stack frame") + number(r"(\d+) bytes spill stores"),
            "ptx": bodies[mangled],
        }


def read_budget():
    lines = [line.split(None, 3) for line in BUDGET.read_text().splitlines() if line and not line.startswith("#")]
    return {name: (int(registers), int(shared), needs) for registers, shared, needs, name in lines}


def mistakes_of(kernel, budget):
    """What is wrong with a kernel, one line each."""
    if kernel["local"]:
        yield f"{kernel['local']} bytes of local memory or spills; accepted: none"
    if re.search(r"\bfma\.", kernel["ptx"]):
        yield "fuses a multiplication and an addition; accepted: none, for the processor rounds twice"
    if kernel["name"] not in budget:
        yield "has no line in tests/kernel_budget.txt; tests/kernel_resources.py --update writes one"
        return
    registers, shared, needs = budget[kernel["name"]]
    if kernel["registers"] > registers:
        yield f"takes {kernel['registers']} registers; accepted: at most {registers}"
    if kernel["shared"] > shared:
        yield f"takes {kernel['shared']} bytes of shared memory; accepted: at most {shared}"
    for need in needs.split(",") if needs != "-" else []:
        if not re.search(PATTERNS[need], kernel["ptx"]):
            yield f"has no {need} in its PTX"


PATTERNS = {
    "load16": r"ld\.global(\.\w+)*\.v4",
    "store16": r"st\.global(\.\w+)*\.v4",
    "ballot": r"vote\.sync\.ballot",
    "lop3": r"lop3\.b32",
}


def needs_of(kernel):
    return ",".join(name for name, pattern in PATTERNS.items() if re.search(pattern, kernel["ptx"])) or "-"


def budget_line(kernel):
    registers, shared = -(-kernel["registers"] // 8) * 8, -(-kernel["shared"] // 128) * 128
    return f"{registers:3} {shared:6} {needs_of(kernel):14} {kernel['name']}\n"


def main():
    nvcc = find_nvcc()
    if nvcc is None:
        print("skipped: there is no nvcc (CUDA Toolkit) on this machine")
        sys.exit(77)
    kernels = {}
    for source in sorted(ROOT.glob("kernels/cuda/*.cu")):
        with tempfile.TemporaryDirectory() as folder:
            for kernel in kernels_of(*compile_kernels(nvcc, source, folder)):
                kernels[kernel["name"]] = kernel
    if "--update" in sys.argv[1:]:
        BUDGET.write_text(HEADER + "".join(budget_line(kernel) for _, kernel in sorted(kernels.items())))
    budget = read_budget()
    failed = False
    for name, kernel in sorted(kernels.items()):
        print(f"{kernel['registers']:3} registers {kernel['shared']:6} bytes shared  {name}")
        for mistake in mistakes_of(kernel, budget):
            print(f"  FAILED: {mistake}")
            failed = True
    for name in sorted(set(budget) - set(kernels)):
        print(f"FAILED: tests/kernel_budget.txt names {name}, which is not compiled")
        failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
