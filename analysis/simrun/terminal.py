"""Runs a process on a terminal of its own, moves a bar as it does, and shows what it notes."""

import codecs
import os
import pty
import re
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator

with warnings.catch_warnings():  # of a notebook without ipywidgets, where the bar is text
    warnings.simplefilter("ignore")
    from tqdm.auto import tqdm

# A bar as the program draws it: what is done, how much of it, and of how much.
PROGRESS = re.compile(r"(.*) \[[= ]{30}\] (\d+)/(\d+)")


def execute(arguments: list[str], progress: bool) -> tuple[int, list[str], str]:
    """Runs the program; returns its exit status, the lines on stderr, and stdout. It is ended if this is interrupted.

    It draws bars on terminals, and gets one; what it draws there moves a bar of tqdm's.
    """
    ours, its = pty.openpty()
    with tempfile.TemporaryFile() as answer, tqdm(disable=not _is_watched(progress), delay=1, leave=False, unit="") as bar:
        try:
            try:
                process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=answer, stderr=its)
            finally:
                os.close(its)
            try:
                said = [line for line in lines(ours) if not _moves(bar, line)]
            except BaseException:
                process.terminate()
                raise
            finally:
                status = process.wait()
        finally:
            os.close(ours)
        answer.seek(0)
        return status, said, answer.read().decode("utf-8", "replace")


def _is_watched(progress: bool) -> bool:
    """Whether somebody sees what is shown beside the results."""
    return progress and (sys.stderr.isatty() or "ipykernel" in sys.modules)


def show_notes(said: list[str], progress: bool) -> None:
    """Notes are shown where a bar is; warnings are Python's."""
    for line in said:
        if line.startswith("note: ") and _is_watched(progress):
            print(line, file=sys.stderr)


def _moves(bar: tqdm, line: str) -> bool:
    """Whether the line is a bar; the bar is set to it."""
    found = PROGRESS.match(line)
    if found and not bar.disable:
        what, done, total = f"{found[1]}: ", int(found[2]), int(found[3])
        if (what, total) != (bar.desc, bar.total):
            bar.set_description_str(what, refresh=False)
            bar.reset(total)
        bar.update(done - bar.n)
    return found is not None


def lines(terminal: int) -> Iterator[str]:
    """What is written on a terminal until nobody has it any more, by lines; a bar is a line as soon as it is drawn."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    last = ""
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:  # Linux says so where others say that there is no more
            read = b""
        *lines, last = re.split(r"\r\n|\r\x1b\[K", last + decode(read))
        if PROGRESS.match(last) or not read:
            lines.append(last)
        yield from filter(None, lines)
        if not read:
            return
