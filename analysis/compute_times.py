#!/usr/bin/env python3
"""Reads from a PyTorch profiler's trace how long a training step computes: a scenario's `compute`.

    compute_times.py TRACE.json MODEL [-o FILE]

writes what a scenario names, `"compute": "FILE"`, or has in place of that.

TRACE.json is what the profiler exports (Chrome JSON, gzip or not) of a training loop with our labels; MODEL is what the
scenario's `model` is: JSON as model_table.py writes it, a .safetensors file or its index, or the name of a shipped model.
The loop, on one worker, without compression and without communication, run with the folder of this file in PYTHONPATH:

    from compute_times import StepLabels
    from torch.profiler import profile, schedule

    def save(trace):
        trace.export_chrome_trace("trace.json")

    labels = StepLabels(model)
    steps = schedule(wait=0, warmup=5, active=11, repeat=1)
    with profile(schedule=steps, on_trace_ready=save) as trace:
        for inputs, targets in batches:
            with labels.forward():
                loss = criterion(model(inputs), targets)
            with labels.backward():
                loss.backward()
            with labels.update():
                optimiser.step()
                optimiser.zero_grad()
            trace.step()
    labels.remove()

The five steps of warm-up are not in the trace: a training's first steps take longer, as memory is allocated and kernels
are chosen then. Of several steps that one is read whose time is the median, of an even number the shorter of the two
nearest to it; how much they differ is told. Of a step of several micro-batches, whose gradients are sent in the last
backward pass, `forward` is all that comes before that pass. A label of a gradient says when that gradient is there. The
times of `backward_by_tensor` are those from one to the next, last tensor first, as simulated workers have them; they sum
to the backward pass. Where kernels run on a device, a label's time is when all that was launched before it has ended
there. `measured_on` says what the times are of: the GPU whose kernels the trace has, else a processor, `cpu`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from durations import brief, duration
from model_file import ModelFileError, TensorNames, tensor_names
from one_line import Parser, parser_of
from profiler_trace import DeviceClock, TraceError, category, events_of, name_of_gpu, read_trace, time_of

FORWARD, BACKWARD, UPDATE = PARTS = ("simrun: forward", "simrun: backward", "simrun: update")
GRADIENT = "simrun: gradient of "
STEADY = 1.5  # times the fastest step, which the slowest takes at most


class StepLabels:
    """Labels for the profiler: the three parts of a training step, and when each gradient is there.

    Adds a hook to every parameter of `model` that is trained; remove() takes them away.
    """

    def __init__(self, model: Any) -> None:
        trained = ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)
        self._hooks = [parameter.register_hook(self._labeller(GRADIENT + name)) for name, parameter in trained]

    def forward(self) -> AbstractContextManager[Any]:
        """Around the forward pass and the loss."""
        return self._label(FORWARD)

    def backward(self) -> AbstractContextManager[Any]:
        """Around loss.backward()."""
        return self._label(BACKWARD)

    def update(self) -> AbstractContextManager[Any]:
        """Around the optimiser's step."""
        return self._label(UPDATE)

    def remove(self) -> None:
        for hook in self._hooks:
            hook.remove()

    @staticmethod
    def _label(name: str) -> AbstractContextManager[Any]:
        import torch  # traces are read without it

        return torch.profiler.record_function(name)

    def _labeller(self, name: str) -> Callable[[Any], None]:
        def note(_gradient: Any) -> None:
            with self._label(name):
                pass

        return note


@dataclass
class ComputeTimes:
    """What a worker computes in a step. All times in ns."""

    forward: int
    backward_by_tensor: list[int]  # in forward order
    update: int
    assumed: list[str] = field(default_factory=list)  # one line each
    measured_on: dict[str, str] = field(default_factory=lambda: {"kind": "cpu"})  # or gpu, with its name where known

    @property
    def backward(self) -> int:
        return sum(self.backward_by_tensor)

    def as_json(self) -> dict[str, Any]:
        """The scenario's `compute`."""
        backward = [duration(time) for time in self.backward_by_tensor]
        times = {"forward": duration(self.forward), "backward_by_tensor": backward, "update": duration(self.update)}
        return times | {"measured_on": self.measured_on}


