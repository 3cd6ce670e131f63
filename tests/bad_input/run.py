#!/usr/bin/env python3
"""Gives simrun input with one mistake each and compares what it says with expected.txt.

usage: run.py [--update] [--only TEXT] SIMRUN

Every mistake must give status 2, exactly one line on stderr, nothing on stdout and no file or folder. A case is
  - a scenario cases/NAME.json, named for its mistake; models, devices, platforms and gradients lie in subfolders,
  - or a file that git cannot hold well, which make_files() makes,
  - or a command line, of command_lines().
Scenarios cases/sound*.json have no mistake and must be accepted: they show that the others fail for their one mistake.

A new case is a new file (or a line below) and its line in expected.txt. --update writes down what the program says now
wherever status, stdout and folder are right, for a person to review the difference.
"""

import argparse
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
CASES = HERE / "cases"
EXPECTED = HERE / "expected.txt"
TIMEOUT = 20  # seconds
HEADER = """\
# What simrun says about each case of run.py: NAME | FILE: PATH: what is wrong; what is accepted
# FILE is relative to cases/ or to the folder of made files.
# [...] stands for words of SimGrid's, for this machine's memory and for lists that grow with every model and device.
"""


@dataclass
class Case:
    name: str
    kind: str
    arguments: list
    skip: str = ""  # why it cannot run here
    feed: bytes = b""  # standard input
    files: dict = field(default_factory=dict)  # content by name, in the working folder
    sound: bool = False


def scenarios():
    for file in sorted(CASES.glob("*.json")):
        sound = file.name.startswith("sound")
        yield Case(file.stem, "scenarios", [file, "--dry-run"] if sound else [file], sound=sound)


def make_files(folder):
    """Makes files in `folder`; yields their cases."""
    sound = json.loads((CASES / "sound.json").read_text())

    def made(name, content=None, arguments=(), **more):
        path = folder / f"{name}.json"
        if isinstance(content, dict):  # what differs from the sound scenario
            path.write_text(json.dumps({**sound, **content}))
        elif content is not None:
            path.write_bytes(content)
        return Case(name, "made files", list(arguments) or [path], **more)

    def lock(path):
        path.chmod(0)
        return "this user may read and write everything" if os.access(path, os.R_OK) else ""

    # Too small, too large, not a file.
    yield made("zero_bytes", b"")
    yield made("too_large", json.dumps(sound).encode().ljust(16_100_000))
    with (folder / "gigabyte_of_brackets.json").open("wb") as file:
        file.write(b"[" * 1_000_000)
        file.truncate(1_000_000_000)  # a hole: what is refused unread need not be written
    yield made("gigabyte_of_brackets")
    yield made("32_mb_of_brackets_in_pipe", arguments=["/dev/stdin"], feed=b"[" * 32_000_000)
    yield made("empty_pipe", arguments=["/dev/stdin"])
    yield made("dev_zero", arguments=["/dev/zero"])
    yield made("dev_null", arguments=["/dev/null"])
    yield made("missing")
    (folder / "folder.json").mkdir()
    yield made("folder")
    (folder / "link_to_itself.json").symlink_to("link_to_itself.json")
    yield made("link_to_itself")
    no_permission = made("no_permission", {})
    no_permission.skip = lock(no_permission.arguments[0])
    yield no_permission

    # The same for the files that a scenario names.
    (folder / "locked").write_bytes(b"{}")
    locked = lock(folder / "locked")
    os.mkfifo(folder / "pipe.npy")
    large = folder / "large.json"
    large.write_bytes(b"[")
    os.truncate(large, 1_000_000_000)
    npy = {"source": "npy"}
    yield made("model_no_permission", {"model": "./locked"}, skip=locked)
    yield made("device_no_permission", {"device": "./locked"}, skip=locked)
    yield made("platform_no_permission", {"network": {"platform": "locked"}}, skip=locked)
    yield made("npy_no_permission", {"gradients": {**npy, "files": ["locked"]}}, skip=locked)
    yield made("model_file_too_large", {"model": "large.json"})
    yield made("model_dev_zero", {"model": "/dev/zero"})
    yield made("device_dev_zero", {"device": "/dev/zero"})
    yield made("platform_dev_zero", {"network": {"platform": "/dev/zero"}})
    yield made("npy_dev_zero", {"gradients": {**npy, "files": ["/dev/zero"]}})
    yield made("npy_pipe", {"gradients": {**npy, "files": ["pipe.npy"]}})
    yield from safetensors(folder, made)
    yield from other_kinds(folder, made)

    # What users write does not break the line.
    yield made("line_end_in_value", {"model": "a\nb"})
    yield made("line_end_in_key", {"a\nb": 1})
    yield made("escape_in_value", {"device": "\x1b[31mred"})
    yield made("long_value", {"device": "x" * 300})
    yield made("nul_in_model", {"model": "resnet50\0.json"})
    yield made("nul_in_key", {"a\0b": 1})
    yield made("nul_after_scenario", json.dumps(sound).encode() + b"\0 and more")
    yield made("control_characters_in_value", {"device": "\x9b31m\u202egpj"})
    yield made("value_of_15_mb", {"device": "x" * 15_000_000})
    yield made("key_of_15_mb", {"x" * 15_000_000: 1})
    yield made("million_keys", {f"x{i}": 1 for i in range(1_000_000)})
    wide = {"name": "m", "tensors": [{"name": "a", "shape": [1]}] + [{"name": "t" * 7_000_000, "shape": [1]}] * 2}
    yield made("tensor_name_of_7_mb_twice", {"model": wide})
    os.mkfifo(folder / "named_pipe.json")
    yield made("named_pipe")
    yield made("model_named_pipe", {"model": "./named_pipe.json"})
    yield made("device_named_pipe", {"device": "./named_pipe.json"})
    yield made("platform_named_pipe", {"network": {"platform": "named_pipe.json"}})


