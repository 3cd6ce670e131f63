"""Unions of what workers send: small ones by hand, large ones by their expectation."""

import subprocess
import sys

import numpy as np
import pytest

import closed_forms
import unions


def test_unions_by_hand():
    # K = 2. Rows keep {0, 1}, {1, 2}, {4, 5}; the first merge sums to 5, 7, 4, so {0, 1} stays, and meets {4, 5}.
    rows = np.array([[5.0, 4, 0, 0, 0, 1], [0, 3, 4, 1, 0, 0], [0, 1, 0, 0, 9, 8]])
    assert unions.union_of_all(rows, 2) == 5
    assert unions.merged_unions(rows, 2) == [3, 4]


def test_workers_that_agree_send_the_same():
    rows = np.tile(np.arange(1.0, 101), (4, 1))
    assert unions.union_of_all(rows, 10) == 10
    assert unions.merged_unions(rows, 10) == [10, 10]
    assert unions.union_of_all(rows[:1], 10) == 10 and unions.merged_unions(rows[:1], 10) == []


def test_without_agreement_supports_are_independent():
    # The union of M independent sets of K has N (1 - (1 - K/N)^M) entries on average; its deviation is below sqrt(N d).
    rows = unions.synthetic(0, 8, 20000)
    assert unions.union_of_all(rows, 200) == pytest.approx(closed_forms.union_size(20000, 200, 8), abs=4 * 200**0.5)
    assert unions.union_of_all(unions.synthetic(1, 8, 20000), 200) == 200


def test_files_are_read_in_the_order_of_workers(tmp_path):
    for worker in range(11):
        np.save(tmp_path / f"worker-{worker}.npy", np.full(3, worker, np.float32))
    assert unions.load(tmp_path)[:, 0].tolist() == list(range(11))
    with pytest.raises(unions.UnionsError, match="has no worker-0.npy"):
        unions.load(tmp_path / "nowhere")
    (tmp_path / "worker-5.npy").unlink()
    with pytest.raises(unions.UnionsError, match="has no worker-5.npy; accepted: workers without a gap"):
        unions.load(tmp_path)


def test_a_line_says_it_all():
    rows = np.tile(np.arange(1.0, 101), (4, 1))
    assert unions.describe("g", rows, 0.1) == "g: union of 4 1.00 K, of merges 1.00, 1.00 K"


GOOD = np.ones(100, np.float32)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "cannot be read: "),
        (b"text", "cannot be read: "),
        (None, "cannot be read: "),  # cut off
        (np.ones(50, np.float32), "has 50 values; accepted: as many as worker-0.npy, 100"),
        (np.ones((10, 10), np.float32), "is not one row of floating-point numbers"),
        (np.ones(100, np.int32), "is not one row of floating-point numbers"),
        (np.full(100, np.nan, np.float32), "has NaN or infinity"),
        (np.full(100, {}), "cannot be read: "),
    ],
)
def test_a_file_with_a_mistake_gives_one_line(tmp_path, content, said):
    np.save(tmp_path / "worker-0.npy", GOOD)
    wrong = tmp_path / "worker-1.npy"
    if isinstance(content, bytes):
        wrong.write_bytes(content)
    else:
        np.save(wrong, GOOD if content is None else content, allow_pickle=True)
    if content is None:
        wrong.write_bytes(wrong.read_bytes()[:-1])
    ended = run(tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended
    assert ended.stderr.startswith(f"{wrong}: {said}")


@pytest.mark.parametrize(
    "options, said",
    [
        ([], "neither FOLDER nor --agreement is given"),
        (["--agreement", "2"], "--agreement: 2.0 is out of range"),
        (["--agreement", "nan"], "--agreement: nan is out of range"),
        (["--agreement", "0", "--density", "0"], "--density: 0.0 is out of range"),
        (["--agreement", "0", "--density", "much"], "invalid float value: 'much'"),
        (["--agreement", "0", "--workers", "0"], "--workers and --elements: accepted: 1 or more"),
        (["--agreement", "0", "--elements", "1000000000000"], "--workers and --elements: accepted: 1 or more"),
    ],
)
def test_options_with_a_mistake_give_one_line(options, said):
    ended = run(*options)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended
    assert said in ended.stderr


def run(*arguments):
    return subprocess.run([sys.executable, unions.__file__, *arguments], check=False, capture_output=True, text=True)
