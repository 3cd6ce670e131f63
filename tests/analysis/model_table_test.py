"""What model_table.py says where there is no PyTorch; tests/pytorch_files.py has models."""

import subprocess
import sys

import model_table


def run(*arguments):
    """In a Python without any package."""
    program = [sys.executable, "-S", model_table.__file__, *arguments]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def test_the_help_needs_no_pytorch():
    done = run("--help")
    assert done.returncode == 0 and "int:8,128" in done.stdout


def test_all_packages_that_are_missing_are_named_in_one_line():
    done = run("torchvision.models:resnet50", "--inputs", "8,3,224,224")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "has no package torch and no torchvision; accepted: a Python that has PyTorch" in done.stderr
    assert "has no package torch; accepted: " in run("json:loads").stderr