def safetensors(folder, made):
    """Models and gradients in files whose headers promise what is not so; and patterns that fit none."""

    def file(name, header, data=b"", length=None):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        (folder / name).write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
        return name

    def tensor(begin, end, shape=(1,), dtype="F32"):
        return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}

    def model(name, *arguments, **more):
        return made(f"model_safetensors_{name}", {"model": file(f"{name}.safetensors", *arguments, **more)})

    one = {"a": tensor(0, 4)}
    (folder / "empty.safetensors").touch()
    yield made("model_safetensors_empty", {"model": "empty.safetensors"})
    yield model("length_huge", one, b"1234", length=2**63)
    yield model("length_too_long", one, b"1234", length=1000)
    yield model("not_json", b"{]")
    yield model("list", b"[1]")
    yield model("truncated", one, b"123")
    yield model("too_long", one, b"12345")
    yield model("overlapping", {"a": tensor(0, 4), "b": tensor(2, 6)}, b"123456")
    yield model("hole", {"a": tensor(0, 4), "b": tensor(5, 9)}, b"123456789")
    yield model("dtype_unknown", {"a": tensor(0, 4, dtype="F31")}, b"1234")
    yield model("dtype_number", {"a": tensor(0, 4, dtype=32)}, b"1234")
    yield model("size_wrong", {"a": tensor(0, 4, [2])}, b"1234")
    yield model("size_overflow", {"a": tensor(0, 4, [2**62, 2**62])}, b"1234")
    yield model("shape_negative", {"a": tensor(0, 4, [-1])}, b"1234")
    yield model("shape_huge", {"a": tensor(0, 2**42, [2**40])})
    yield model("name_twice", (b'{"a":%s,"a":%s}' % ((json.dumps(tensor(0, 4)).encode(),) * 2)), b"1234")
    yield model("deep", b'{"a":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}")
    yield model("control_characters", {"a\x1b[31m\n": 1})
    yield model("of_integers", {"a": tensor(0, 4, dtype="I32")}, b"1234")
    yield model("tensor_empty", {"a": tensor(0, 0, [0])})
    yield made("model_safetensors_missing", {"model": "none.safetensors"})

    def index(name, weights):
        (folder / f"{name}.safetensors.index.json").write_text(json.dumps({"weight_map": weights}))
        return made(f"model_index_{name}", {"model": f"{name}.safetensors.index.json"})

    file("part.safetensors", one, b"1234")
    yield index("list", [1])
    yield index("file_missing", {"a": "none.safetensors"})
    yield index("file_elsewhere", {"a": "../part.safetensors"})
    yield index("file_number", {"a": 1})
    yield index("tensor_missing", {"a": "part.safetensors", "b": "part.safetensors"})

    def gradients(name, *files):
        return made(f"gradients_{name}", {"gradients": {"source": "files", "files": list(files)}})

    def archive(name, **members):
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as file:
            for member, content in members.items():
                file.writestr(member.replace("_", "."), content)
        return name

    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 100), }\n"
    array = b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + b"\0\0\x80?" * 300
    yield gradients("safetensors_other_tensor", file("other.safetensors", {"a": tensor(0, 4), "b": tensor(4, 8)}, b"12345678"))
    yield gradients("safetensors_cut_off", file("cut.safetensors", one, length=1000))
    yield gradients("safetensors_of_integers", file("integers.safetensors", {"a": tensor(0, 4, dtype="I32")}, b"1234"))
    yield gradients("npz_without_arrays", archive("text.npz", a_txt="text"))
    yield gradients("npz_empty", archive("empty.npz"))
    damaged = bytearray((folder / archive("damaged.npz", a_npy=array)).read_bytes())
    damaged[60] ^= 1
    (folder / "damaged.npz").write_bytes(damaged)
    yield gradients("npz_damaged", "damaged.npz")
    (folder / "cut.npz").write_bytes(damaged[:-30])
    yield gradients("npz_cut_off", "cut.npz")
    yield gradients("of_other_workers", archive("three.npz", g_npy=array))
    four = array.replace(b"(3, 100)", b"(4, 100)")[:-1200] + struct.pack("<400f", *[1.0] * 399, 1e6)
    (folder / "beyond.npy").write_bytes(four)
    yield made("gradients_beyond_fp16", {"gradients": {"source": "files", "files": ["beyond.npy"], "precision": "fp16"}})
    yield gradients("pattern_fits_none", "none-*.npy")
    twice = [{"name": "top-k", "density": 0.1, "values": values} for values in ("fp16", "int8")]
    yield made("method_twice_by_swept_values", {"methods": twice, "sweep": {"values": ["fp32", "int4"]}})