def compute_times(trace: str | Path, tensors: list[str]) -> ComputeTimes:
    """Reads the trace of a loop with StepLabels; `tensors` are the names of the model's in forward order.

    A gradient that comes before that of a tensor behind it in `tensors` is taken to be there with that one. A tensor
    without a label (not used, or frozen) takes no time. Where no label names a tensor as it is, the `module.` is left out
    that DistributedDataParallel and DataParallel put before all names. Raises TraceError, OSError.
    """
    read = read_trace(Path(trace))
    events = events_of(read)
    steps = _steps(events)
    clock = DeviceClock(events)
    chosen, assumed = _median_step([step.span(clock) for step in steps])
    step = steps[chosen]
    if step.before:
        assumed.append(f"{len(step.before) // 2 + 1} micro-batches: forward is all before the last backward pass")
    if clock.kernels:
        assumed.append(f"times of the device, of {clock.kernels} kernels")
    times = step.times(clock, tensors, assumed)
    times.measured_on = {"kind": "gpu", **name_of_gpu(read, events)} if clock.kernels else {"kind": "cpu"}
    return times


def _median_step(spans: list[int]) -> tuple[int, list[str]]:
    """Which step has the median time, or the shorter of two about it, and what to tell of that. `spans` in ns."""
    if len(spans) == 1:
        return 0, []
    by_time = sorted(range(len(spans)), key=lambda i: spans[i])
    chosen, above = by_time[(len(spans) - 1) // 2], by_time[len(spans) // 2]
    why = "whose time is the median"
    if spans[chosen] != spans[above]:
        median = (spans[chosen] + spans[above]) // 2
        why = f"{brief(spans[chosen])}, the shorter of the two nearest to the median, {brief(median)}"
    said = f"step {chosen + 1} of {len(spans)}, {why}"
    shortest, longest = min(spans), max(spans)
    spread = f"{brief(shortest)} to {brief(longest)}"
    if longest <= STEADY * shortest:
        return chosen, [f"{said}; they take {spread}"]
    advice = "trace more steps, after steps of warm-up, as the loop in --help does"
    return chosen, [said, f"steps differ, {spread}: the slowest takes {longest / shortest:.1f} times the fastest; {advice}"]


@dataclass
class _Event:
    name: str
    begin: int  # ns
    end: int


@dataclass
class _Step:
    before: list[_Event]  # forward and backward of each micro-batch but the last
    forward: _Event
    backward: _Event
    update: _Event
    gradients: dict[str, int]  # when each label of a gradient begins, by tensor

    def span(self, clock: DeviceClock) -> int:
        first = self.before[0] if self.before else self.forward
        return clock.after(self.update.end) - clock.begin(first.begin)

    def forward_time(self, clock: DeviceClock) -> int:
        """Of all that comes before the last backward pass."""
        time = 0
        for part in [*self.before, self.forward]:
            begin = clock.begin(part.begin) if part.name == FORWARD else clock.after(part.begin)
            time += clock.after(part.end) - begin
        return time

    def times(self, clock: DeviceClock, tensors: list[str], assumed: list[str]) -> ComputeTimes:
        backward, update = clock.after(self.backward.begin), clock.after(self.update.begin)
        backward_end, end = clock.after(self.backward.end), clock.after(self.update.end)
        labels = self.gradients
        if not set(labels) & set(tensors):
            tensors, labels = _unwrapped(tensors), dict(zip(_unwrapped(list(labels)), labels.values()))
        missing = [name for name in tensors if name not in labels]
        if len(missing) == len(tensors):
            there_are = f"there are {_some(list(self.gradients))}, the model has {_some(tensors)}"
            raise TraceError(f"no label names a tensor of the model; {there_are}")
        unknown = [name for name in labels if name not in set(tensors)]
        if unknown:
            assumed = [*assumed, f"labels of no tensor of the model: {_some(unknown)}"]
        if missing:
            assumed = [*assumed, f"no time: {_some(missing)}, whose gradients have no label"]
        there = backward
        by_tensor = [0] * len(tensors)
        early = []
        for i in reversed(range(len(tensors))):
            if tensors[i] in labels:
                at = min(clock.after(labels[tensors[i]]), backward_end)
                early += [tensors[i]] if at < there else []
                by_tensor[i] = max(at - there, 0)
                there += by_tensor[i]
        first = min(i for i, name in enumerate(tensors) if name in labels)
        by_tensor[first] += backward_end - there
        if early:
            assumed = [*assumed, f"there before one behind it in the model, and taken with that: {_some(early)}"]
        return ComputeTimes(self.forward_time(clock), by_tensor, end - update, assumed)


def _labels(events: list[dict[str, Any]]) -> Iterator[_Event]:
    for event in events:
        name = event.get("name")
        on_host = not category(event).startswith("gpu_")
        if event.get("ph") == "X" and on_host and isinstance(name, str) and name.startswith("simrun: "):
            yield _Event(name, time_of(event), time_of(event) + time_of(event, "dur"))


def _steps(events: list[dict[str, Any]]) -> list[_Step]:
    """The labelled steps that are whole, in the order of time: forward and backward, once or more, then update."""
    labels = sorted(_labels(events), key=lambda label: label.begin)
    parts = [label for label in labels if label.name in PARTS]
    gradients = [label for label in labels if label.name.startswith(GRADIENT)]
    steps = []
    batches: list[_Event] = []  # of the step so far
    for part in parts:
        if part.name != UPDATE:
            if part.name == (FORWARD, BACKWARD)[len(batches) % 2]:
                batches = [*batches, part]
            else:  # something is missing before it
                batches = [part] if part.name == FORWARD else []
            continue
        if batches and len(batches) % 2 == 0:
            *before, forward, backward = batches
            within = [label for label in gradients if backward.begin <= label.begin <= backward.end]
            there = {label.name.removeprefix(GRADIENT): label.begin for label in within}
            steps.append(_Step(before, forward, backward, part, there))
        batches = []
    if not steps:
        missing = [name for name in PARTS if name not in {part.name for part in parts}]
        why = f"no label {' and none '.join(map(repr, missing))}" if missing else "not in this order"
        raise TraceError(f"no step with the labels forward, backward and update: {why}; the help of this program has the loop")
    return steps


def _unwrapped(names: list[str]) -> list[str]:
    """Without the prefix of DistributedDataParallel and DataParallel, where all have it."""
    wrapper = "module."
    return [name.removeprefix(wrapper) for name in names] if all(name.startswith(wrapper) for name in names) else names


def _some(names: list[str]) -> str:
    return f"{len(names)} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"


# The command line


def _model(parser: Parser, model: str) -> TensorNames:
    try:
        return tensor_names(model)
    except (OSError, ModelFileError) as error:
        parser.error(f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error))


