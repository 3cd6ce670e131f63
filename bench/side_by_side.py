#!/usr/bin/env python3
"""Our kernels beside what one would take instead, on the same data in one process, and the ratios.

  side_by_side.py LIBRARY [--device cpu|gpu] [--quick]
  side_by_side.py LIBRARY --once

LIBRARY is libside_by_side.so of the benchmarks (cmake --preset bench). On a GPU: PyTorch's add, topk, gather and
index_fill, the same of rows, its sign and bit packing, CUB's radix sort and, from CUB 3.2 on, its DeviceTopK. On the
processor: std::nth_element and PyTorch, which also does what other codecs do. What is not there is named with the reason. Our results are compared with
PyTorch's before they are timed. As in `simrun calibrate`, memory of several times the caches is read before each run:
they hold none of its data, and nothing that it would have to write back. --once runs our functions on the GPU once,
untimed: for a profiler.
"""

import argparse
import ctypes
import pathlib
import statistics
import sys
import time

# What `simrun calibrate --implementation pytorch` measures.
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "sim/calibration/pytorch"))

try:
    import codecs_beside as codecs
    import torch

    from measure import UNSEEN_CACHE, Caches
    from operations import pack_signs, top_k
except ImportError:
    torch = None

GPU_SIZES = {25_600_000: 1e-3, 138_000_000: 1e-3, 345_000_000: 1e-3}
CPU_SIZE = 25_600_000


class Library:
    """The benchmarks' functions; an error becomes an exception."""

    def __init__(self, path):
        self._library = ctypes.CDLL(path)
        self._library.simrun_error.restype = ctypes.c_char_p

    def has_cuda(self):
        return hasattr(self._library, "simrun_cuda_workspace")

    def workspace_bytes(self, size, k):
        self._library.simrun_cuda_workspace.restype = ctypes.c_uint64
        return self._library.simrun_cuda_workspace(ctypes.c_uint64(size), ctypes.c_uint64(k))

    def __call__(self, name, *arguments):
        if getattr(self._library, name)(*[as_argument(value) for value in arguments]) != 0:
            raise RuntimeError(self._library.simrun_error().decode())


def as_argument(value):
    if torch is not None and isinstance(value, torch.Tensor):
        return ctypes.c_void_p(value.data_ptr())
    if isinstance(value, int):
        return ctypes.c_uint64(value)
    if isinstance(value, bytes):
        return ctypes.c_char_p(value)
    return value


class Gpu:
    """Times work on the GPU: events, medians."""

    def __init__(self):
        # Not every version of PyTorch knows the size of the cache.
        self.caches = Caches(4 * getattr(torch.cuda.get_device_properties(0), "L2_cache_size", UNSEEN_CACHE), "cuda")
        self.stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)

    def seconds(self, work, reset, repeats):
        times = []
        for _ in range(repeats):
            reset()
            self.caches.empty()
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            work()
            end.record()
            torch.cuda.synchronize()
            times.append(begin.elapsed_time(end) * 1e-3)
        return statistics.median(times[1:])

    def copy_bandwidth(self):
        source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
        target = torch.empty_like(source)
        return 2 * source.numel() / self.seconds(lambda: target.copy_(source), lambda: None, 20)


class Processor:
    """Times work on the processor: wall clock, medians."""

    def __init__(self):
        self.caches = Caches(256 << 20, "cpu")

    def seconds(self, work, reset, repeats):
        times = []
        for _ in range(repeats):
            reset()
            self.caches.empty()
            begin = time.perf_counter()
            work()
            times.append(time.perf_counter() - begin)
        return statistics.median(times[1:])


def show(what, size, ours, theirs, reason=None):
    times = f"{ours * 1e6:10.1f} us {theirs * 1e6:12.1f} us  {theirs / ours:6.2f}x" if theirs else f"not run: {reason}"
    print(f"  {what:44} {size:>11,}  {times}", flush=True)


