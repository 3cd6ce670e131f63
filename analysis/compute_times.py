#!/usr/bin/env python3
"""Reads from a PyTorch profiler's trace how long a training step computes: a scenario's `compute`.

    compute_times.py TRACE.json MODEL.json [-o FILE]

writes what a scenario names, `"compute": "FILE"`, or has in place of that.

TRACE.json is what the profiler exports (Chrome JSON, gzip or not) of a training loop with our labels; MODEL.json is the
scenario's model, as model_table.py writes it. The loop, on one worker, without compression and without communication,
run with the folder of this file in PYTHONPATH:

    from compute_times import StepLabels
    from torch.profiler import profile

    labels = StepLabels(model)
    with profile() as trace:
        for inputs, targets in batches:
            with labels.forward():
                loss = criterion(model(inputs), targets)
            with labels.backward():
                loss.backward()
            with labels.update():
                optimiser.step()
                optimiser.zero_grad()
    labels.remove()
    trace.export_chrome_trace("trace.json")

Of several steps that one is read whose time is the median, and what they spread over is told. Of a step of several
micro-batches, whose gradients are sent in the last backward pass, `forward` is all that comes before that pass. A
label of a gradient says when that gradient is there. The times of `backward_by_tensor` are those from one to the next,
last tensor first, as simulated workers have them; they sum to the backward pass. Where kernels run on a device, a label's
time is when all that was launched before it has ended there. `measured_on` says what the times are of: the GPU whose
kernels the trace has, else a processor, `cpu`.
"""

from __future__ import annotations

import argparse
import bisect
import gzip
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

FORWARD, BACKWARD, UPDATE = PARTS = ("simrun: forward", "simrun: backward", "simrun: update")
GRADIENT = "simrun: gradient of "


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


class TraceError(ValueError):
    """A trace that cannot be read as that of labelled training steps; one line."""


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
        backward = [_duration(time) for time in self.backward_by_tensor]
        times = {"forward": _duration(self.forward), "backward_by_tensor": backward, "update": _duration(self.update)}
        return times | {"measured_on": self.measured_on}


