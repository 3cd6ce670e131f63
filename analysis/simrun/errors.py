"""What is raised where something is wrong."""

import re

_KEY = r'(?:[^\s:."]+|"(?:[^"\\]|\\.)*")'
_LINE = re.compile(rf"(?P<file>(?:(?!: ).)+): (?P<path>{_KEY}(?:\.{_KEY})*): ")
_NO_FILES = ("arguments", "command line", "environment")


class SimrunError(Exception):
    """What simrun says of a mistake, one line: `FILE: PATH: what is wrong; what is accepted`.

    `file` is the file the mistake is in ("scenario" for one given as a dict), `path` where in it, like
    `methods.1.density`, or `file` where it cannot be read; None where the line names none, as of a mistake in
    arguments. `status` is the program's exit
    status: 2 for a mistake in what it was given, 1 for what went wrong later.
    """

    def __init__(self, message: str, status: int = 2, *, file: str | None = None, path: str | None = None):
        super().__init__(message)
        self.file = file
        self.path = path
        self.status = status


class ResultsError(SimrunError):
    """Results that cannot be used. The message says what is wrong and what to do, after the name of a file that it is in."""


def place_in(line: str) -> dict[str, str]:
    """`file` and `path` of a line of the program's; nothing where it names none.

    >>> place_in("small.json: methods.1.density: is 2; accepted: at most 1")
    {'file': 'small.json', 'path': 'methods.1.density'}
    >>> place_in('scenario: sweep."a b".0: unknown key; accepted: workers')
    {'file': 'scenario', 'path': 'sweep."a b".0'}
    >>> place_in("command line: --jobs: is 0; accepted: 1 to 1024")
    {}
    """
    found = _LINE.match(line)
    return found.groupdict() if found and found["file"] not in _NO_FILES else {}