def other_kinds(folder, made):
    """Files of one kind where another is wanted."""
    kinds = {
        "platform": b'<?xml version="1.0"?>\n<platform version="4.1"></platform>',
        "page": b"<!doctype html><html></html>",
        "gzip": b"\x1f\x8b\x08\0\0\0",
        "numpy": b"\x93NUMPY\x01\0\x10\0",
        "archive": b"PK\3\4" + bytes(30),
        "pickle": b"\x80\x02}q\0.",
        "idx": b"\0\0\x08\x03\0\0\0\x01",
        "safetensors": struct.pack("<Q", 2) + b"{}",
        "scenario": json.dumps({"workers": 4, "methods": []}).encode(),
        "report": json.dumps({"resolved": [], "points": []}).encode(),
        "training": json.dumps({"resolved": [], "summary": []}).encode(),
        "profile": json.dumps({"format": 1, "operations": {}}).encode(),
        "model": json.dumps({"name": "m", "tensors": []}).encode(),
        "index": json.dumps({"weight_map": {}}).encode(),
        "trace": json.dumps({"traceEvents": []}).encode(),
        "events": json.dumps([{"ph": "X", "ts": 1}]).encode(),
        "times": json.dumps({"forward": "1 s", "update": "1 s"}).encode(),
        "schema": json.dumps({"$schema": "x", "properties": {}}).encode(),
        "table": b"method,round,accuracy\n",
    }
    for kind, content in kinds.items():
        (folder / f"{kind}.kind").write_bytes(content)
        if kind != "scenario":
            yield made(f"scenario_is_{kind}", arguments=[folder / f"{kind}.kind"])
        yield made(f"results_are_{kind}", arguments=["report", folder / f"{kind}.kind"])
    for kind in ("scenario", "profile", "report", "archive", "trace"):
        yield made(f"model_is_{kind}", {"model": f"./{kind}.kind"})
    for kind in ("model", "trace"):
        yield made(f"compute_is_{kind}", {"compute": f"{kind}.kind"})
    (folder / "short.json").write_text('{"forward": "1 ms", "update": "1 ms"}')
    yield made("compute_of_file_with_mistake", {"compute": "short.json"})
    yield made("model_is_archive_beside", {"model": "archive.kind"})
    for kind in ("scenario", "model", "report", "safetensors"):
        yield made(f"device_is_{kind}", {"device": f"./{kind}.kind"})
    for kind in ("scenario", "model", "gzip", "platform"):
        yield made(f"gradients_are_{kind}", {"gradients": {"source": "files", "files": [f"{kind}.kind"]}})
    for kind in ("scenario", "model", "page"):
        yield made(f"platform_is_{kind}", {"network": {"platform": f"{kind}.kind"}})
    for kind in ("safetensors", "trace", "numpy"):  # larger than what is read of JSON
        (folder / f"large_{kind}.kind").write_bytes(kinds[kind])
        os.truncate(folder / f"large_{kind}.kind", 5_000_000_000)
        yield made(f"scenario_is_large_{kind}", arguments=[folder / f"large_{kind}.kind"])
        yield made(f"model_is_large_{kind}", {"model": f"./large_{kind}.kind"})
        yield made(f"results_are_large_{kind}", arguments=["report", folder / f"large_{kind}.kind"])
    (folder / "done").mkdir()
    (folder / "done/report.json").write_bytes(kinds["report"])
    yield made("scenario_is_results", arguments=[folder / "done"])
    (folder / "planned").mkdir()
    (folder / "planned/plan.json").write_text("{}")
    yield made("scenario_is_results_of_plan", arguments=["plan", folder / "planned"])


