#!/usr/bin/env python3
"""Fits simrun to MergeComp's published figures and predicts the other points of its set-up.

usage: mergecomp.py [-o DIR] [--quick]

Read are published/mergecomp_2021.csv and .json: scaling factors T_n / (n T_1) of ResNet50 at 2 to 8 GPUs.
  1. The bandwidth that a GPU gets, for each number of GPUs, is fitted to the fp32 baseline there.
  2. For each method two constants are fitted to its two points at 2 GPUs, layer-wise and merged: the start of a group
     and the time an element, of encoding and one decoding together. None is below 0. How they are divided between
     encoding and decoding is the device profile v100's.
  3. Layer-wise and merged runs at 4 and 8 GPUs, and all of ResNet101, are predicted.
  4. This is repeated with other times of one GPU, which are not published, with a baseline in buckets, and with all
     coding in the encoding, none in the decoding.
Every number is of simrun. One job at a time: about 12 minutes, with --quick 2.

Written into DIR (default: published/):
  mergecomp_2021.csv              its column network.bandwidth; into DIR only where it is published/
  devices/mergecomp_v100.json     a device profile with the fitted constants
  mergecomp_constants.csv         the constants, and what is predicted of the points they were fitted to
  mergecomp_predictions.csv       model,method,grouping,gpus,scaling_factor (in percent)
  mergecomp_sensitivity.csv       the same, for what was assumed otherwise
--quick leaves out the fourth step, mergecomp_sensitivity.csv and mergecomp_constants.csv.
$SIMRUN names the program (default: ./simrun).
Exit status: 0 done, 1 a run failed, 2 wrong input; one line on stderr says what.
"""

import csv
import io
import json
import math
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import fitting
import one_line
import tables

FOLDER = tables.ROOT / "analysis" / "published"
TABLE, SCENARIO = FOLDER / "mergecomp_2021.csv", FOLDER / "mergecomp_2021.json"
V100 = tables.ROOT / "platforms" / "devices" / "v100-pytorch.json"
GPUS = [2, 4, 8]
FORMS = {"layer-wise": "tensor", "merged": {"search": "mergecomp"}}  # names of the table's labels, and groupings
BUCKETS = [{"bucket": "64 MB"}, {"bucket": "25 MB"}]  # of the baseline, each at least so large
BASELINE = "fp32"
# The codec that a method's times are called by in a profile; and v100's operation that its division is taken from.
CODECS = {
    "fp16": "dense16", "dgc": "sampled-pairs", "top-k": "top-k", "rand-k": "random-entries", "qsgd": "qsgd",
    "ef-signsgd": "scaled-signs", "signsgd": "gathered-signs", "onebit": "two-means", "signum": "momentum-signs",
}  # fmt: skip
FP16_SHARE = 6 / 16  # encoding moves 6 bytes an element, decoding 10; v100 has no times of them
GRID = [2**i for i in range(29)]  # elements that a profile has times of
LEAST = 1e-12  # seconds; a profile has no times of 0
FIRST = (2e-4, 1e-10)  # where a fit begins: seconds a group, seconds an element
STEP = (1e-5, 2e-11)  # of finite differences: 1.6 ms of ResNet50's 161 tensors, 0.5 ms of its elements
CLOSE = 2e-4  # of the logarithm of a scaling factor: 0.01 points of 50
ROUNDS = 14  # of a fit, at most

# What is assumed: milliseconds of one GPU alone by model, what travels together in the baseline, and how a coding is
# divided: as the profile v100 has it, or all of it encoding.
Case = namedtuple("Case", ["t1", "fusion", "division"])


def cases_of(t1):
    """The case of the table, and the others, each of which changes one assumption."""
    first = Case(t1, "model", "v100")
    changed = [("resnet50", 2 / 3), ("resnet50", 4 / 3), ("resnet101", 2 / 3), ("resnet101", 4 / 3)]
    times = [first._replace(t1=t1 | {model: t1[model] * by}) for model, by in changed]
    fusions = [first._replace(fusion=buckets) for buckets in BUCKETS]
    return [first, *times, *fusions, first._replace(division="encoding")]


def what_is_fitted(case):
    """Cases of which this is equal have the same bandwidths and constants."""
    return case.t1["resnet50"], as_text(case.fusion), case.division


# Reading


def read():
    """Rows of the table; methods as a scenario has them, by name; milliseconds of one GPU by model."""
    scenario = tables.read_scenario(SCENARIO)
    rows = tables.read_table(TABLE, scenario)
    methods, t1 = {}, {}
    for row in rows:
        entry = next(entry for entry in scenario["methods"] if entry["name"] == row["method"])
        precision = row.get("methods.0.precision")
        methods[row["label"].split()[0]] = entry | ({"precision": precision} if precision else {})
        t1[row["model"]] = sum(float(row[f"compute.{part}"].removesuffix(" ms")) for part in ("forward", "backward"))
    return rows, methods, t1


