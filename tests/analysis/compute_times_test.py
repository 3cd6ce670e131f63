"""Times of traces whose answer is known: on the host, and of kernels that run on a device after they were launched.
tests/pytorch_files.py has traces that PyTorch writes."""

import json

import pytest

import compute_times
from compute_times import BACKWARD, FORWARD, GRADIENT, UPDATE, TraceError
from durations import brief, duration


def label(name, begin, duration=0, **more):
    return {"ph": "X", "cat": "user_annotation", "name": name, "ts": begin, "dur": duration} | more


def step(begin, slower=1):
    """10 us forward, 40 backward with gradients of b after 10, of a after 25; 6 of update; each after a gap of 5."""
    return [
        label(FORWARD, begin, 10 * slower),
        label(BACKWARD, begin + 15 * slower, 40 * slower),
        label(GRADIENT + "b", begin + 25 * slower),
        label(GRADIENT + "a", begin + 40 * slower),
        label(UPDATE, begin + 60 * slower, 6 * slower),
    ]


def times_of(tmp_path, events, tensors=("a", "b")):
    text = events if isinstance(events, str) else json.dumps({"traceEvents": events})
    (tmp_path / "t.json").write_text(text)
    return compute_times.compute_times(tmp_path / "t.json", list(tensors))


def test_times_of_the_host_are_the_spans(tmp_path):
    times = times_of(tmp_path, step(1000))
    assert (times.forward, times.backward_by_tensor, times.update) == (10_000, [30_000, 10_000], 6_000)
    assert times.as_json() == {
        "forward": "10 us", "backward_by_tensor": ["30 us", "10 us"], "update": "6 us",
        "measured_on": {"kind": "cpu"},
    }
    assert times.assumed == []


def test_the_step_of_the_median_time_is_read(tmp_path):
    times = times_of(tmp_path, step(0, slower=7) + step(1000) + step(2000, slower=2))
    assert times.forward == 20_000 and times.backward == 80_000
    assert times.assumed == [
        "step 3 of 3, whose time is the median",
        "steps differ, 66 us to 462 us: the slowest takes 7.0 times the fastest; "
        "trace more steps, after steps of warm-up, as the loop in --help does",
    ]
    times = times_of(tmp_path, step(0, 20) + step(2000, 22) + step(4000, 21))
    assert times.assumed == ["step 3 of 3, whose time is the median; they take 1.32 ms to 1.45 ms"]
    cut = step(0, slower=7) + step(1000)[:-1]  # the profiler was stopped within a step
    assert times_of(tmp_path, cut).forward == 70_000


def test_of_an_even_number_of_steps_one_next_to_the_median_is_read(tmp_path):
    times = times_of(tmp_path, step(0, 13) + step(2000, 10) + step(4000, 14) + step(6000, 12))
    assert times.forward == 120_000
    nearest = "step 4 of 4, 792 us, the shorter of the two nearest to the median, 825 us"
    assert times.assumed == [f"{nearest}; they take 660 us to 924 us"]
    times = times_of(tmp_path, step(0) + step(2000))
    assert times.assumed == ["step 1 of 2, whose time is the median; they take 66 us to 66 us"]


@pytest.mark.parametrize(
    ("time", "exact", "short"),
    [(0, "0 s", "0 s"), (7, "7 ns", "7 ns"), (1_500, "1.5 us", "1.5 us"), (8_823_564, "8.823564 ms", "8.82 ms"),
     (4_031_234_567, "4.031235 s", "4.03 s"), (999_999_999, "1 s", "1 s"), (42_200_000_000, "42.2 s", "42.2 s"),
     (123_456 * 10**9, "123456 s", "123000 s")]
)  # fmt: skip
def test_times_are_written_in_a_unit_that_can_be_read(time, exact, short):
    assert (duration(time), brief(time)) == (exact, short)


def test_micro_batches_before_the_last_are_of_the_forward_time(tmp_path):
    """Gradients are sent in the last backward pass alone: 10 us and 40, then 20 of forward, and its 80 by tensor."""
    events = step(0)[:-1] + step(100, slower=2)
    times = times_of(tmp_path, events)
    assert (times.forward, times.backward_by_tensor, times.update) == (70_000, [60_000, 20_000], 12_000)
    assert times.assumed == ["2 micro-batches: forward is all before the last backward pass"]
    # What is cut off at the beginning is no micro-batch, nor is a forward pass without a backward one.
    for cut in (step(0)[1:-1] + step(100), [label(FORWARD, 0, 7)] + step(100), step(0)[:-1][1:] + step(100)):
        assert times_of(tmp_path, cut).forward == 10_000


def test_labels_of_no_tensor_are_told(tmp_path):
    times = times_of(tmp_path, step(0), ["b"])
    assert times.assumed == ["labels of no tensor of the model: 1 (a)"]