def command_lines():
    sound = CASES / "sound.json"
    file = {"file": ""}
    cpu = ["calibrate", "--device", "cpu"]

    def case(name, *arguments, **more):
        return Case(name, "command lines", list(arguments), **more)

    def override(name, text):
        return case(name, sound, "--set", text)

    yield case("option_unknown", sound, "--worker", "4")
    yield case("option_unknown_short", sound, "-x")
    yield case("scenario_left_out")
    yield case("scenario_left_out_with_option", "--dry-run")
    yield case("scenario_empty", "")
    yield case("scenario_is_no_command", "lists")
    yield case("two_scenarios", sound, sound)
    yield case("set_without_equals", sound, "--set", "workers")
    yield case("set_without_path", sound, "--set", "=4")
    yield case("set_without_anything", sound, "--set")
    yield override("set_unknown_path", "wrokers=4")
    yield override("set_unknown_nested_path", "network.bandwith=1 Gbps")
    yield override("set_value_out_of_range", "workers=0")
    yield override("set_value_empty", "workers=")
    yield override("set_value_text", "workers=many")
    yield override("set_number_without_unit", "network.bandwidth=10")
    yield override("set_method_index_out_of_range", "methods.9.density=0.1")
    yield override("set_method_by_name", "methods.top-k.density=0.1")
    yield override("set_density_out_of_range", "methods.1.density=2")
    yield override("set_below_number", "workers.count=4")
    yield override("set_sweep_empty", "sweep.workers=[]")
    yield override("set_model_missing", "model=none.json")
    yield override("set_double_dot", "network..latency=1 us")
    yield override("set_deep_value", "workers=" + "[" * 100_000)
    yield override("set_value_nul", 'name="a\\u0000b"')
    yield override("set_value_key_twice", 'network={"bandwidth": "1 Gbps", "bandwidth": "2 Gbps"}')
    yield override("set_value_no_utf8", b"name=\xff")
    yield case("scenario_no_utf8", b"\xff.json")
    yield case("out_no_utf8", sound, "-o", b"r\xff")
    yield case("report_no_utf8", "report", b"r\xff")
    yield case("train_no_utf8", "train", sound, "-o", b"r\xff")
    yield override("set_bandwidth_absurd", "network.bandwidth=1e18 B/s")
    yield override("set_latency_absurd", "network.latency=1e-15 s")
    yield override("set_latency_of_days", "network.latency=1e6 s")
    yield override("set_uplink_latency_absurd",
                   'network={"topology": "tree", "bandwidth": "1 Gbps", "latency": "1 us", "hosts_per_switch": 2, '
                   '"uplink_bandwidth": "1 Gbps", "uplink_latency": "1e-12 s"}')
    yield case("points_csv_is_folder", sound, "-o", "out", files={"out/points.csv/file": ""})
    yield case("lock_is_folder", sound, "-o", "out", files={"out/.lock/file": ""})
    yield case("jobs_zero", sound, "--jobs", "0")
    yield case("jobs_negative", sound, "--jobs", "-1")
    yield case("jobs_text", sound, "--jobs", "many")
    yield case("jobs_fraction", sound, "-j", "1.5")
    yield case("jobs_without_number", sound, "--jobs")
    for name, text in [("out_of_range", "9/8"), ("zero", "0/8"), ("negative", "-1/8"), ("text", "first"), ("empty", ""),
                       ("without_count", "1/"), ("number", "1"), ("huge", "1/99999999999999999999")]:
        yield case(f"shard_{name}", sound, "--shard", text)
    yield case("shard_left_out", sound, "--shard")
    yield case("shard_and_fresh", sound, "--shard", "1/2", "--fresh")
    yield case("out_empty", sound, "-o", "")
    yield case("merge_without_scenario", "merge")
    yield case("merge_out_missing", "merge", sound, "-o", "none")
    yield case("merge_results_missing", "merge", sound, "none", "-o", "out")
    yield case("merge_results_is_file", "merge", sound, "file", "-o", "out", files=file)
    yield case("merge_results_without_points", "merge", sound, "file", "-o", "out", files={"file/points": ""})
    yield case("merge_no_utf8", "merge", sound, b"r\xff")
    yield case("merge_shard", "merge", sound, "--shard", "1/2")
    yield case("shard_merge", "--shard", "1/2", "merge", sound)
    swept = ["--set", 'sweep={"density": [0.1]}']
    yield case("set_density_of_swept", sound, *swept, "--set", "methods.1.density=0.5")
    yield case("fresh_with_value", sound, "--fresh=perhaps")
    yield case("format_unknown", sound, "--format", "xml")
    yield case("out_without_folder", sound, "-o")
    yield case("out_parent_is_file", sound, "-o", "file/results", files=file)
    yield case("out_is_file", sound, "-o", "file", files=file)
    yield case("results_is_file", sound, files={"results": ""})
    yield case("list_unknown_kind", "list", "metods")
    yield case("schema_with_argument", "schema", "top-k")
    yield case("calibrate_unknown_device", "calibrate", "--device", "tpu")
    yield case("calibrate_device_left_out", "calibrate", "--device")
    yield case("calibrate_cuda_without_gpu", "calibrate", "--device", "cuda",
               skip="this machine has a GPU" if os.path.exists("/dev/nvidiactl") else "")
    yield case("calibrate_with_scenario", "calibrate", sound)
    yield case("calibrate_with_option_of_runs", "calibrate", "--dry-run")
    yield case("calibrate_any_device_out_is_folder", "calibrate", "-o", ".")
    yield case("calibrate_out_empty", *cpu, "-o", "")
    yield case("calibrate_out_left_out", *cpu, "-o")
    yield case("calibrate_out_is_folder", *cpu, "-o", ".")
    yield case("calibrate_out_no_file", *cpu, "-o", "/dev/null")
    yield case("calibrate_out_without_folder", *cpu, "-o", "none/cpu.json")
    yield case("calibrate_out_below_file", *cpu, "-o", "file/cpu.json", files=file)
    yield case("calibrate_out_in_proc", *cpu, "-o", "/proc/cpu.json")
    yield case("calibrate_out_name_too_long", *cpu, "-o", "x" * 300)
    yield case("calibrate_budget_zero", *cpu, "--budget", "0")
    yield case("calibrate_budget_negative", *cpu, "--budget", "-3")
    yield case("calibrate_budget_text", *cpu, "--budget", "abc")
    yield case("calibrate_budget_fraction", *cpu, "--budget", "1.5")
    yield case("calibrate_budget_nan", *cpu, "--budget", "nan")
    yield case("calibrate_budget_too_large", *cpu, "--budget", "1e99")
    yield case("calibrate_budget_left_out", *cpu, "--budget")
    yield case("calibrate_most_elements_zero", *cpu, "--most-elements", "0")
    yield case("calibrate_most_elements_negative", *cpu, "--most-elements", "-1")
    yield case("calibrate_most_elements_power", *cpu, "--most-elements", "2^27")
    yield case("calibrate_most_elements_exponent", *cpu, "--most-elements", "1e6")
    yield case("calibrate_most_elements_too_large", *cpu, "--most-elements", "4294967297")
    yield case("calibrate_precision_unknown", *cpu, "--precision", "fp8")
    yield case("calibrate_precision_of_cpu", *cpu, "--precision", "fp16")
    yield case("calibrate_precision_of_pytorch", *cpu, "--implementation", "pytorch", "--precision", "bf16")
    yield case("calibrate_device_empty", "calibrate", "--device", "")
    yield case("calibrate_two_devices", *cpu, "--device", "cuda")
    yield case("calibrate_with_set", "--set", "workers=3", "calibrate")
    yield case("two_commands", "list", "schema", "calibrate")
    yield case("scenario_with_command", sound, "list")
    yield case("measure_out_empty", "measure", sound, "-o", "")
    yield from answers(case)
    yield from reports(case)
    yield from trainings(case)
    yield case("relative_path", "zero.json", files={"zero.json": (CASES / "density_zero.json").read_text()})
    yield case("dry_run_npy_missing", CASES / "npy_missing.json", "--dry-run")
    yield case("dry_run_with_format", sound, "--dry-run", "--format", "json")