def attempt(what, size, ours, measure):
    """Shows what `measure` gives, or why it gives nothing."""
    try:
        show(what, size, ours, measure())
    except (RuntimeError, AttributeError) as error:
        show(what, size, ours, None, str(error).splitlines()[0])


def make_data(size, device):
    """Laplace gradient and residual."""
    torch.manual_seed(1)
    laplace = torch.distributions.Laplace(torch.zeros((), device=device), torch.ones((), device=device))
    return laplace.sample((size,)), laplace.sample((size,))


def same_selection(gradient, before, indices, values, residual):
    """True if ours is what PyTorch selects; where magnitudes are equal either may be taken."""
    k = indices.numel()
    total = before + gradient
    theirs = torch.topk(total.abs(), k).values.sort().values
    chosen = indices.long()
    left = total.clone()
    left[chosen] = 0
    return (
        torch.equal(total[chosen].abs().sort().values, theirs)
        and torch.equal(values, total[chosen])
        and torch.equal(residual, left)
    )


def compare_top_k(library, timer, gradient, before, k, run, others, repeats):
    """Checks and times our top-k with residual update, then PyTorch's and `others`."""
    size = gradient.numel()
    residual = before.clone()
    indices = torch.empty(k, dtype=torch.int32, device=gradient.device)
    values = torch.empty(k, dtype=torch.float32, device=gradient.device)
    run(residual, indices, values)
    if gradient.is_cuda:
        torch.cuda.synchronize()
    if not same_selection(gradient, before, indices, values, residual):
        sys.exit(f"the selection of {k} of {size} is wrong")
    reset = lambda: residual.copy_(before)
    ours = timer.seconds(lambda: run(residual, indices, values), reset, repeats)
    attempt("PyTorch: add, topk, gather, index_fill", size, ours,
            lambda: timer.seconds(lambda: top_k(gradient, residual, k), reset, max(3, repeats // 4)))
    for what, work in others(residual, indices, values):
        attempt(what, size, ours, lambda work=work: timer.seconds(work, reset, max(3, repeats // 4)))
    return ours


CHUNK, CHUNK_KEEPS, CHUNK_BITS = 4096, 64, 12


def torch_top_k_in_chunks(gradient, residual):
    """The largest of every row: add, topk, gather, scatter."""
    rows = residual.add_(gradient).view(-1, CHUNK)
    _, indices = torch.topk(rows.abs(), CHUNK_KEEPS, dim=1, sorted=False)
    values = rows.gather(1, indices)
    rows.scatter_(1, indices, 0)
    return indices, values


def compare_chunks(timer, gradient, before, run, repeats):
    """Checks and times our top-k of every chunk with residual update, then PyTorch's."""
    gradient, before = (x[: x.numel() // CHUNK * CHUNK] for x in (gradient, before))
    entries = gradient.numel() // CHUNK * CHUNK_KEEPS
    words = torch.empty(entries * CHUNK_BITS // 32, dtype=torch.int32, device=gradient.device)
    values = torch.empty(entries, device=gradient.device)
    residual, theirs = before.clone(), before.clone()
    run(gradient, residual, words, values)
    torch_top_k_in_chunks(gradient, theirs)
    # Of equal magnitudes either may be taken: then what is left is the same, in another order.
    if not torch.equal(residual.view(-1, CHUNK).abs().sort().values, theirs.view(-1, CHUNK).abs().sort().values):
        sys.exit("the selection of every chunk is wrong")
    reset = lambda: residual.copy_(before)
    ours = timer.seconds(lambda: run(gradient, residual, words, values), reset, repeats)
    attempt("PyTorch: add, topk of rows, gather, scatter", gradient.numel(), ours,
            lambda: timer.seconds(lambda: torch_top_k_in_chunks(gradient, residual), reset, max(3, repeats // 4)))
    return ours


def on_gpu(library, quick):
    gpu = Gpu()
    bandwidth = gpu.copy_bandwidth()
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, copy {bandwidth * 1e-12:.2f} TB/s")
    print(f"  {gpu.caches.text}")
    for size, density in list(GPU_SIZES.items())[: 1 if quick else None]:
        k = round(size * density)
        gradient, before = make_data(size, "cuda")
        workspace = torch.empty(library.workspace_bytes(size, k), dtype=torch.uint8, device="cuda")
        library("simrun_cuda_prepare", gpu.stream, workspace, size, k)

        def run(residual, indices, values):
            library("simrun_cuda_top_k", gpu.stream, workspace, gradient, residual, size, k, indices, values)

        def others(residual, indices, values):
            yield "add, abs, CUB DeviceTopK, gather, fill", cub_work(
                library, gpu, "simrun_cub_top_k", gradient, residual, k, k)
            yield "add, abs, CUB radix sort, gather, fill", cub_work(
                library, gpu, "simrun_cub_sort", gradient, residual, k, size)

        ours = compare_top_k(library, gpu, gradient, before, k, run, others, 40)
        print(f"    ours: {12 * size / bandwidth / ours:.2f} of the floor, 12 bytes an element")
        words = torch.empty((size + 31) // 32, dtype=torch.int32, device="cuda")
        pack = lambda: library("simrun_cuda_pack_signs", gpu.stream, workspace, gradient, size, words)
        pack()
        if not torch.equal(words.view(torch.uint8)[: size // 8], pack_signs(gradient[: size // 8 * 8])):
            sys.exit("the packed signs are wrong")
        ours = gpu.seconds(pack, lambda: None, 40)
        attempt("PyTorch: sign and bit packing", size, ours,
                lambda: gpu.seconds(lambda: pack_signs(gradient), lambda: None, 10))
        print(f"    ours: {4.125 * size / bandwidth / ours:.2f} of the floor, 4.125 bytes an element")
        chunks = lambda g, r, words, values: library(
            "simrun_cuda_chunked_top_k", gpu.stream, workspace, g, r, g.numel(), CHUNK, CHUNK_KEEPS, words, values)
        ours = compare_chunks(gpu, gradient, before, chunks, 40)
        print(f"    ours: {12 * size / bandwidth / ours:.2f} of the floor, 12 bytes an element")


def once(library):
    """Our functions on the GPU, untimed: for a profiler."""
    stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
    for size in (min(GPU_SIZES), max(GPU_SIZES)):
        k = round(size * GPU_SIZES[size])
        gradient, residual = make_data(size, "cuda")
        workspace = torch.empty(library.workspace_bytes(size, k), dtype=torch.uint8, device="cuda")
        indices = torch.empty(k, dtype=torch.int32, device="cuda")
        values = torch.empty(k, dtype=torch.float32, device="cuda")
        words = torch.empty((size + 31) // 32, dtype=torch.int32, device="cuda")
        library("simrun_cuda_prepare", stream, workspace, size, k)
        library("simrun_cuda_top_k", stream, workspace, gradient, residual, size, k, indices, values)
        library("simrun_cuda_pack_signs", stream, workspace, gradient, size, words)
        whole = size // CHUNK * CHUNK
        library("simrun_cuda_chunked_top_k", stream, workspace, gradient, residual, whole, CHUNK, CHUNK_KEEPS,
                torch.empty(whole // CHUNK * CHUNK_KEEPS * CHUNK_BITS // 32, dtype=torch.int32, device="cuda"),
                torch.empty(whole // CHUNK * CHUNK_KEEPS, device="cuda"))
    torch.cuda.synchronize()


def cub_work(library, gpu, name, gradient, residual, k, count):
    """Adds, takes magnitudes and has CUB's `name` find `count` pairs, of which the first k are gathered and cleared."""
    order = torch.arange(gradient.numel(), dtype=torch.int32, device="cuda")
    magnitudes = torch.empty_like(gradient)
    keys = torch.empty(count, dtype=torch.float32, device="cuda")
    indices = torch.empty(count, dtype=torch.int32, device="cuda")
    needed = ctypes.c_uint64()
    limit = [k] if name == "simrun_cub_top_k" else []

    def call(workspace):
        arguments = [magnitudes, order, gradient.numel(), *limit, keys, indices]
        library(name, gpu.stream, workspace, ctypes.byref(needed), *arguments)

    def work():
        residual.add_(gradient)
        torch.abs(residual, out=magnitudes)
        if not needed.value:
            call(None)
            work.workspace = torch.empty(needed.value, dtype=torch.uint8, device="cuda")
        call(work.workspace)
        chosen = indices[:k].long()
        residual.gather(0, chosen)
        residual.index_fill_(0, chosen, 0)

    return work


def on_processor(library, quick):
    timer, threads, k = Processor(), torch.get_num_threads(), CPU_SIZE // 1000
    print(f"processor, {threads} threads, PyTorch {torch.__version__}")
    print(f"  {timer.caches.text}")
    gradient, before = make_data(CPU_SIZE, "cpu")
    repeats = 5 if quick else 15

    def run(residual, indices, values):
        library("simrun_cpu_top_k", gradient, residual, CPU_SIZE, k, threads, indices, values)

    def others(residual, indices, values):
        nth = lambda: library("simrun_cpu_nth_element", gradient, residual, CPU_SIZE, k, indices, values)
        yield "std::nth_element on pairs, 1 thread", nth

    compare_top_k(library, timer, gradient, before, k, run, others, repeats)
    words = torch.empty(CPU_SIZE // 32, dtype=torch.int32)
    pack = lambda: library("simrun_cpu_pack_signs", gradient, CPU_SIZE, threads, words)
    pack()
    if not torch.equal(words.view(torch.uint8), pack_signs(gradient)):
        sys.exit("the packed signs are wrong")
    attempt("PyTorch: sign and bit packing", CPU_SIZE, timer.seconds(pack, lambda: None, repeats),
            lambda: timer.seconds(lambda: pack_signs(gradient), lambda: None, max(3, repeats // 4)))
    chunks = lambda g, r, words, values: library(
        "simrun_cpu_chunked_top_k", g, r, g.numel(), CHUNK, CHUNK_KEEPS, threads, words, values)
    compare_chunks(timer, gradient, before, chunks, repeats)
    codecs.compare(library, timer, attempt, gradient, before, k, threads, repeats)


def why_no_gpu(library):
    """Why nothing can be run on a GPU; None where it can."""
    if not torch.cuda.is_available():
        return "PyTorch finds none"
    return None if library.has_cuda() else "the library was built without CUDA"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", help="libside_by_side.so")
    parser.add_argument("--device", choices=["cpu", "gpu"], help="only there (default: on both)")
    parser.add_argument("--quick", action="store_true", help="only the smallest size")
    parser.add_argument("--once", action="store_true", help="our functions on the GPU, untimed")
    arguments = parser.parse_args()
    if torch is None:
        sys.exit("skipped: this python3 has no PyTorch (Debian: python3-torch for /usr/bin/python3; or pip install torch)")
    library = Library(arguments.library)
    no_gpu = why_no_gpu(library)
    if no_gpu and (arguments.once or arguments.device == "gpu"):
        sys.exit(f"GPU: not run, {no_gpu}")
    if arguments.once:
        once(library)
        return
    print(f"  {'instead of ours':44} {'elements':>11}  {'ours':>13} {'theirs':>15}   ratio")
    if arguments.device != "gpu":
        on_processor(library, arguments.quick)
    if arguments.device == "cpu":
        return
    if no_gpu:
        print(f"GPU: not run, {no_gpu}")
    else:
        on_gpu(library, arguments.quick)


if __name__ == "__main__":
    main()