def measured_at(rows, model="resnet50"):
    """Published scaling factors in percent: {(label, GPUs): factor}."""
    return {(row["label"], row["workers"]): 100 * row["measured"][1] for row in rows if row["model"] == model}


# Running


def efficiencies(case, model, gpus, bandwidth, methods, profile="v100"):
    """Simulated scaling factors in percent, one for each entry of `methods`, in their order."""
    settings = computing(case, model) | {"model": model, "network.bandwidth": bandwidth, "device": profile}
    settings["methods"] = json.dumps(methods)
    points = tables.run_points(SCENARIO, settings, [gpus], ["-j", "1"])
    if len(points) != len(methods):
        raise tables.TableError(f"{SCENARIO}: {len(points)} points were run; required: {len(methods)}", 1)
    return [100 * float(point["scaling_efficiency"]) for point in points]


def computing(case, model):
    """Settings of the times of one GPU: a third is the forward pass."""
    t1 = case.t1[model]
    return {"compute.forward": f"{t1 / 3:.6f} ms", "compute.backward": f"{2 * t1 / 3:.6f} ms"}


def as_text(grouping):
    return grouping if isinstance(grouping, str) else json.dumps(grouping)


def both_forms(case, model, gpus, bandwidth, methods, profile):
    """Scaling factors of methods, layer-wise and merged: {name: (one, other)}."""
    entries = [entry | {"grouping": grouping} for entry in methods.values() for grouping in FORMS.values()]
    found = efficiencies(case, model, gpus, bandwidth, entries, profile) if entries else []
    return dict(zip(methods, zip(found[::2], found[1::2])))


# Profiles


def parts_of(division):
    """By method the parts of a start and of the time an element that are encoding's. `division` is "encoding", all, or
    "v100": as that profile has them at 1 and at the last of its elements. Its top-k has no start, which is divided as
    that of rand-k, since both decode alike."""
    if division == "encoding":
        return dict.fromkeys(CODECS, (1, 1))
    operations = tables.read_scenario(V100)["operations"]

    def part(codec, at):
        encode, decode = (operations[f"{stage}.{codec}"] for stage in ("encode", "decode"))
        if at == 0:
            return encode["seconds"][0] / (encode["seconds"][0] + decode["seconds"][0])
        each = [table["seconds"][-1] / table["axes"]["elements"][-1] for table in (encode, decode)]
        return each[0] / sum(each)

    parts = {name: (part(codec, 0), part(codec, -1)) for name, codec in CODECS.items() if name != "fp16"}
    parts["top-k"] = (parts["rand-k"][0], parts["top-k"][1])
    return parts | {"fp16": (FP16_SHARE, FP16_SHARE)}


def profile_of(constants, parts):
    """A device profile as JSON has it: what an encoding and a decoding take is start + elements * time an element."""
    operations = {}
    for name, (start, each) in constants.items():
        for stage, own in (("encode", parts[name]), ("decode", tuple(1 - part for part in parts[name]))):
            seconds = [float(f"{max(LEAST, own[0] * start + own[1] * each * n):.6g}") for n in GRID]
            operations[f"{stage}.{CODECS[name]}"] = {
                "provenance": "published",
                "source": f"fitted to MergeComp's scaling factors of {name} at 2 GPUs (arXiv 2103.15195)",
                "axes": {"elements": GRID},
                "seconds": seconds,
            }
    return {
        "format": 2,
        "name": "mergecomp-v100",
        "device": "NVIDIA Tesla V100, 900 GB/s",
        "software": "PyTorch as of 2021, MergeComp's code",
        "implementation": "pytorch",
        "provenance": "published",
        "source": "analysis/mergecomp.py: two constants a method, fitted with an assumed time of one GPU",
        "bandwidth": "900 GB/s",
        "operations": operations,
    }


def json_of(profile):
    """The profile with each list on one line."""
    lists = {}

    def mark(value):
        if isinstance(value, dict):
            return {key: mark(inner) for key, inner in value.items()}
        if isinstance(value, list):
            lists[f'"list {len(lists)}"'] = json.dumps(value)
            return f"list {len(lists) - 1}"
        return value

    text = json.dumps(mark(profile), indent=2)
    for name, line in lists.items():
        text = text.replace(name, line, 1)
    return text + "\n"


# Fitting