def answers(case):
    """`simrun plan`, `compare` and `explain` on scenarios and folders with a mistake."""
    sound = json.loads((CASES / "sound.json").read_text())

    def plan(name, plan, *arguments, files=(), **change):
        scenario = {**sound, **change, "plan": plan}
        return case(f"plan_{name}", "plan", "s.json", *arguments, files={"s.json": json.dumps(scenario), **dict(files)})

    yield case("plan_scenario_left_out", "plan")
    yield case("plan_scenario_missing", "plan", "none.json")
    yield case("plan_scenario_with_mistake", "plan", CASES / "density_zero.json")
    yield plan("list", [])
    yield plan("unknown_key", {"target_efficiency": 0.9})
    yield plan("target_empty", {"target": {}})
    yield plan("two_targets", {"target": {"efficiency": 0.9, "loss": 1}})
    yield plan("efficiency_too_large", {"target": {"efficiency": 1.5}})
    yield plan("accuracy_without_curves", {"target": {"accuracy": 0.9}})
    yield plan("curves_without_target", {"curves": "s.json"})
    yield plan("methods_unknown", {"methods": ["topk"]})
    yield plan("methods_empty", {"methods": []})
    yield plan("methods_word", {"methods": "all"})
    yield plan("density_text", {"density": ["0.1"]})
    yield plan("collective_unknown", {"collective": ["rings"]})
    yield plan("collective_fits_none", {"methods": ["sgd"], "collective": ["allgather-ring"]})
    yield plan("grouping_unknown", {"methods": ["sgd"], "grouping": ["layer"]})
    yield plan("implementation_unknown", {"methods": ["sgd"], "implementation": ["jax"]})
    yield plan("memory_number", {"memory": 4})
    yield plan("sweep_of_workers", {}, sweep={"workers": [2, 4]})
    yield plan("swept", {}, sweep={"plan.density": [[0.1]]})
    yield plan("out_below_file", {"methods": ["sgd"]}, "-o", "file/out", files={"file": ""})
    yield plan("out_has_folder", {"methods": ["sgd"]}, "-o", "out", files={"out/plan.csv/file": ""})
    curves = {"target": {"accuracy": 0.9}, "curves": "c.csv"}
    for name, text in [("missing", None), ("empty", ""), ("without_rows", "method,round,accuracy\n"),
                       ("unknown_method", "method,round,accuracy\nsdg,1,0.1\n"),
                       ("without_round", "method,accuracy\nsgd,0.1\n"),
                       ("with_text", "method,round,accuracy\nsgd,first,0.1\n"),
                       ("without_accuracy", "method,round,loss\nsgd,1,0.1\n"),
                       ("with_short_line", "method,round,accuracy\nsgd,1\n"),
                       ("with_open_quote", "method,round,accuracy\n\"sgd,1,1\n")]:
        yield plan(f"curves_{name}", curves, files={} if text is None else {"c.csv": text})
    yield case("compare_one", "compare", CASES / "sound.json")
    yield case("compare_folder_without_report", "compare", "r", "r", files={"r/points.csv": ""})
    yield case("compare_missing", "compare", CASES / "sound.json", "none.json")
    yield case("compare_set_unknown", "compare", CASES / "sound.json", CASES / "sound.json", "--set", "wrokers=4")
    yield case("compare_set_of_folder", "compare", CASES / "sound.json", "r", "--set", "workers=4", files={"r/report.json": ""})
    yield case("compare_option_unknown", "compare", CASES / "sound.json", CASES / "sound.json", "--fresh")
    other = {**sound, "methods": [{"name": "qsgd"}]}
    yield case("compare_nothing_in_common", "compare", CASES / "sound.json", "s.json",
               files={"s.json": json.dumps(other)})
    yield case("fidelity_left_out", "fidelity")
    yield case("fidelity_missing", "fidelity", "none.json")
    yield case("fidelity_folder", "fidelity", ".")
    yield case("fidelity_set_unknown", "fidelity", CASES / "sound.json", "--set", "wrokers=4")
    yield case("explain_left_out", "explain")
    yield case("explain_missing", "explain", "none.json")
    yield case("explain_point_missing", "explain", CASES / "sound.json", "99")
    yield case("explain_label_missing", "explain", CASES / "sound.json", "allreduce")
    yield case("explain_set_unknown", "explain", CASES / "sound.json", "--set", "wrokers=4")
    yield case("explain_folder_without_report", "explain", "r", files={"r/points.csv": ""})
    report = {"scenario": sound, "resolved": [], "seed": None, "versions": {"simrun": "0", "simgrid": "0"},
              "network_model": "x", "devices": [], "interval": [], "points": [], "failed": []}
    rarely = {"s.json": json.dumps({**sound, "methods": [{"name": "diloco"}]})}
    yield case("schedule_local_steps", "schedule", "s.json", files=rarely)
    yield case("schedule_left_out", "schedule")
    yield case("schedule_missing", "schedule", "none.json")
    yield case("schedule_set_unknown", "schedule", CASES / "sound.json", "--set", "wrokers=4")
    yield case("schedule_max_groups_zero", "schedule", CASES / "sound.json", "--max-groups", "0")
    yield case("schedule_out_below_file", "schedule", CASES / "sound.json", "-o", "f/out", files={"f": ""})
    yield case("explain_report_of_other_points", "explain", "r", files={"r/report.json": json.dumps(report)})


