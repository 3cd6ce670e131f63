#!/usr/bin/python3
"""Opens the page of `simrun report` in a headless Chromium and uses it: what it draws is compared with points.csv.

usage: report_page.py SIMRUN FOLDER

Exit 77, with the reason, where Chromium, its driver or Selenium (Debian: chromium, chromium-driver, python3-selenium)
is missing. The pages and their screenshots are left in FOLDER, for people to look at.
"""

import csv
import json
import pathlib
import shutil
import subprocess
import sys
from itertools import product

try:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.dont_write_bytecode = True  # the sources' folder stays as it is
from browser import Browser  # noqa: E402
from train_interrupted import write_data  # noqa: E402

NAME = """</script><img src=x onerror="document.title='owned'"><!-- 'K' & "M" \u2028 é"""
SCENARIO = {
    "name": NAME,
    "workers": 4,
    "model": {"name": "small", "tensors": [{"name": "a", "shape": [200000]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "methods": [{"name": "sgd"}, {"name": "sgd", "precision": "fp16"}, {"name": "top-k"}, {"name": "gtop-k"},
                {"name": "signsgd-mv"}],
    "sweep": {"network.bandwidth": ["1 Gbps", "10 Gbps"], "workers": [1, 2, 4, 8, 16], "density": [0.001, 0.01, 0.1]},
}


PLANNED = {"methods": ["sgd", "top-k", "gtop-k", "signsgd-mv"]}
TRAINING = {
    "workers": 4,
    "model": {"name": "softmax", "tensors": [{"name": "fc.weight", "shape": [4, 64]}, {"name": "fc.bias", "shape": [4]}]},
    "batch_per_worker": 8,
    "compute": {"forward": "4 ms", "backward": "6 ms"},
    "network": {"bandwidth": "1 Gbps", "latency": "50 us"},
    "training": {"data": "./images", "rounds": 20, "evaluate_every": 5, "seeds": [1, 2], "target_accuracy": 0.3},
    "methods": [{"name": "sgd"}, {"name": "gtop-k", "density": 0.05, "training": {"learning_rate": [0.1, 0.3]}}],
    "sweep": {"workers": [2, 4]},
}

PHONE = 320  # pixels wide, the narrowest that are around


def check(what, got, expected):
    assert got == expected, f"{what}: got {got!r}, expected {expected!r}"


def number(text):
    return float(text) if text else None


def label(point):
    if point["method"] != "sgd":
        return point["method"]
    return "sgd, fp16" if float(point["payload_bytes"]) < 4 * float(point["parameters"]) else "sgd, fp32"


def series(points, x, y, bandwidth, keep):
    """The lines that a plot of `y` against `x` has, for the points that `keep` takes; what has no x goes across."""
    mine = [point for point in points if point["network.bandwidth"] == bandwidth and keep(point)]
    xs = sorted({float(point[x]) for point in mine if point[x]})
    lines = {}
    for point in mine:
        at = [float(point[x])] if point[x] else xs
        lines.setdefault(label(point), []).extend((value, float(point[y])) for value in at)
    return {name: sorted(line) for name, line in lines.items()}


def at_density(*densities):
    return lambda point: number(point["density"]) in (None, *densities)


def check_loading(browser, page):
    check("console", browser.complaints(), [])
    check("requests", browser.requests(), [page.resolve().as_uri()])
    check("heading", browser.run("return document.getElementById('title').textContent"), NAME)
    check("title", browser.run("return document.querySelector('title').textContent"), f"{NAME} - simrun")
    check("images", browser.run("return document.images.length"), 0)


def check_plot(browser, points):
    def expect(what, *arguments):
        check(what, browser.lines(), series(points, *arguments))

    expect("first plot", "workers", "iteration_s", "1 Gbps", at_density(0.01))
    browser.choose("#y", "samples/s of the cluster")
    expect("another y", "workers", "samples_per_s", "1 Gbps", at_density(0.01))
    browser.choose("#others select", "10 Gbps")
    expect("another bandwidth", "workers", "samples_per_s", "10 Gbps", at_density(0.01))
    browser.choose("#x", "density K/N")
    expect("another x", "density", "samples_per_s", "10 Gbps", lambda point: point["workers"] == "16")
    browser.chip("#methods", "top-k")
    expect("a method less", "density", "samples_per_s", "10 Gbps",
           lambda point: point["workers"] == "16" and point["method"] != "top-k")
    browser.find("#methods").find_element(By.XPATH, ".//button[.='none']").click()
    check("no method", browser.lines(), {})
    browser.find("#methods").find_element(By.XPATH, ".//button[.='all']").click()
    browser.choose("#x", "workers M")
    expect("all methods", "workers", "samples_per_s", "10 Gbps", at_density(0.01))
    browser.chip("#sparsities", "0.001")
    names = {"sgd, fp32", "sgd, fp16", "signsgd-mv"}
    names |= {f"{method}, K/N {density}" for method, density in product(("top-k", "gtop-k"), ("0.001", "0.01"))}
    check("two densities", set(browser.lines()), names)
    legend = [item.text for item in browser.driver.find_elements(By.CSS_SELECTOR, "#legend li")]
    check("legend", set(legend), names)
    browser.chip("#sparsities", "0.001")
    is_log = "return Chart.getChart('plot').scales.y.type"
    check("scale", browser.run(is_log), "linear")
    browser.find("#log-y").click()
    check("other scale", browser.run(is_log), "logarithmic")
    browser.choose("#others select", "1 Gbps")
    browser.choose("#y", "iteration time")


def check_hover(browser, points):
    point = next(p for p in points if [label(p), p["workers"], p["network.bandwidth"]] == ["signsgd-mv", "8", "1 Gbps"])
    at = browser.run("""const chart = Chart.getChart("plot");
        const line = chart.data.datasets.findIndex((set) => set.label === "signsgd-mv");
        const at = chart.getDatasetMeta(line).data[3];
        chart.canvas.scrollIntoView({ block: "center" });
        return [at.x - chart.width / 2, at.y - chart.height / 2].map(Math.round);""")
    ActionChains(browser.driver).move_to_element_with_offset(browser.find("#plot"), *at).perform()
    tooltip = """const tip = Chart.getChart("plot").tooltip;
        return tip.opacity === 1 ? [...tip.title, ...tip.beforeBody] : null;"""
    said = WebDriverWait(browser.driver, 20).until(lambda _: browser.run(tooltip))
    check("hover", said[0], "signsgd-mv")
    shown = f"iteration {1000 * float(point['iteration_s']):.1f} ms"
    assert "M 8" in said[1] and shown in said[2], f"hover: {said}, expected {shown}"


def check_parts(browser, points):
    names = ["compute_s", "encode_s", "communication_s", "decode_s"]
    browser.choose("#parts-workers", "4")
    browser.choose("#parts-sparsity", "0.1")
    mine = {label(p): [float(p[name]) for name in names] for p in points
            if p["workers"] == "4" and p["network.bandwidth"] == "1 Gbps" and at_density(0.1)(p)}
    bars = browser.run("""const { labels, datasets } = Chart.getChart("parts").data;
        return labels.map((lines, i) => [lines.slice(0, -1).join(", "), datasets.map((set) => set.data[i])]);""")
    check("parts", dict(bars), mine)


def check_parts_at_first(browser, points):
    """Each method's fastest point: so the winner is among them, whatever its K."""
    mine = [p for p in points if p["workers"] == "16" and p["network.bandwidth"] == "1 Gbps"]
    best = {}
    for point in mine:
        best[label(point)] = min(best.get(label(point), float("inf")), float(point["iteration_s"]))
    bars = browser.run("""return Chart.getChart("parts").data.labels.map((lines, i) => [lines.filter(
        (line) => !line.startsWith("K/N")).slice(0, -1).join(", "), Chart.getChart("parts").data.datasets.reduce(
        (sum, set) => sum + set.data[i], 0).toPrecision(9)]);""")
    sums = {name: float(time) for name, time in bars}
    check("parts at first", set(sums), set(best))
    assert all(abs(sums[name] - time) < 1e-6 * time for name, time in best.items()), f"{sums}, expected {best}"


def check_fastest(browser, points):
    browser.choose("#fastest-sparsity", "0.1")
    mine = [p for p in points if p["network.bandwidth"] == "1 Gbps" and at_density(0.1)(p)]
    best = {}
    for point in mine:
        if float(point["iteration_s"]) < float(best.get(point["workers"], {"iteration_s": "inf"})["iteration_s"]):
            best[point["workers"]] = point
    check("fastest", [row[:2] for row in browser.rows("#fastest")], [[m, label(p)] for m, p in best.items()])
    titles = browser.run("return [...document.querySelectorAll('#fastest tbody tr')].map((row) => row.lastChild.title)")
    check("break-evens", list(map(number, titles)), [number(p["encode_break_even_s"]) for p in best.values()])
    check("some are known", any(titles), True)
    never = browser.run("return show('encode_break_even_s', 0)")
    check("one that cannot be", never, "never")
    browser.choose("#y", "longest encoding as fast as sgd")
    check("no break-even of sgd", "sgd, fp32" in browser.lines(), False)
    browser.choose("#y", "iteration time")


def check_table(browser, points):
    def sort_by(heading):
        button = browser.find("#points thead").find_element(By.XPATH, f".//button[starts-with(.,'{heading}')]")
        browser.run("arguments[0].scrollIntoView({ block: 'center', inline: 'center' })", button)
        button.click()
        titles = browser.run("return [...document.querySelectorAll('#points td')].map((cell) => cell.title)")
        columns = len(browser.rows("#points")[0])
        at = browser.run("return [...document.querySelectorAll('#points th')].findIndex((th) => th.ariaSort !== null)")
        return [number(title) for title in titles[at::columns]]

    times = sorted(float(point["iteration_s"]) for point in points)
    check("sorted", sort_by("iteration"), times)
    check("sorted the other way", sort_by("iteration"), times[::-1])
    densities = sort_by("K/N")
    applies = sorted(float(point["density"]) for point in points if point["density"])
    check("nothing comes last", densities, applies + [None] * (len(points) - len(applies)))


def check_many(browser, page, report, simrun):
    """A page of thousands of points draws those that are chosen."""
    points = report["points"]
    more = [{**point, "density": point["density"] / 2**i} for i in range(1, 90) for point in points if point["density"]]
    make_page(page, {**report, "points": points + more}, simrun)
    browser.open(page)
    check("rows of many", len(browser.rows("#points")), 200)
    drawn = sum(map(len, browser.lines().values()))
    count = len(points) + len(more)
    assert 0 < drawn < 100 < 5000 < count, f"{drawn} of {count} points drawn"
    browser.find("#sparsities").find_element(By.XPATH, ".//button[.='all']").click()
    densities = {point["density"] for point in more + points if point["density"]}
    check("all densities", len(browser.lines()), 2 * len(densities) + 2)
    browser.find("#more button").click()
    check("all rows of many", len(browser.rows("#points")), count)
    check("console of many", browser.complaints(), [])


def check_failed(browser, page, report, simrun):
    """A run whose points all failed has a page that says so."""
    failed = [{"point": 0, "method": "top-k", "workers": 4, "swept": {"workers": 4}, "failure": "<b>no memory</b>"}]
    make_page(page, {**report, "points": [], "failed": failed}, simrun)
    browser.open(page)
    check("failures", browser.find("#failures li").text, "top-k, 4 workers: <b>no memory</b>")
    check("no plot", browser.find("#plot").is_displayed(), False)
    check("console of failures", browser.complaints(), [])


def check_staged(browser, page, report, simrun):
    """Staging is a part of an iteration where a host takes time, and nowhere else."""
    parts = "return Chart.getChart('parts').data.datasets.map((set) => set.label)"
    without = browser.run(parts)
    points = [{**point, "staging_s": 0.25} for point in report["points"]]
    make_page(page, {**report, "points": points}, simrun)
    browser.open(page)
    check("parts with a host", browser.run(parts), [*without[:2], "staging", *without[2:]])
    check("staged", set(browser.run("return Chart.getChart('parts').data.datasets[2].data")), {0.25})
    check("console of staged", browser.complaints(), [])


def check_intervals(browser, page, report, simrun):
    """Intervals are bars in the plot, columns of the table and a line of what hovering says; without any, nothing."""
    ends = "return Chart.getChart('plot').data.datasets.flatMap((line) => line.data.map((at) => at.ends))"
    headings = "return [...document.querySelectorAll('#points th')].map((th) => th.textContent)"
    unknown = [{**point, "iteration_low_s": None, "iteration_high_s": None} for point in report["points"]]
    without = page.with_name("no_intervals.html")
    make_page(without, {**report, "points": unknown}, simrun)
    browser.open(without)
    check("no intervals", set(browser.run(ends)), {None})
    assert "iteration, 5 %" not in browser.run(headings), "a column without a value is shown"
    points = [{**point, "iteration_low_s": 0.5 * point["iteration_s"], "iteration_high_s": 4 * point["iteration_s"]}
              for point in report["points"]]
    make_page(page, {**report, "points": points}, simrun)
    browser.open(page)
    browser.find("#all-columns").click()
    assert {"iteration, 5 %", "iteration, 95 %"} < set(browser.run(headings)), "columns of intervals are missing"
    of_points = """return Chart.getChart("plot").data.datasets.flatMap((line) => line.data.map((at) =>
        [at.ends[0] / at.y, at.ends[1] / at.y].map((ratio) => ratio.toFixed(6)).join(" ")))"""
    check("ends of times", set(browser.run(of_points)), {"0.500000 4.000000"})
    seen = """const { ctx, scales, data: { datasets: [line] } } = Chart.getChart("plot");
        const { width, height, clientWidth } = ctx.canvas;
        const { data } = ctx.getImageData(0, 0, width, height);
        return line.data.map((at) => {
          const [x, y] = [scales.x.getPixelForValue(at.x), scales.y.getPixelForValue(at.ends[1])];
          const [column, row] = [x + 3, y].map((value) => Math.round((value * width) / clientWidth));
          return [-1, 0, 1].some((up) => data[4 * ((row + up) * width + column) + 3] > 100) ? "drawn" : "missing";
        })"""
    check("bars", set(browser.run(seen)), {"drawn"})
    browser.choose("#y", "samples/s of the cluster")
    check("ends of rates", set(browser.run(of_points)), {"0.250000 2.000000"})
    browser.choose("#y", "payload of one worker")
    check("ends of sizes", set(browser.run(ends)), {None})
    described = browser.run("return describe(points[0])")[2].split(":")[0]
    check("description", described, "90 % of medians over iterations")
    check("console of intervals", browser.complaints(), [])
    browser.choose("#y", "iteration time")
    browser.screenshot(page.with_suffix(".png"))


def check_one_value(browser, page, report, simrun):
    """An axis of one value has it in the middle, and no other label."""
    points = [point for point in report["points"] if point["density"] in (None, 0.01)]
    make_page(page, {**report, "points": points}, simrun)
    browser.open(page)
    browser.choose("#x", "density K/N")
    axis = browser.run("const { x } = Chart.getChart('plot').scales; return [x.min, x.max, x.ticks.map((t) => t.value)]")
    check("one value", axis, [0.005, 0.015, [0.01]])
    check("console of one value", browser.complaints(), [])


def check_width(browser):
    """The table of all points fits beside nothing, until all columns are asked for."""
    width = "return document.querySelector('#points').scrollWidth - document.querySelector('#points').parentElement.clientWidth"
    assert browser.run(width) <= 0, f"the table is {browser.run(width)} pixels too wide"
    headings = "return document.querySelectorAll('#points th').length"
    few = browser.run(headings)
    browser.find("#all-columns").click()
    assert browser.run(headings) > few, "all columns are no more than some"
    browser.find("#all-columns").click()


def check_training(browser, folder, simrun):
    """Curves are the means of curves.csv over the seeds, with the best step size."""
    write_data(folder)
    (folder / "training.json").write_text(json.dumps(TRAINING))
    subprocess.run([simrun, "train", folder / "training.json", "-o", folder / "trained"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([simrun, "report", folder / "trained"], check=True)
    browser.open(folder / "trained" / "report.html")
    with (folder / "trained" / "curves.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["best"] == "true"]

    def expected(x, y):
        lines = {}
        for row in rows:
            at = lines.setdefault(f"{row['method']}, M {row['workers']}", {}).setdefault(int(row["round"]), [])
            at.append((float(row[x]), float(row[y])))
        return {name: sorted([sum(values) / len(values) for values in zip(*at)] for at in line.values())
                for name, line in lines.items()}

    def expect(what, x, y):
        found = {name: line for name, line in browser.lines().items()}
        wanted = expected(x, y)
        check(f"{what}: lines", set(found), set(wanted))
        near = all(abs(a - b) <= 1e-9 * abs(b) for name in wanted
                   for got, want in zip(found[name], wanted[name], strict=True) for a, b in zip(got, want, strict=True))
        assert near, f"{what}: {found}, expected {wanted}"

    expect("accuracy by round", "round", "test_accuracy")
    browser.choose("#x", "sent by a worker")
    expect("accuracy by bytes", "uplink_bytes", "test_accuracy")
    browser.choose("#x", "simulated time")
    browser.choose("#y", "training loss")
    expect("loss by time", "simulated_s", "train_loss")
    check("summary", len(browser.rows("#summary")), 4)
    check("steps", len(browser.rows("#steps")), 6)
    check("console of training", browser.complaints(), [])
    browser.screenshot(folder / "training.png")


def check_plan(browser, folder, simrun):
    """The answer, a bar for each method, a row for each alternative."""
    one = {key: value for key, value in SCENARIO.items() if key != "sweep"}
    one["methods"] = [{"name": "sgd"}, {"name": "top-k", "density": 0.01}]
    (folder / "plan.json").write_text(json.dumps({**one, "plan": PLANNED}))
    subprocess.run([simrun, "plan", folder / "plan.json", "-o", folder / "planned"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([simrun, "report", folder / "planned"], check=True)
    browser.open(folder / "planned" / "report.html")
    plan = json.loads((folder / "planned" / "plan.json").read_text())
    said = browser.run("return [...document.querySelectorAll('#answer p')].map((line) => line.textContent)")
    check("answer", said, plan["answer"])
    best = {}
    for row in plan["alternatives"]:
        best.setdefault(row["method"], row["iteration_s"])
    bars = browser.run("const { labels, datasets } = Chart.getChart('bars').data; return [labels, datasets[0].data]")
    first = {row["method"]: row for row in reversed(plan["alternatives"])}
    ways = {method: [row["label"].removeprefix(method).removeprefix(", "), "K/N 0.01" if row["density"] else ""]
            for method, row in first.items()}
    lines = [[method, *filter(None, [", ".join(filter(None, ways[method]))])] for method in best]
    check("bars", bars, [lines, list(best.values())])
    facts = browser.run("return document.getElementById('facts').textContent")
    check("facts", facts.split(" · ")[:4], ["model small, 200000 parameters", "4 workers", "device a100", "network model ideal"])
    check("alternatives", len(browser.rows("#alternatives")), len(plan["alternatives"]))
    turns = browser.run("return document.querySelectorAll('#turns li').length")
    check("turns", turns, len(plan["turns"]))
    beyond = browser.run("const { scrollWidth, clientWidth } = document.querySelector('.scroll'); return scrollWidth - clientWidth")
    check("columns out of sight", beyond, 0)
    said = browser.run("return document.getElementById('provenance').textContent")
    check("left out of intervals", [line for line in plan["interval_leaves_out"] if line not in said], [])
    check("console of plan", browser.complaints(), [])
    browser.screenshot(folder / "plan.png")


def check_phone(browser, page, folder):
    for other in ("trained", "planned"):
        browser.open(folder / other / "report.html")
        assert browser.run("return document.documentElement.scrollWidth") <= PHONE, f"{other} is wider than a phone"
    browser.open(page)
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE, "the page is wider than a phone"
    assert browser.run("return Chart.getChart('plot').width") <= PHONE, "the plot is wider than a phone"
    check("console on a phone", browser.complaints(), [])
    browser.screenshot(folder / "phone.png")


def check_guards(browser, folder):
    """What the checks above rely on: errors and requests of a page are seen."""
    offender = folder / "offender.html"
    offender.write_text("<img src='http://127.0.0.1:9/x.png'><script>undefined.x</script>")
    browser.open(offender)
    WebDriverWait(browser.driver, 20).until(lambda _: any("127.0.0.1:9" in url for url in browser.requests()))
    assert any("TypeError" in text for text in browser.complaints()), "an error of a page was not seen"


def make_page(page, report, simrun):
    results = page.with_suffix("")
    results.mkdir()
    (results / "report.json").write_text(json.dumps(report))
    subprocess.run([simrun, "report", results, "-o", page], check=True)


def main():
    simrun, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    missing = [program for program in ("chromium", "chromedriver") if not shutil.which(program)]
    if missing:
        print(f"skipped: no {' and no '.join(missing)}")
        return 77
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "scenario.json").write_text(json.dumps(SCENARIO))
    subprocess.run([simrun, folder / "scenario.json", "-o", folder / "run"], check=True, stdout=subprocess.DEVNULL)
    page = folder / "page.html"
    subprocess.run([simrun, "report", folder / "run", "-o", page], check=True)
    report = json.loads((folder / "run" / "report.json").read_text())
    with (folder / "run" / "points.csv").open(newline="") as file:
        points = list(csv.DictReader(file))
    with Browser(1200, 900, phone=False) as browser:
        browser.open(page)
        check_loading(browser, page)
        check_parts_at_first(browser, points)
        check_width(browser)
        for part in (check_plot, check_hover, check_parts, check_fastest, check_table):
            part(browser, points)
        check("console after use", browser.complaints(), [])
        check("requests after use", browser.requests(), [])
        browser.screenshot(folder / "desktop.png")
        check_intervals(browser, folder / "intervals.html", report, simrun)
        check_staged(browser, folder / "staged.html", report, simrun)
        check_many(browser, folder / "many.html", report, simrun)
        check_failed(browser, folder / "failed.html", report, simrun)
        check_one_value(browser, folder / "one.html", report, simrun)
        check_training(browser, folder, simrun)
        check_plan(browser, folder, simrun)
        check_guards(browser, folder)
    with Browser(PHONE, 640, phone=True) as browser:
        check_phone(browser, page, folder)
    print(f"screenshots in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
