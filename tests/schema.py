#!/usr/bin/env python3
"""Checks scenarios/scenario.schema.json, which editors use, against the program and against scenarios.

usage: schema.py SIMRUN

  - it is what `simrun schema` prints, and a valid schema of its draft,
  - every shipped scenario refers to it and is valid by it, and so is every sound scenario of bad_input/,
  - it refuses every scenario of bad_input/ whose own values are wrong one by one: unknown keys and words, numbers out of
    range, texts without a unit, wrong types. Rules between fields are the reader's alone.
Exits with 77 where the validator, Debian's python3-jsonschema, is not installed.
"""

import json
import pathlib
import re
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parent
SCENARIOS = TESTS.parent / "scenarios"
SCHEMA = SCENARIOS / "scenario.schema.json"
CASES = TESTS / "bad_input" / "cases"
# Folders of shipped scenarios, and how those refer to the schema.
SHIPPED = {SCENARIOS: SCHEMA.name} | {
    TESTS.parent / "analysis" / folder: f"../../scenarios/{SCHEMA.name}" for folder in ("scenarios", "published")
}

# How the program words what a schema can see.
VISIBLE = re.compile(
    r"unknown key|unknown value|out of range|has no unit|is no (duration|bandwidth|size);|is not a whole number"
    r"|is missing; required: |accepted: (text|true or false|a list|an object with)|the list is (too short|empty)"
    r"|keeps every entry|cannot combine"
)
EXCEPT = {
    "collective_unfit_with_two_way",
    "collective_unfit_without_two_way",  # which collectives fit depends on `two_way`
    "method_sent_indices_in_ring",  # which collectives fit depends on `indices`
    "quantity_overflow",  # written as a bandwidth is
    "quantity_overflow_after_unit",
    "sweep_device_scaled_bandwidth",  # below `device`, whose inside depends on what it is
}


def problems(program, jsonschema):
    printed = subprocess.run([program, "schema"], check=True, capture_output=True, text=True).stdout
    if not SCHEMA.is_file() or SCHEMA.read_text(encoding="utf-8") != printed:
        yield f"{SCHEMA.name} is not what `simrun schema` prints; to mend it: ./simrun schema > scenarios/{SCHEMA.name}"
    schema = json.loads(printed)
    validator_class = jsonschema.validators.validator_for(schema, default=None)
    if validator_class is None:
        yield f"unknown draft {schema['$schema']}"
        return
    validator_class.check_schema(schema)
    validator = validator_class(schema)
    yield from unfit(validator)
    yield from unseen(validator)


def unfit(validator):
    """Sound scenarios that the schema refuses."""
    shipped = [file for folder in SHIPPED for file in sorted(set(folder.glob("*.json")) - {SCHEMA})]
    for file in [*shipped, *sorted(CASES.glob("sound*.json"))]:
        scenario = json.loads(file.read_text(encoding="utf-8"))
        for error in validator.iter_errors(scenario):
            yield f"{file.name}: {'.'.join(map(str, error.path))}: {error.message}"
        if file in shipped and next(iter(scenario.items())) != ("$schema", SHIPPED[file.parent]):
            yield f'{file.name}: does not begin with "$schema": "{SHIPPED[file.parent]}"'


def unseen(validator):
    """Mistakes that the schema lets pass, though it should see them."""
    expected = (TESTS / "bad_input" / "expected.txt").read_text(encoding="utf-8")
    tried = 0
    for name, said in re.findall(r"^(\w+) \| (.*)$", expected, re.MULTILINE):
        file = CASES / f"{name}.json"
        if name in EXCEPT or not file.is_file() or not said.startswith(f"{file.name}: ") or not VISIBLE.search(said):
            continue
        tried += 1
        if validator.is_valid(json.loads(file.read_text(encoding="utf-8"))):
            yield f"{file.name}: accepted by the schema; the program says {said}"
    print(f"{tried} wrong scenarios tried")
    if tried < 50:
        yield "expected at least 50: does the program word its mistakes otherwise?"


def main():
    try:
        import jsonschema
    except ImportError:
        print(f"skipped: {sys.executable} has no jsonschema (Debian: apt-get install python3-jsonschema)")
        return 77
    found = list(problems(sys.argv[1], jsonschema))
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