def pages_of_answers(case):
    """`simrun report` on what is not quite of `simrun train` or of `simrun plan`."""
    summary = {"method": "x", "workers": 1, "density": None, "learning_rate": 0.1, "entry": 0, "model": "x",
               "accuracy": 0.5, "seeds": 1}
    training = {"scenario": {}, "versions": {"simrun": "0"}, "data": [], "summary": [summary], "steps": [summary],
                "failed": []}
    plan = {"scenario": {}, "versions": {"simrun": "0"}, "answer": ["x"], "turns": [], "alternatives": [],
            "left_out": [], "without_target": [], "interval_leaves_out": [],
            "points": {"simulated": 1, "from_before": 0}}
    turn = {"axis": "x", "now": "1", "direction": "above", "value": 1, "shown": "1", "by": "x", "reason": "", "left_out": [1]}

    def page(name, file, content):
        return case(f"report_{name}", "report", "r", files={f"r/{file}": json.dumps(content), "r/curves.csv": ""})

    yield page("training_list", "training.json", [])
    yield page("training_without_steps", "training.json", {key: training[key] for key in training if key != "steps"})
    yield page("training_accuracy_text", "training.json", {**training, "summary": [{**summary, "accuracy": "high"}]})
    yield page("training_with_empty_curves", "training.json", training)
    yield case("report_training_without_curves", "report", "r", files={"r/training.json": json.dumps(training)})
    yield page("plan_number", "plan.json", 5)
    yield page("plan_without_alternatives", "plan.json", plan)
    yield page("plan_cluster_text", "plan.json", {**plan, "alternatives": [{}], "cluster": {"model": 1}})
    yield page("plan_answer_number", "plan.json", {**plan, "alternatives": [{}]})
    yield page("plan_turn_text", "plan.json", {**plan, "turns": ["x"]})
    yield page("plan_turn_of_numbers", "plan.json", {**plan, "turns": [turn]})
    yield case("explain_folder_of_training", "explain", "r", files={"r/training.json": json.dumps(training), "r/curves.csv": ""})


