#!/usr/bin/env python3
"""What users of PyTorch bring: models by analysis/model_table.py and in safetensors files, and times by
analysis/compute_times.py from traces that PyTorch's profiler writes here.

usage: pytorch_files.py SIMRUN

Skipped (status 77) where this Python has no PyTorch.
"""

import contextlib
import csv
import gzip
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import textwrap

try:
    import torch
except ImportError as error:
    print(f"skipped: {error} (Debian: python3-torch)")
    sys.exit(77)

ANALYSIS = pathlib.Path(__file__).resolve().parent.parent / "analysis"
sys.path.insert(0, str(ANALYSIS))
import compute_times  # noqa: E402
import model_table  # noqa: E402

SIMRUN = str(pathlib.Path(sys.argv[1]).resolve())
TYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}


class Network(torch.nn.Module):
    """Modules made in another order than they are used in, a scale of shape (), tied weights, frozen and unused ones."""

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(12, 5, bias=False)
        self.unused = torch.nn.Linear(2, 2)
        self.scale = torch.nn.Parameter(torch.tensor(2.0))
        self.norm = torch.nn.BatchNorm1d(12)
        self.body = torch.nn.Linear(7, 12)
        self.frozen = torch.nn.Linear(7, 7).requires_grad_(False)
        self.tied = self.head

    def forward(self, x):
        return self.tied(self.norm(self.body(self.frozen(x)) * self.scale))


ORDER = ["body.weight", "body.bias", "scale", "norm.weight", "norm.bias", "head.weight", "unused.weight", "unused.bias"]
SHAPES = [(12, 7), (12,), (), (12,), (12,), (5, 12), (2, 2), (2,)]


def check(holds, what):
    if not holds:
        raise AssertionError(what)


def simrun(folder, scenario):
    """The rows of points.csv."""
    (folder / "s.json").write_text(json.dumps(scenario))
    ended = subprocess.run([SIMRUN, "s.json", "-o", "out", "--fresh"], cwd=folder, capture_output=True, text=True)
    check(ended.returncode == 0, ended.stderr)
    return list(csv.DictReader((folder / "out/points.csv").open()))


def scenario(model, compute, **more):
    return {"workers": 4, "model": model, "batch_per_worker": 8, "compute": compute, "device": "p102-100",
            "network": {"bandwidth": "1 Gbit/s", "latency": "50 \u03bcs"}, "methods": [{"name": "sgd"}], **more}


# Models


def table_in_forward_order(folder):
    network = Network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    table = model_table.model_table(network, [torch.randn(3, 7)], "small")
    check([name for name, _ in table.tensors] == ORDER, table.tensors)
    check([shape for _, shape in table.tensors] == SHAPES, table.tensors)
    check(table.parameters == 84 + 12 + 1 + 24 + 60 + 6, table.parameters)
    check(all(torch.equal(value, before[name]) for name, value in network.state_dict().items()), "the module changed")
    check(table.assumed == [
        "left out: 3 buffers (norm.running_mean, norm.running_var, norm.num_batches_tracked)",
        "left out: 2 frozen parameters (frozen.weight, frozen.bias)",
        "counted once: head.weight and tied.weight, which are tied",
        "put last: 2 parameters (unused.weight, unused.bias) not used in the forward pass",
    ], table.assumed)
    without = model_table.model_table(network)
    made = [name for name, _ in without.tensors]
    check(without.assumed[-1] == "a forward pass may use the parameters in another order; with inputs it is that", without)
    check(made[:2] == ["scale", "head.weight"] and sorted(made) == sorted(ORDER), made)
    model_table.write_model(table, folder / "model.json")
    rows = simrun(folder, scenario("model.json", {"forward": "1 ms", "backward": "2 ms"}))
    check(int(rows[0]["parameters"]) == table.parameters, rows)


def table_of_operations_that_take_parameters_apart(_folder):
    """Attention and recurrent layers hand their parameters to functions; no module is called for them."""
    attention = torch.nn.TransformerEncoderLayer(8, 2, 16)
    used = [name for name, _ in model_table.model_table(attention, [torch.zeros(3, 2, 8)]).tensors]
    check(len(used) == len(list(attention.parameters())), used)
    check(used.index("self_attn.in_proj_weight") < used.index("self_attn.out_proj.weight") < used.index("linear1.weight")
          < used.index("linear2.weight"), used)
    recurrent = torch.nn.LSTM(3, 4, num_layers=2)
    used = [name for name, _ in model_table.model_table(recurrent, [torch.zeros(5, 2, 3)]).tensors]
    check(used.index("weight_ih_l0") < used.index("weight_ih_l1"), used)