def fit_bandwidths(case, rows):
    """The bandwidth a GPU gets, as text, by number of GPUs: from the baselines of ResNet50."""
    found = {}
    for gpus in GPUS:
        row = next(row for row in rows if (row["label"], row["model"], row["workers"]) == (BASELINE, "resnet50", gpus))
        row = row | {"settings": row["settings"] | computing(case, "resnet50") | {"schedule.grouping": as_text(case.fusion)}}
        row["settings"] |= {"network.bandwidth": "3 GB/s", "device": "v100"}
        found[gpus] = fitting.best_value(TABLE, SCENARIO, "network.bandwidth", [row], ["-j", "1"])
    return found


def fit_constants(measured, simulate, say=lambda text: None):
    """Two constants of at least 0 for each method, so that what `simulate` says of them is near `measured`.

    `measured` is {name: (layer-wise, merged)} in percent, `simulate` takes {name: (start, time an element)} in seconds
    and returns the like of `measured`. Least are the squares of log(simulated / measured): by Gauss-Newton steps with
    finite differences, all methods at once. A step that does not lower the squares is tried again at a third of its
    length. Returns the constants and what is simulated with them."""
    best = {name: FIRST for name in measured}
    there = simulate(best)
    away = {name: residuals(there[name], measured[name]) for name in measured}
    length = dict.fromkeys(measured, 1.0)
    for turn in range(ROUNDS):
        left = [name for name in measured if max(map(abs, away[name])) > CLOSE and length[name] > 0.01]
        say(f"round {turn}: {len(left)} of {len(measured)} methods left")
        if not left:
            break
        slopes = slopes_at({name: best[name] for name in left}, {name: there[name] for name in left}, simulate)
        trial = {name: moved(best[name], bounded_step(best[name], away[name], slopes[name]), length[name]) for name in left}
        for name, simulated in simulate(trial).items():
            now = residuals(simulated, measured[name])
            if squares(now) < squares(away[name]):
                best[name], there[name], away[name], length[name] = trial[name], simulated, now, 1.0
            else:
                length[name] /= 3
    return best, there


def residuals(simulated, measured):
    return [math.log(one / other) for one, other in zip(simulated, measured)]


def squares(values):
    return sum(value * value for value in values)


def slopes_at(at, there, simulate):
    """Changes of the logarithms with each constant: {name: [[d layer-wise, d merged] by start, the same by element]}."""
    columns = []
    for i in range(2):
        beside = simulate({name: tuple(x + (STEP[i] if j == i else 0) for j, x in enumerate(at[name])) for name in at})
        columns.append({name: [d / STEP[i] for d in residuals(beside[name], there[name])] for name in at})
    return {name: [column[name] for column in columns] for name in at}


def bounded_step(at, away, slopes):
    """The step of both constants that makes the linear model's squares least with neither constant below 0."""
    (a, c), (b, d) = slopes  # of both points by the start, and by the time an element
    determinant = a * d - b * c
    steps = []
    if abs(determinant) > 1e-12 * abs(a * d):
        steps.append(((-d * away[0] + b * away[1]) / determinant, (c * away[0] - a * away[1]) / determinant))
    for fixed, column in ((0, slopes[1]), (1, slopes[0])):  # one of them at 0
        rest = [r - at[fixed] * slope for r, slope in zip(away, slopes[fixed])]
        free = max(-at[1 - fixed], -sum(r * s for r, s in zip(rest, column)) / max(squares(column), 1e-30))
        steps.append((-at[0], free) if fixed == 0 else (free, -at[1]))
    allowed = [step for step in steps if all(x + dx >= -1e-18 for x, dx in zip(at, step))]
    return min(allowed, key=lambda step: squares([r + a_ * step[0] + b_ * step[1] for r, a_, b_ in zip(away, *slopes)]))


def moved(at, step, length):
    return tuple(max(0.0, x + length * dx) for x, dx in zip(at, step))


# Predicting


def fit_case(case, rows, methods, folder, say):
    """Bandwidths by number of GPUs, constants by method, and simulated factors of the points that they were fitted to."""
    bandwidths = fit_bandwidths(case, rows)
    say("bandwidth of a GPU: " + ", ".join(f"{value} of {gpus}" for gpus, value in bandwidths.items()))
    published = measured_at(rows)
    measured = {name: tuple(published[f"{name} {form}", 2] for form in FORMS) for name in CODECS}
    parts = parts_of(case.division)

    def simulate(constants):
        profile = written(profile_of(constants, parts), folder)
        return both_forms(case, "resnet50", 2, bandwidths[2], {name: methods[name] for name in constants}, profile)

    return bandwidths, *fit_constants(measured, simulate, say)