def reports(case):
    """`simrun report` on what is no results folder, and on report.json files with a mistake."""
    point = dict.fromkeys("""workers parameters payload_bytes result_bytes sent_bytes received_bytes compute_s encode_s
        communication_s decode_s iteration_s samples_per_s scaling_efficiency speedup_over_sgd
        staging_s""".split(), 1)
    point |= dict.fromkeys(["k", "density", "index", "iteration_low_s", "iteration_high_s"])
    point |= dict.fromkeys(["method", "collective", "model", "device", "network_model", "source"], "x")
    whole = {"scenario": {}, "resolved": [], "seed": None, "versions": {"simrun": "0", "simgrid": "0"},
             "network_model": "x", "devices": [], "interval": [], "points": [point], "failed": []}

    def report(name, text, *arguments):
        text = text if isinstance(text, str) else json.dumps(text)
        return case(f"report_{name}", "report", "r", *arguments, files={"r/report.json": text, "file": ""})

    yield case("report_results_left_out", "report")
    yield case("report_folder_missing", "report", "none")
    yield case("report_folder_empty_name", "report", "")
    yield case("report_folder_is_file", "report", "file", files={"file": ""})
    yield case("report_folder_without_report", "report", "r", files={"r/points.csv": ""})
    yield case("report_folder_of_training", "report", "r", files={"r/training.json": "", "r/curves.csv": ""})
    yield case("report_two_folders", "report", "r", "r")
    yield from pages_of_answers(case)
    yield report("empty", "")
    yield report("not_json", "{")
    yield report("list", [])
    yield report("scenario_instead", {"workers": 4})
    yield report("versions_number", {**whole, "versions": 2})
    yield report("version_missing", {**whole, "versions": {}})
    yield report("resolved_text", {**whole, "resolved": ["x"]})
    yield report("device_text", {**whole, "devices": ["cpu"]})
    yield report("failure_without_cause", {**whole, "failed": [{"point": 0, "method": "sgd", "workers": 4, "swept": {}}]})
    yield report("point_text", {**whole, "points": ["x"]})
    yield report("point_without_column", {**whole, "points": [{"method": "sgd"}]})
    yield report("interval_number", {**whole, "interval": [5]})
    yield report("coding_number", {**whole, "coding": [5]})
    yield report("left_out_text", {**whole, "interval_leaves_out": "coding"})
    yield report("break_even_text", {**whole, "points": [{**point, "encode_break_even_s": "1 s"}]})
    yield report("point_time_text", {**whole, "points": [point, {**point, "iteration_s": "1 s"}]})
    yield report("point_method_null", {**whole, "points": [{**point, "method": None}]})
    yield report("out_left_out", whole, "-o")
    yield report("out_empty", whole, "-o", "")
    yield report("out_is_folder", whole, "-o", "r")
    yield report("out_is_report", whole, "-o", "r/report.json")
    yield report("out_no_file", whole, "-o", "/dev/full")
    yield report("out_without_folder", whole, "-o", "none/page.html")
    yield report("out_name_too_long", whole, "-o", "x" * 300)
    yield report("out_below_file", whole, "-o", "file/page.html")