def compute_times(trace: str | Path, tensors: list[str]) -> ComputeTimes:
    """Reads the trace of a loop with StepLabels; `tensors` are the names of the model's in forward order.

    A gradient that comes before that of a tensor behind it in `tensors` is taken to be there with that one. A tensor
    without a label (not used, or frozen) takes no time. Where no label names a tensor as it is, the `module.` is left out
    that DistributedDataParallel and DataParallel put before all names. Raises TraceError, OSError.
    """
    read = _read(Path(trace))
    events = _events(read)
    steps = _steps(events)
    clock = _DeviceClock(events)
    spans = [step.span(clock) for step in steps]
    median = sorted(range(len(steps)), key=lambda i: spans[i])[(len(steps) - 1) // 2]
    step = steps[median]
    assumed = []
    if len(steps) > 1:
        spread = f"they take {_duration(min(spans))} to {_duration(max(spans))}"
        assumed.append(f"step {median + 1} of {len(steps)}, whose time is the median; {spread}")
    if step.before:
        assumed.append(f"{len(step.before) // 2 + 1} micro-batches: forward is all before the last backward pass")
    if clock.kernels:
        assumed.append(f"times of the device, of {clock.kernels} kernels")
    times = step.times(clock, tensors, assumed)
    times.measured_on = {"kind": "gpu", **_name_of_gpu(read, events)} if clock.kernels else {"kind": "cpu"}
    return times


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

    def span(self, clock: _DeviceClock) -> int:
        first = self.before[0] if self.before else self.forward
        return clock.after(self.update.end) - clock.begin(first)

    def forward_time(self, clock: _DeviceClock) -> int:
        """Of all that comes before the last backward pass."""
        time = 0
        for part in [*self.before, self.forward]:
            begin = clock.begin(part) if part.name == FORWARD else clock.after(part.begin)
            time += clock.after(part.end) - begin
        return time

    def times(self, clock: _DeviceClock, tensors: list[str], assumed: list[str]) -> ComputeTimes:
        backward, update = clock.after(self.backward.begin), clock.after(self.update.begin)
        backward_end, end = clock.after(self.backward.end), clock.after(self.update.end)
        labels = self.gradients
        if not set(labels) & set(tensors):
            tensors, labels = _unwrapped(tensors), dict(zip(_unwrapped(list(labels)), labels.values()))
        missing = [name for name in tensors if name not in labels]
        if len(missing) == len(tensors):
            raise TraceError(f"no label names a tensor of the model; there are {_some(list(self.gradients))}")
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


class _DeviceClock:
    """When what the host has launched so far has ended: on the device where there are kernels, else at once."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        ends: dict[int, tuple[int, int]] = {}  # begin and end on the device by correlation
        for event in events:
            number = _correlation(event)
            if number is not None and _category(event) in ("kernel", "gpu_memcpy", "gpu_memset"):
                ends[number] = (_time(event), _time(event) + _time(event, "dur"))
        launches = []
        for event in events:
            number = _correlation(event)
            if number in ends and _category(event) in ("cuda_runtime", "cuda_driver", "runtime"):
                launches.append((_time(event), *ends[number]))
        launches.sort()
        self.kernels = len(launches)
        self._launched = [launch for launch, _, _ in launches]
        self._begins = [begin for _, begin, _ in launches]
        self._ended: list[int] = []
        for _, _, end in launches:
            self._ended.append(max(end, self._ended[-1] if self._ended else end))

    def after(self, time: int) -> int:
        """When all has ended that was launched before `time`, in ns."""
        count = bisect.bisect_left(self._launched, time)
        return self._ended[count - 1] if count else time

    def begin(self, event: _Event) -> int:
        """When the first work begins that `event` launches, in ns."""
        first = bisect.bisect_left(self._launched, event.begin)
        return self._begins[first] if first < len(self._begins) else event.begin


def _category(event: dict[str, Any]) -> str:
    return str(event.get("cat", "")).lower()


def _correlation(event: dict[str, Any]) -> int | None:
    """The number by which the launch of a kernel and the kernel are known."""
    arguments = event.get("args")
    number = arguments.get("correlation") if isinstance(arguments, dict) else None
    return number if isinstance(number, int) else None


def _time(event: dict[str, Any], key: str = "ts") -> int:
    """In ns; traces have us, as whole numbers or with decimals."""
    value = event.get(key, 0)
    if not isinstance(value, (int, Decimal)):
        raise TraceError(f"{key} of {event.get('name')!r} is {value!r}, no number")
    return int(Decimal(value) * 1000)


def _read(trace: Path) -> Any:
    data = trace.read_bytes()
    try:
        text = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
        return json.loads(text, parse_float=Decimal)
    except (ValueError, OSError, EOFError, RecursionError) as error:
        raise TraceError(f"not a trace in JSON: {error}") from None


def _name_of_gpu(read: Any, events: list[dict[str, Any]]) -> dict[str, str]:
    """That of the first kernel's device, which the trace lists by number; empty where it does not."""
    used = next((event.get("args") for event in events if _category(event) == "kernel"), None)
    number = used.get("device") if isinstance(used, dict) else None
    listed = read.get("deviceProperties") if isinstance(read, dict) else None
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and number is not None and each.get("id") == number and each.get("name"):
            return {"name": str(each["name"])}
    return {}


def _events(read: Any) -> list[dict[str, Any]]:
    events = read.get("traceEvents") if isinstance(read, dict) else read
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise TraceError("not a trace: it has no list of events")
    return events


def _labels(events: list[dict[str, Any]]) -> Iterator[_Event]:
    for event in events:
        name = event.get("name")
        on_host = not _category(event).startswith("gpu_")
        if event.get("ph") == "X" and on_host and isinstance(name, str) and name.startswith("simrun: "):
            yield _Event(name, _time(event), _time(event) + _time(event, "dur"))


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


def _duration(time: int) -> str:
    return f"{time // 1000}.{time % 1000:03} us"


# The command line


class _Parser(argparse.ArgumentParser):
    """A mistake is told in one line. Exit status 2."""

    def error(self, message: str) -> Any:
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help shows what is accepted\n")


def _tensors(parser: _Parser, file: Path) -> list[str]:
    """Names of the model's tensors, in forward order."""
    try:
        return [tensor["name"] for tensor in json.loads(file.read_text())["tensors"]]
    except OSError as error:
        parser.error(f"{file}: {error.strerror}")
    except (ValueError, KeyError, TypeError, RecursionError):
        parser.error(f"{file}: not a model in JSON, as model_table.py writes it")


def main() -> None:
    doc = (__doc__ or "").split("\n\n", 2)[2]
    formatter = argparse.RawDescriptionHelpFormatter
    parser = _Parser(usage="compute_times.py TRACE MODEL [-o FILE]", description=doc, formatter_class=formatter)
    parser.add_argument("trace", type=Path, metavar="TRACE", help="of labelled steps, Chrome JSON, .gz or not")
    parser.add_argument("model", type=Path, metavar="MODEL", help="the scenario's model, JSON")
    parser.add_argument("-o", dest="out", type=Path, metavar="FILE", help="for the scenario's compute (default: stdout)")
    arguments = parser.parse_args()
    try:
        times = compute_times(arguments.trace, _tensors(parser, arguments.model))
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
    said = ", ".join(f"{name} {_duration(time)}" for name, time in sums.items())
    print(said, *times.assumed, sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main()
