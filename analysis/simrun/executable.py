"""Finds the program."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

from simrun.errors import SimrunError


def program() -> str:
    """The path of the program: $SIMRUN, else what ./simrun has built in the checkout that this package is part of or was
    installed from, else `simrun` on the PATH. Raises SimrunError.
    """
    if named := os.environ.get("SIMRUN"):
        if found := shutil.which(named):
            return os.path.abspath(found)
        raise SimrunError(f"$SIMRUN: {named} cannot be run; accepted: the path of simrun")
    for checkout in _checkouts():
        if found := shutil.which(os.fspath(checkout / "build/release/sim/simrun")):
            return found
    if found := shutil.which("simrun"):
        return found
    raise SimrunError("no simrun is found: build it with ./simrun in its checkout, install it, or set $SIMRUN to its path")


def simrun() -> str:
    """The path of the program. Raises SimrunError where what is there is another one."""
    found = program()
    if not _is_simrun(found):
        where = "$SIMRUN: " if os.environ.get("SIMRUN") else ""
        raise SimrunError(f"{where}{found} is not simrun; accepted: the path of simrun")
    return found


@cache
def _is_simrun(path: str) -> bool:
    try:
        said = subprocess.run([path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0 and said.stdout.startswith(b"simrun ")


def _checkouts() -> Iterator[Path]:
    yield Path(__file__).resolve().parents[2]
    try:
        url = urlsplit(json.loads(distribution("simrun").read_text("direct_url.json") or "{}").get("url", ""))
    except PackageNotFoundError:
        return
    if url.scheme == "file":
        yield Path(unquote(url.path)).parent