def trainings(case):
    """`simrun train` on scenarios and data that do not go together, and on data with a mistake."""
    sound = json.loads((CASES / "sound_training.json").read_text())

    def idx(kind, shape, values):
        header = "\0\0" + chr(kind) + chr(len(shape)) + "".join("\0\0\0" + chr(length) for length in shape)
        return header + "".join(map(chr, values))

    images, labels = idx(8, (4, 2, 2), range(16)), idx(8, (4,), (0, 1, 2, 3))
    data = {f"images/{which}-{what}": text for which in ("train", "t10k")
            for what, text in (("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels))}

    def train(name, change=(), files=(), arguments=()):
        text = json.dumps({**sound, **dict(change)})
        return case(f"train_{name}", "train", "s.json", *arguments, files={"s.json": text, **data, **dict(files)})

    def training(name, **change):
        return train(name, {"training": {**sound["training"], **change}})

    def damaged(name, file, text):
        return train(name, files={f"images/{file}": text})

    yield case("train_scenario_left_out", "train")
    yield case("train_without_training", "train", CASES / "sound.json")
    yield case("train_scenario_with_mistake", "train", CASES / "training_rounds_zero.json")
    yield train("out_below_file", files={"file": ""}, arguments=("-o", "file/out"))
    yield train("jobs_zero", arguments=("-j", "0"))
    yield train("out_empty", arguments=("-o", ""))
    yield train("format_unknown", arguments=("--format", "xml"))
    yield training("data_unknown", data="none")
    yield training("data_missing", data="./none")
    yield training("data_is_file", data="./s.json")
    yield training("adversaries_are_none", adversaries={"share": 0.2})
    yield train("rounds_fewer_than_local_steps", {"methods": [{"name": "sgd", "local_steps": 3}]})
    yield training("labels_no_divisor", split={"labels_per_worker": 3})
    yield training("labels_do_not_go_with_workers", split={"labels_per_worker": 1})
    yield train("more_workers_than_samples", {"workers": 5})
    yield train("batch_of_more_than_samples", {"batch_per_worker": 5})
    yield train("batch_of_more_than_is_not_held_out",
                {"batch_per_worker": 4, "training": {**sound["training"], "learning_rate": [0.1, 0.2]}})
    wide = [{"name": "a.weight", "shape": [10**11, 4]}, {"name": "a.bias", "shape": [10**11]},
            {"name": "b.weight", "shape": [4, 10**11]}, {"name": "b.bias", "shape": [4]}]
    yield train("model_larger_than_memory", {"model": {"name": "wide", "tensors": wide}, "methods": [{"name": "sgd"}]})
    yield train("model_is_no_classifier", {"model": "resnet50"})
    yield train("model_of_other_images", {"model": "mlp-mnist"})
    yield damaged("images_empty", "train-images-idx3-ubyte", "")
    yield damaged("images_not_idx", "train-images-idx3-ubyte", "images, images")
    yield damaged("images_of_floats", "train-images-idx3-ubyte", idx(13, (4, 2, 2), range(16)))
    yield damaged("images_are_labels", "train-images-idx3-ubyte", labels)
    yield damaged("images_cut_off", "t10k-images-idx3-ubyte", images[:-1])
    yield damaged("images_too_long", "t10k-images-idx3-ubyte", images + "x")
    yield damaged("labels_too_few", "train-labels-idx1-ubyte", idx(8, (3,), (0, 1, 2)))
    yield damaged("label_never_trained", "t10k-labels-idx1-ubyte", idx(8, (4,), (0, 1, 2, 4)))
    yield damaged("images_to_test_larger", "t10k-images-idx3-ubyte", idx(8, (4, 2, 3), range(24)))


def contents(folder):
    """What lies in a folder, so that changes show."""
    paths = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in paths}


@dataclass
class Result:
    said: str = ""
    problems: list = field(default_factory=list)


def start(program, case, work):
    """What the program did, or None if it took too long."""
    # Profiles that were measured on this machine stay out of the way.
    own = {"HOME": f"{work.parent}/home", "XDG_CACHE_HOME": f"{work.parent}/cache", "LC_ALL": "C"}
    try:
        return subprocess.run([program, *case.arguments], cwd=work, env={**os.environ, **own}, input=case.feed,
                              capture_output=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return None


def run(program, case, made):
    result = Result()
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(temporary).resolve() / "work"
        work.mkdir()
        for name, content in case.files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(content)
        before = contents(work)
        done = start(program, case, work)
        after = contents(work)
    if done is None:
        result.problems.append(f"took more than {TIMEOUT} s")
        return result
    out, error = (stream.decode(errors="replace") for stream in (done.stdout, done.stderr))
    wanted = 0 if case.sound else 2
    if done.returncode != wanted:
        result.problems.append(f"status {done.returncode}, expected {wanted}: {error[:500]!r}")
    if after != before:
        result.problems.append(f"in the folder: {', '.join(after)}")
    if case.sound:
        return result
    if out:
        result.problems.append(f"on stdout: {out[:200]!r}")
    if error.count("\n") != 1 or not error.endswith("\n"):
        result.problems.append(f"not one line on stderr: {error[:500]!r}")
    else:
        result.said = error[:-1].replace(f"{CASES}/", "").replace(f"{made}/", "")
    return result


def read_expected():
    lines = [line for line in EXPECTED.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split(" | ", 1) for line in lines)


def write_expected(cases, expected):
    text = HEADER
    for kind in dict.fromkeys(case.kind for case in cases):
        text += f"\n# {kind}\n"
        names = [case.name for case in cases if case.kind == kind and case.name in expected]
        text += "".join(f"{name} | {expected[name]}\n" for name in names)
    EXPECTED.write_text(text)


def matches(said, expected):
    return re.fullmatch(".*".join(map(re.escape, expected.split("[...]"))), said) is not None


def compare(case, result, expected):
    """Everything that is wrong with the case."""
    problems = list(result.problems)
    if case.sound:
        return problems
    if case.name not in expected:
        problems.append(f"no line in {EXPECTED.name}; got\n    {result.said}")
    elif not matches(result.said, expected[case.name]):
        problems.append(f"wrong line\n    got      {result.said}\n    expected {expected[case.name]}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="write what the program says now into expected.txt")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases with TEXT in their name")
    parser.add_argument("simrun", type=pathlib.Path)
    arguments = parser.parse_args()
    program = arguments.simrun.resolve()

    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(os.cpu_count()) as pool:
        made = pathlib.Path(temporary).resolve()
        cases = [*scenarios(), *make_files(made), *command_lines()]
        names = [case.name for case in cases]
        if twice := {name for name in names if names.count(name) > 1}:
            parser.error(f"two cases have the same name: {', '.join(sorted(twice))}")
        chosen = [case for case in cases if arguments.only in case.name and not case.skip]
        results = dict(zip((case.name for case in chosen), pool.map(lambda case: run(program, case, made), chosen)))

    expected = read_expected()
    if arguments.update:
        for case in chosen:
            if not case.sound and not results[case.name].problems and compare(case, results[case.name], expected):
                expected[case.name] = results[case.name].said
        write_expected(cases, expected)
        expected = read_expected()
    passed = failed = 0
    for case in chosen:
        problems = compare(case, results[case.name], expected)
        passed, failed = (passed, failed + 1) if problems else (passed + 1, failed)
        if problems:
            print(f"failed: {case.name}: {' '.join(map(str, case.arguments))[:200]}", *problems, sep="\n  ")
    for name in expected.keys() - set(names):
        failed += 1
        print(f"failed: {name}: has a line in {EXPECTED.name} but is no case")
    skipped = [case for case in cases if case.skip and arguments.only in case.name]
    for case in skipped:
        print(f"skipped: {case.name}: {case.skip}")
    print(f"{passed} passed, {failed} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
