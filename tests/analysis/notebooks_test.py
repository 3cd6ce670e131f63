"""The notebooks as they are committed, and how they are executed."""

import os
import re
import subprocess
from pathlib import Path

import nbformat
import pytest

import execute

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "analysis").glob("*.ipynb"))


def notebook_of(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def test_all_are_here():
    assert [file.name[:2] for file in NOTEBOOKS] == ["00", "01", "02", "03", "04", "05", "06", "07", "08"]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.name)
def test_a_notebook_asks_draws_and_answers(file):
    notebook = nbformat.read(file, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "?" in notebook.cells[0].source and notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[-2].source == "## What is seen"
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    figures = re.findall(r'"(\d\d_\w+)"', "".join(cell.source for cell in code))
    assert figures and all(name.startswith(file.name[:3]) for name in figures)


def test_an_executed_copy_is_written(tmp_path):
    nbformat.write(notebook_of("a = 20", "print(a + 3)"), tmp_path / "n.ipynb")
    execute.execute(tmp_path / "n.ipynb", tmp_path / "out")
    assert nbformat.read(tmp_path / "out" / "n.ipynb", as_version=4).cells[1].outputs[0].text == "23\n"


def test_an_error_names_notebook_and_cell(tmp_path, capsys):
    nbformat.write(notebook_of("1 + 1", "raise ValueError('two\\nlines')", "2"), tmp_path / "n.ipynb")
    assert execute.main(tmp_path / "out", tmp_path / "n.ipynb") == 1
    assert capsys.readouterr().err == "simrun: n.ipynb, cell 2: ValueError: two lines\n"
    assert not (tmp_path / "out" / "n.ipynb").exists()


def test_a_kernel_that_dies_is_an_error(tmp_path, capsys):
    nbformat.write(notebook_of("import os", "os._exit(1)"), tmp_path / "n.ipynb")
    assert execute.main(tmp_path / "out", tmp_path / "n.ipynb") == 1
    assert capsys.readouterr().err.startswith("simrun: n.ipynb, cell 2: ")


@pytest.mark.parametrize(
    "arguments, simrun, status, message",
    [
        (["--big"], "", 2, "--big is no option"),
        (["no.json"], "", 2, "no.json is no file"),
        (["-o"], "", 2, "-o takes a folder"),
        (["-o", "/dev/null/figures"], "", 2, "-o: the folder /dev/null/figures cannot be made"),
        ([], "/no/such/simrun", 1, "$SIMRUN: /no/such/simrun cannot be run"),
    ],
)
def test_wrong_usage_is_one_line(tmp_path, arguments, simrun, status, message):
    run = subprocess.run(
        [ROOT / "analysis/run", *arguments], env=os.environ | {"SIMRUN": simrun}, capture_output=True, text=True
    )
    assert run.returncode == status
    assert re.fullmatch(r"simrun: [^\n]*\n", run.stderr) and message in run.stderr
    assert not run.stdout