def written(profile, folder):
    """The name of a file in `folder` that holds the profile."""
    file = Path(folder) / "profile.json"
    tables.write_file(file, json_of(profile))
    return file


def predictions(case, bandwidths, profile, methods, models=("resnet50", "resnet101")):
    """Rows (model, method, grouping, GPUs, factor in percent): what was not fitted."""
    coded = {name: methods[name] for name in CODECS}
    rows = []
    for model in models:
        for gpus in GPUS if model == "resnet101" else GPUS[1:]:
            base = methods[BASELINE] | {"grouping": case.fusion}
            [factor] = efficiencies(case, model, gpus, bandwidths[gpus], [base])
            rows.append((model, BASELINE, "fused", gpus, factor))
            for name, factors in both_forms(case, model, gpus, bandwidths[gpus], coded, profile).items():
                rows += [(model, name, form, gpus, factor) for form, factor in zip(FORMS, factors)]
    return rows


# Writing


COLUMNS = ["model", "method", "grouping", "gpus", "scaling_factor"]
ASSUMED = ["resnet50_t1_ms", "resnet101_t1_ms", "baseline_groups", "coding"]
CONSTANTS = [*ASSUMED[:1], *ASSUMED[2:], "method", "start_us", "element_ns", *FORMS, *(f"bandwidth_{gpus}" for gpus in GPUS)]


def assumed(case):
    """Cells of the columns ASSUMED."""
    groups = case.fusion if isinstance(case.fusion, str) else case.fusion["bucket"]
    return [f"{case.t1['resnet50']:g}", f"{case.t1['resnet101']:g}", groups, case.division]


def constants_rows(case, bandwidths, constants, there):
    """Microseconds a group, nanoseconds an element, and simulated factors in percent at 2 GPUs."""
    t1, _, *others = assumed(case)
    return [
        [t1, *others, name, f"{1e6 * start:.1f}", f"{1e9 * each:.4f}", *as_texts(there[name]), *bandwidths.values()]
        for name, (start, each) in constants.items()
    ]


def as_texts(cells):
    return [f"{cell:.2f}" if isinstance(cell, float) else cell for cell in cells]


def csv_of(header, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_cases(cases, rows, methods):
    """Fits by what_is_fitted(), and by number of the case its predictions as rows of text."""
    fits, found = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases, 1):
            say(f"case {number} of {len(cases)}: " + ", ".join(map(" ".join, zip(ASSUMED, assumed(case)))))
            key = what_is_fitted(case)
            models = ("resnet101",) if key in fits else ("resnet50", "resnet101")
            if key not in fits:
                fits[key] = fit_case(case, rows, methods, folder, say)
            bandwidths, constants, _ = fits[key]
            profile = written(profile_of(constants, parts_of(case.division)), folder)
            found.append([as_texts(row) for row in predictions(case, bandwidths, profile, methods, models)])
    return fits, found


def run(out, quick):
    """All of it. Raises TableError."""
    rows, methods, t1 = read()
    cases = cases_of(t1)[: 1 if quick else None]
    fits, found = run_cases(cases, rows, methods)
    by_fit = {what_is_fitted(case): case for case in reversed(cases)}
    known = [row for key, fit in fits.items() for row in constants_rows(by_fit[key], *fit)]
    changed = [assumed(case) + row for case, rows in zip(cases[1:], found[1:]) for row in rows]
    bandwidths, constants, _ = fits[what_is_fitted(cases[0])]
    (out / "devices").mkdir(exist_ok=True)
    if out.resolve() == FOLDER:
        fitting.write_column(TABLE, "network.bandwidth", {str(gpus): value for gpus, value in bandwidths.items()}, "workers")
    tables.write_file(out / "devices" / "mergecomp_v100.json", json_of(profile_of(constants, parts_of(cases[0].division))))
    tables.write_file(out / "mergecomp_predictions.csv", csv_of(COLUMNS, found[0]))
    if not quick:
        tables.write_file(out / "mergecomp_constants.csv", csv_of(CONSTANTS, known))
        tables.write_file(out / "mergecomp_sensitivity.csv", csv_of([*ASSUMED, *COLUMNS], changed))


def main():
    parser = one_line.parser_of(__doc__, "mergecomp.py [-o DIR] [--quick]")
    parser.add_argument("-o", "--out", type=Path, default=FOLDER, metavar="DIR")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if not arguments.out.is_dir():
        parser.error(f"-o: {str(arguments.out)!r} is no folder")
    with one_line.ended_by(tables.TableError):
        run(arguments.out, arguments.quick)


if __name__ == "__main__":
    main()