def main() -> None:
    parser = parser_of(__doc__, usage="compute_times.py TRACE MODEL [-o FILE]")
    parser.add_argument("trace", type=Path, metavar="TRACE", help="of labelled steps, Chrome JSON, .gz or not")
    parser.add_argument("model", metavar="MODEL", help="the scenario's: a file, JSON or safetensors, or a shipped one's name")
    parser.add_argument("-o", dest="out", type=Path, metavar="FILE", help="for the scenario's compute (default: stdout)")
    arguments = parser.parse_args()
    model = _model(parser, arguments.model)
    try:
        times = compute_times(arguments.trace, model.names)
    except OSError as error:
        parser.error(f"{arguments.trace}: {error.strerror}")
    except TraceError as error:
        parser.error(f"{arguments.trace}: {error}")
    text = json.dumps(times.as_json(), indent=2) + "\n"
    try:
        arguments.out.write_text(text) if arguments.out else sys.stdout.write(text)
    except OSError as error:
        parser.error(f"-o: {str(arguments.out)!r} cannot be written: {error.strerror}")
    sums = {"forward": times.forward, "backward": times.backward, "update": times.update}
    said = ", ".join(f"{name} {brief(time)}" for name, time in sums.items())
    print(said, *times.assumed, *filter(None, [model.assumed]), sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main()