def test_large_times_with_decimals_stay_exact(tmp_path):
    text = json.dumps(step(0)).replace('"ts": ', '"ts": 1698765432123').replace('"dur": 40', '"dur": 40.001')
    text = text.replace('12315,', '12315.123,')  # backward begins 0.123 us later
    times = times_of(tmp_path, f'{{"traceEvents": {text}}}', ["a", "b"])
    assert times.backward == 40_001


def test_a_gradient_that_comes_before_one_behind_it_is_taken_with_that(tmp_path):
    times = times_of(tmp_path, step(0), ["b", "a"])
    assert times.backward_by_tensor == [15_000, 25_000]
    assert times.assumed == ["there before one behind it in the model, and taken with that: 1 (b)"]
    times = times_of(tmp_path, step(0), ["z", "a", "b"])
    assert times.backward_by_tensor == [0, 30_000, 10_000]
    assert times.assumed == ["no time: 1 (z), whose gradients have no label"]


def test_times_of_a_device_are_those_of_what_was_launched(tmp_path):
    """The host labels forward at 0 and is far ahead: kernels of 100, 300, 200 (to b), 50 (to a) and 20 us from 500 on."""
    launched = {1: 2, 2: 20, 3: 30, 4: 45, 5: 62}  # when, by correlation
    kernels = {1: (500, 100), 2: (600, 300), 3: (900, 200), 4: (1100, 50), 5: (1150, 20)}
    events = [
        {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": at, "dur": 1, "args": {"correlation": c}}
        for c, at in launched.items()
    ]
    events += [
        {"ph": "X", "cat": "kernel", "name": "k", "ts": at, "dur": duration, "args": {"correlation": c}}
        for c, (at, duration) in kernels.items()
    ]
    events += [label(FORWARD, 500, 100, cat="gpu_user_annotation")]
    times = times_of(tmp_path, step(0) + events)
    assert times.as_json()["measured_on"] == {"kind": "gpu"}
    # Launched before the label of b at 25: the first two; before that of a at 40: the third; backward ends at 55.
    assert (times.forward, times.backward_by_tensor, times.update) == (100_000, [250_000, 300_000], 20_000)
    assert times.assumed == ["times of the device, of 5 kernels"]
    # As PyTorch lists what there is; the kernels are of the second.
    gpus = [{"id": 0, "name": "NVIDIA A"}, {"id": 1, "name": "NVIDIA B"}]
    for event in events:
        event.setdefault("args", {})["device"] = 1
    named = times_of(tmp_path, json.dumps({"traceEvents": step(0) + events, "deviceProperties": gpus}))
    assert named.as_json()["measured_on"] == {"kind": "gpu", "name": "NVIDIA B"}


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '{"traceEvents": {}}', "[" * 100_000, json.dumps(step(0)[:-1]), json.dumps([{"ts": [], "cat": 1, "args": 2}]),
             json.dumps(step(0)).replace('"ts": 15', '"ts": "x"')]
)  # fmt: skip
def test_what_is_no_trace_of_steps_is_refused_in_one_line(text, tmp_path):
    with pytest.raises(TraceError) as caught:
        times_of(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_names_of_a_wrapped_model_are_those_of_the_model(tmp_path):
    """DistributedDataParallel(model) has all parameters of `model` under `module.`."""
    plain = times_of(tmp_path, step(0)).as_json()
    wrapped = json.loads(json.dumps(step(0)).replace(GRADIENT, GRADIENT + "module."))
    assert times_of(tmp_path, wrapped).as_json() == plain
    assert times_of(tmp_path, wrapped, ["module.a", "module.b"]).as_json() == plain
    assert times_of(tmp_path, step(0), ["module.a", "module.b"]).as_json() == plain
    # A model that has a part of that name, whose other part is frozen: as it is.
    times = times_of(tmp_path, wrapped, ["module.a", "module.b", "head"])
    assert times.backward_by_tensor == [30_000, 10_000, 0]
    assert times.assumed == ["no time: 1 (head), whose gradients have no label"]
    with pytest.raises(TraceError, match="no label names a tensor of the model"):  # one label without it
        times_of(tmp_path, json.loads(json.dumps(wrapped).replace("module.b", "b")), ["a", "c"])


def test_the_label_that_is_missing_is_named(tmp_path):
    for part in (FORWARD, BACKWARD, UPDATE):
        with pytest.raises(TraceError, match=f"update: no label '{part}';"):
            times_of(tmp_path, [event for event in step(0) if event["name"] != part])
    with pytest.raises(TraceError, match=f"no label '{FORWARD}' and none '{BACKWARD}' and none '{UPDATE}';"):
        times_of(tmp_path, [label("aten::mm", 0, 1)])
    with pytest.raises(TraceError, match="update: not in this order;"):
        times_of(tmp_path, [label(UPDATE, 0, 1), label(BACKWARD, 2, 1), label(FORWARD, 4, 1)])


def test_labels_of_another_model_are_refused(tmp_path):
    with pytest.raises(TraceError, match=r"there are 2 \(b, a\), the model has 1 \(x\)"):
        times_of(tmp_path, step(0), ["x"])
