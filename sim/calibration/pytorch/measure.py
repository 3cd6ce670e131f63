#!/usr/bin/env python3
"""Times codecs by PyTorch's own operations for `simrun calibrate --implementation pytorch`, which runs this.

  measure.py DEVICE CACHE_BYTES

DEVICE is cpu, cuda or "" (cuda where there is one). Requests come one a line on standard input, JSON objects whose "do"
is a method of Session; each is answered by one line, a JSON object, which has "error" where it failed. The first line
comes unasked: what is measured. It ends with its input.
"""

import json
import os
import platform
import sys
import time

try:
    import torch
except (ImportError, OSError) as missing:
    print(json.dumps({"missing": str(missing).splitlines()[0]}))
    sys.exit(0)

from laws import LawBroken, check_law
from operations import CODECS

SEED = 1
BYTES_AN_ELEMENT = {"cpu": 128, "cuda": 96}  # of all that an operation holds at a time, its check included
UNSEEN_CACHE = 64 << 20  # where PyTorch does not know a GPU's L2 cache
OFFSET = 997  # between the stretches of data that stand for a gradient and its states


class Caches:
    """A buffer that is read before a run. To write it would leave lines behind that the run writes back."""

    def __init__(self, size, device):
        self._zeros = torch.zeros(max(1, size // 4), device=device)
        self.text = f"before each run {size >> 20} MiB are read: caches hold none of its data, and are clean"

    def empty(self):
        self._zeros.sum()


class Processor:
    """Wall clock."""

    timer = "time.perf_counter around one call from Python; allocating its results included"
    copied = 1 << 28

    def __init__(self, cache_bytes):
        self.caches = Caches(4 * cache_bytes, "cpu")

    def seconds(self, work):
        self.caches.empty()
        begin = time.perf_counter()
        result = work()
        return time.perf_counter() - begin, result


class Gpu:
    """Events, around a call that begins when the GPU has nothing else to do: so launches from Python count where the
    GPU waits for them."""

    timer = (
        "CUDA events around one call from Python on an idle GPU; launches, and allocating from its cache, included"
    )
    copied = 1 << 30

    def __init__(self, _cache_bytes):
        # Not every version of PyTorch knows the size of the cache.
        cache = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", UNSEEN_CACHE)
        self.caches = Caches(4 * cache, "cuda")

    def seconds(self, work):
        self.caches.empty()
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        begin.record()
        result = work()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end) * 1e-3, result


def operations():
    """Names of what is timed, each with those of the operations that are the same."""
    done_by_others = {name for codec in CODECS.values() for name in codec.decodes_also}
    encodings = [[f"encode.{each}" for each in (name, *codec.also)] for name, codec in CODECS.items()]
    decodings = [
        [f"decode.{each}" for each in (name, *codec.decodes_also)]
        for name, codec in CODECS.items()
        if name not in done_by_others
    ]
    return encodings + decodings


def uuid_of_gpu():
    """As nvidia-smi prints it; empty where this PyTorch does not know it."""
    uuid = str(getattr(torch.cuda.get_device_properties(0), "uuid", ""))
    return uuid if uuid.startswith("GPU-") or not uuid else f"GPU-{uuid}"


def driver_of_gpu():
    try:
        with open("/sys/module/nvidia/version", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "unknown"


def facts(device, timer):
    conditions = {"threads": str(torch.get_num_threads())}
    if device == "cuda":
        conditions |= {"cuda": str(torch.version.cuda), "driver": driver_of_gpu()}
    return {
        "device": device,
        "gpu": torch.cuda.get_device_name() if device == "cuda" else "",
        "uuid": uuid_of_gpu() if device == "cuda" else "",
        "software": f"PyTorch {torch.__version__}, Python {platform.python_version()}",
        "timer": timer.timer,
        "caches": timer.caches.text,
        "conditions": conditions,
        "operations": operations(),
    }


class Prepared:
    """An operation with its inputs. `states` change when it encodes."""

    def __init__(self, operation, stretches, entries):
        stage, self._name = operation.split(".")
        self._codec, self._entries = CODECS[self._name], entries
        self._gradient, *self._before = stretches
        self._states = [state.clone() for state in self._before]
        self._total = torch.zeros_like(self._gradient)
        self._result = None if stage == "encode" else self._encode()
        self.reset, self.work = {
            "encode": (self._put_states_back, self._encode),
            "decode": (self._total.zero_, self._decode),
        }[stage]

    def _encode(self):
        kept = [self._entries] if self._codec.sparsifies else []
        self._result = self._codec.encode(self._gradient, *self._states, *kept)
        return self._result

    def _decode(self):
        self._codec.decode(self._total, *self._result)

    def _put_states_back(self):
        for state, before in zip(self._states, self._before):
            state.copy_(before)

    def encoded(self):
        """What was encoded, the states included."""
        return self._codec.encoded_of(self._gradient, *self._before)

    def decoded(self):
        total = torch.zeros_like(self._gradient)
        self._codec.decode(total, *self._result)
        return total

    def check(self):
        decoded = self._total if self.work == self._decode else self.decoded()
        residual = self._states[-1] if self._codec.feeds_back else None
        return check_law(self._name, self.encoded(), self._result, decoded, residual, self._entries)


class Session:
    """Requests and their answers."""

    def __init__(self, device, timer):
        self._device, self._timer = device, timer
        self._data = self._prepared = None

    def begin(self, most):
        """Data for so many elements, or for as many as memory allows."""
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")
        if self._device == "cuda":
            memory = min(memory, torch.cuda.mem_get_info()[0])
        room = memory // BYTES_AN_ELEMENT[self._device]
        most = min(most, 1 << (room.bit_length() - 1))
        torch.manual_seed(SEED)
        zero, one = (make((), device=self._device) for make in (torch.zeros, torch.ones))
        self._data = torch.distributions.Laplace(zero, one).sample((most + 2 * OFFSET,))
        return {"most": most}

    def copy(self):
        source = torch.zeros(self._timer.copied, dtype=torch.uint8, device=self._device)
        target = torch.empty_like(source).copy_(source)
        return {"seconds": self._timer.seconds(lambda: target.copy_(source))[0], "bytes": 2 * source.numel()}

    def prepare(self, operation, elements, entries):
        self._prepared = None  # its memory is needed
        count = 1 + CODECS[operation.split(".")[1]].states
        stretches = [self._data[i * OFFSET : i * OFFSET + elements] for i in range(count)]
        self._prepared = Prepared(operation, stretches, entries)
        return {}

    def run(self):
        self._prepared.reset()
        return {"seconds": self._timer.seconds(self._prepared.work)[0]}

    def check(self):
        return {"bytes": self._prepared.check()}

    def show(self):
        """Of a codec that was prepared and run: what it encoded and what that is decoded to, for simrun to compare."""
        return {"encoded": self._prepared.encoded().tolist(), "decoded": self._prepared.decoded().tolist()}


def main():
    wanted, cache_bytes = sys.argv[1], int(sys.argv[2])
    has_gpu = torch.cuda.is_available()
    if wanted == "cuda" and not has_gpu:
        print(json.dumps({"no_gpu": f"PyTorch {torch.__version__} finds none"}))
        return
    device = wanted or ("cuda" if has_gpu else "cpu")
    timer = {"cpu": Processor, "cuda": Gpu}[device](cache_bytes)
    session = Session(device, timer)
    print(json.dumps(facts(device, timer)), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(session, request.pop("do"))(**request)
        except (LawBroken, RuntimeError) as error:
            answer = {"error": str(error).splitlines()[0]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    with torch.no_grad():
        main()