def table_from_the_command_line(folder):
    (folder / "mine.py").write_text("import torch\ndef make():\n    return torch.nn.Embedding(10, 4)\nnumber = int\n")
    program = [sys.executable, str(ANALYSIS / "model_table.py")]

    def run(*arguments):
        return subprocess.run([*program, *arguments], cwd=folder, capture_output=True, text=True)

    done = run("mine:make", "--inputs", "int:2,3", "-o", "mine.json")
    check(done.returncode == 0 and done.stderr.startswith("40 parameters in 1 tensors, ordered as a forward pass"), done)
    table = json.loads((folder / "mine.json").read_text())
    check((table["name"], table["tensors"]) == ("mine", [{"name": "weight", "shape": [10, 4]}]), table)
    done = run("mine:make")
    check(done.returncode == 0 and "with inputs it is that" in done.stderr, done)
    check(json.loads((folder / "model.json").read_text())["name"] == "Embedding", done)
    for named, accepted in {"mine.py:make": "mine:make;", "nets/mine.py:make": "mine:make with 'nets' in PYTHONPATH;"}.items():
        check(f"names a file; accepted: {accepted}" in run(named).stderr, run(named))
    (folder / "images.py").write_text("import torch\ndef make():\n    return torch.nn.Linear(4, 2)\ndef fails():\n    return {}[1]\n")
    for arguments, said in {("mine:make", "8,6"): "--inputs 8,6; accepted: --inputs int:8,6;",
                            ("images:make", "int:8,4"): "--inputs int:8,4; accepted: --inputs 8,4;",
                            ("images:make", "8,3"): "--inputs 8,3 fails: RuntimeError: mat1 and mat2 shapes cannot"}.items():
        done = run(arguments[0], "--inputs", arguments[1])
        check((done.returncode, done.stderr.count("\n")) == (2, 1) and said in done.stderr, done)
    for arguments in ([], ["mine"], ["mine.py:make"], ["none:make"], [".mine:make"], ["mine:none"], ["mine:number"], ["mine:make", "--inputs", "2,x"],
                      ["mine:make", "--inputs", "0"], ["mine:make", "-o", "no/m.json"], ["images:fails"]):
        done = run(*arguments)
        check((done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), (arguments, done))


