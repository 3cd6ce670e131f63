#!/usr/bin/env python3
"""Executes notebooks top to bottom, each in a fresh kernel, and writes the executed copies.

    execute.py OUT NOTEBOOK...

Figures go where the notebooks put them. The first error ends it: one line that names notebook and cell, exit status 1.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from traitlets.config import Config

CELL_SECONDS = 300  # a cell that hangs is an error


class NotebookError(Exception):
    """A notebook that does not run. The message names the notebook, the cell and the cause."""


def execute(file, out):
    """Executes the notebook `file` in its folder and writes it with its outputs into `out`. Raises NotebookError."""
    notebook = nbformat.read(file, as_version=4)
    running = 0

    def note(cell, cell_index):
        nonlocal running
        running = cell_index + 1

    with tempfile.TemporaryDirectory() as sockets:  # files, not ports that others could reach
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            on_cell_start=note,
            resources={"metadata": {"path": str(file.parent)}},
            config=Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}}),
        )
        try:
            client.execute()
        except CellExecutionError as error:
            cause = re.sub(r"\s+", " ", f"{error.ename}: {error.evalue}")
            raise NotebookError(f"{file.name}, cell {running}: {cause}") from None
        except CellTimeoutError:
            raise NotebookError(f"{file.name}, cell {running}: not done after {CELL_SECONDS} s") from None
        except RuntimeError as error:  # the kernel died or did not start
            raise NotebookError(f"{file.name}, cell {running}: {error}") from None
    out.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, out / file.name)


def main(out, *files):
    """Executes all `files`; returns the exit status."""
    for file in map(Path, files):
        begin = time.monotonic()
        try:
            execute(file, Path(out))
        except NotebookError as error:
            print(f"simrun: {error}", file=sys.stderr)
            return 1
        print(f"simrun: {file.name}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
