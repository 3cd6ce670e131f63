"""Command lines whose mistakes are told in one line."""

import argparse


class Parser(argparse.ArgumentParser):
    """Without the usage that argparse puts before what is wrong. Exit status 2."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help shows what is accepted\n")
