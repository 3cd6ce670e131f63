"""Command lines whose mistakes are told in one line."""

import argparse
import contextlib
import sys


class Parser(argparse.ArgumentParser):
    """Without the usage that argparse puts before what is wrong. Exit status 2."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help shows what is accepted\n")


def parser_of(doc, usage):
    """For a program by its docstring: what follows the summary and the usage, a paragraph each, is the help."""
    return Parser(usage=usage, description=doc.split("\n\n", 2)[2], formatter_class=argparse.RawDescriptionHelpFormatter)


@contextlib.contextmanager
def ended_by(kind):
    """An error of this kind ends the program: its text goes to stderr, its `status` is the exit status."""
    try:
        yield
    except kind as error:
        print(error, file=sys.stderr)
        sys.exit(error.status)
