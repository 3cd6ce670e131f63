"""Reads what PyTorch's profiler exports: events, and when kernels have ended on a device."""

from __future__ import annotations

import bisect
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any


class TraceError(ValueError):
    """A trace that cannot be read as that of labelled training steps; one line."""


class DeviceClock:
    """When what the host has launched so far has ended: on the device where there are kernels, else at once."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        ends: dict[int, tuple[int, int]] = {}  # begin and end on the device by correlation
        for event in events:
            number = _correlation(event)
            if number is not None and category(event) in ("kernel", "gpu_memcpy", "gpu_memset"):
                ends[number] = (time_of(event), time_of(event) + time_of(event, "dur"))
        launches = []
        for event in events:
            number = _correlation(event)
            if number in ends and category(event) in ("cuda_runtime", "cuda_driver", "runtime"):
                launches.append((time_of(event), *ends[number]))
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

    def begin(self, time: int) -> int:
        """When the first work begins that is launched at `time` or later, in ns."""
        first = bisect.bisect_left(self._launched, time)
        return self._begins[first] if first < len(self._begins) else time


def category(event: dict[str, Any]) -> str:
    return str(event.get("cat", "")).lower()


def _correlation(event: dict[str, Any]) -> int | None:
    """The number by which the launch of a kernel and the kernel are known."""
    arguments = event.get("args")
    number = arguments.get("correlation") if isinstance(arguments, dict) else None
    return number if isinstance(number, int) else None


def time_of(event: dict[str, Any], key: str = "ts") -> int:
    """In ns; traces have us, as whole numbers or with decimals."""
    value = event.get(key, 0)
    if not isinstance(value, (int, Decimal)):
        raise TraceError(f"{key} of {event.get('name')!r} is {value!r}, no number")
    return int(Decimal(value) * 1000)


def read_trace(trace: Path) -> Any:
    data = trace.read_bytes()
    try:
        text = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
        return json.loads(text, parse_float=Decimal)
    except (ValueError, OSError, EOFError, RecursionError) as error:
        raise TraceError(f"not a trace in JSON: {error}") from None


def name_of_gpu(read: Any, events: list[dict[str, Any]]) -> dict[str, str]:
    """That of the first kernel's device, which the trace lists by number; empty where it does not."""
    used = next((event.get("args") for event in events if category(event) == "kernel"), None)
    number = used.get("device") if isinstance(used, dict) else None
    listed = read.get("deviceProperties") if isinstance(read, dict) else None
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and number is not None and each.get("id") == number and each.get("name"):
            return {"name": str(each["name"])}
    return {}


def events_of(read: Any) -> list[dict[str, Any]]:
    events = read.get("traceEvents") if isinstance(read, dict) else read
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise TraceError("not a trace: it has no list of events")
    return events