def safetensors_of(tensors):
    """The bytes of a safetensors file, made by hand: 8 bytes of length, a header in JSON, data."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        raw = bytes(tensor.detach().contiguous().reshape(-1).view(torch.uint8).tolist()) if tensor.numel() else b""
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": TYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def state_in_safetensors(folder):
    """A whole state_dict: buffers are left out, tied weights are there twice unless they are saved once."""
    network = Network()
    state = {name: value for name, value in network.state_dict().items() if not name.startswith("tied")}
    state["body.weight"] = state["body.weight"].bfloat16()
    (folder / "state.safetensors").write_bytes(safetensors_of(state))
    compute = {"forward": "1 ms", "backward": "2 ms"}
    rows = simrun(folder, scenario("state.safetensors", compute))
    frozen = 7 * 7 + 7  # a file does not say what is frozen
    check(int(rows[0]["parameters"]) == model_table.model_table(network).parameters + frozen, rows)


def gradients_in_safetensors(folder):
    """Of two workers, by tensor, in two precisions: payloads are those of the same gradients in one array."""
    network = Network()
    table = model_table.model_table(network, [torch.randn(3, 7)], "small")
    model_table.write_model(table, folder / "model.json")
    flat = []
    for worker in range(2):
        network.zero_grad()
        network(torch.randn(6, 7)).square().mean().backward()
        parameters = dict(network.named_parameters())
        zero = {name: torch.zeros(shape) for name, shape in table.tensors}
        gradients = {name: zero[name] if parameters[name].grad is None else parameters[name].grad for name in zero}
        gradients = {name: gradient.bfloat16() for name, gradient in gradients.items()}
        flat.append(torch.cat([gradient.reshape(-1) for gradient in gradients.values()]))
        (folder / f"worker-{worker}.safetensors").write_bytes(safetensors_of(dict(reversed(gradients.items()))))
    (folder / "all.safetensors").write_bytes(safetensors_of({"gradients": torch.stack(flat).float()}))
    methods = [{"name": "sgd"}, {"name": "sparse-signsgd", "density": 0.1}, {"name": "top-k", "k": 20, "index": "delta"}]
    of = [simrun(folder, scenario("model.json", {"forward": "1 ms", "backward": "2 ms"}, workers=2, methods=methods,
                                  gradients={"source": "files", "files": [files]}))
          for files in ("worker-*.safetensors", "all.safetensors")]
    check(of[0] == of[1], of)


# Times


def traced(network, steps, folder):
    """The profiler's trace of so many steps, and the model's file."""
    inputs = torch.randn(16, 7)
    model_table.write_model(model_table.model_table(network, [inputs]), folder / "model.json")
    optimiser = torch.optim.SGD([each for each in network.parameters() if each.requires_grad], lr=0.01)
    labels = compute_times.StepLabels(network)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as trace:
        for _ in range(steps):
            with labels.forward():
                loss = network(inputs).square().mean()
            with labels.backward():
                loss.backward()
            with labels.update():
                optimiser.step()
                optimiser.zero_grad()
    labels.remove()
    trace.export_chrome_trace(str(folder / "trace.json"))
    return folder / "trace.json"


def times_by_the_loop_in_the_help(folder):
    """As it stands: steps of warm-up are left out, and a buffer of floats in a file of the model is named."""
    network = Network()
    lines = compute_times.__doc__.split("\n    from compute_times", 1)[1].split("\n\nThe five steps", 1)[0]
    loop = textwrap.dedent("    from compute_times" + lines)
    batches = [(torch.randn(16, 7), torch.randn(16, 5))] * 20
    optimiser = torch.optim.SGD([each for each in network.parameters() if each.requires_grad], lr=0.01)
    with contextlib.chdir(folder):
        exec(loop, {"model": network, "batches": batches, "criterion": torch.nn.MSELoss(), "optimiser": optimiser})
    check(len(spans_of(folder / "trace.json")) == 11, spans_of(folder / "trace.json"))
    state = {name: network.state_dict()[name] for name in ORDER}
    (folder / "m.safetensors").write_bytes(safetensors_of(state | {"body.mask": torch.ones(12, 7)}))
    program = [sys.executable, str(ANALYSIS / "compute_times.py"), "trace.json", "m.safetensors", "-o", "c.json"]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True)
    check(done.returncode == 0 and "no time: 3 (body.mask, unused.bias, unused.weight)" in done.stderr, done)
    simrun(folder, scenario("m.safetensors", "c.json"))


def spans_of(trace):
    """The three parts of each step in ns, read without compute_times."""
    read = json.loads(trace.read_text())
    events = read["traceEvents"] if isinstance(read, dict) else read
    labels = sorted((event["ts"], event["name"], event["dur"]) for event in events
                    if event.get("name") in compute_times.PARTS)
    durations = [round(dur * 1000) for _, _, dur in labels]
    return [tuple(durations[i:i + 3]) for i in range(0, len(durations), 3)]


def times_of_a_real_trace(folder):
    """The sums are the spans of one step, that of the median time, and simrun computes as long."""
    trace = traced(Network(), 5, folder)
    times = compute_times.compute_times(trace, ORDER)
    spans = spans_of(trace)
    check(len(spans) == 5, spans)
    check((times.forward, times.backward, times.update) in spans, (times, spans))
    check(all(time >= 0 for time in times.backward_by_tensor), times)
    check(times.backward_by_tensor[6:] == [0, 0], "tensors that are not used take time")
    check(sum(time > 0 for time in times.backward_by_tensor) >= 2, times)
    check(any("no time: 2 (unused.weight" in line for line in times.assumed), times.assumed)
    check(any("of 5, whose time is the median" in line for line in times.assumed), times.assumed)
    rows = simrun(folder, scenario("model.json", times.as_json()))
    total = (times.forward + times.backward + times.update) * 1e-9
    check(abs(float(rows[0]["compute_s"]) - total) < 1e-6 * total, (rows, total))


def times_from_the_command_line(folder):
    trace = traced(Network(), 1, folder)
    (folder / "trace.json.gz").write_bytes(gzip.compress(trace.read_bytes()))
    for name, text in {"no.json": "{", "list.json": "[1]", "empty.json": "[]", "text.json": '{"traceEvents": "x"}'}.items():
        (folder / name).write_text(text)
    (folder / "other.json").write_text(json.dumps({"name": "m", "tensors": [{"name": "x", "shape": [1]}]}))

    def run(*arguments):
        program = [sys.executable, str(ANALYSIS / "compute_times.py"), *arguments]
        return subprocess.run(program, cwd=folder, capture_output=True, text=True)

    done = run("trace.json.gz", "model.json")
    check(done.returncode == 0, done)
    check(json.loads(done.stdout) == compute_times.compute_times(trace, ORDER).as_json(), done)
    written = run("trace.json", "model.json", "-o", "compute.json")
    check(written.stdout == "" and (folder / "compute.json").read_text() == done.stdout, written)
    named = simrun(folder, scenario("model.json", "compute.json"))
    check(named == simrun(folder, scenario("model.json", json.loads(done.stdout))), named)
    for arguments in ([], ["trace.json"], ["none.json", "model.json"], ["no.json", "model.json"],
                      ["list.json", "model.json"], ["empty.json", "model.json"], ["text.json", "model.json"],
                      ["trace.json", "none.json"], ["trace.json", "trace.json"], ["trace.json", "other.json"],
                      ["trace.json", "model.json", "-o", "no/c.json"]):
        done = run(*arguments)
        check((done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), (arguments, done))


TESTS = (table_in_forward_order, table_of_operations_that_take_parameters_apart, table_from_the_command_line,
         state_in_safetensors, gradients_in_safetensors, times_of_a_real_trace, times_by_the_loop_in_the_help,
         times_from_the_command_line)

if __name__ == "__main__":
    torch.manual_seed(1)
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    for test in TESTS:
        with tempfile.TemporaryDirectory() as temporary:
            test(pathlib.Path(temporary).resolve())
        print(f"passed: {test.__name__.replace('_', ' ')}")
