"""A headless Chromium, driven by Selenium (Debian: chromium, chromium-driver, python3-selenium)."""

import base64
import json
import shutil

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

# What the chart on a canvas shows: [label, [[x, y], ...]] of each line.
LINES = """return Chart.getChart(arguments[0]).data.datasets.map(
    (set) => [set.label, set.data.map((at) => [at.x, at.y])]);"""


class Browser:
    """A page in Chromium, and what it did."""

    def __init__(self, width, height, phone):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars"):
            options.add_argument(f"--{argument}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        size = {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def open(self, file):
        self.driver.get(file.resolve().as_uri())

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def lines(self, canvas="plot"):
        return {label: [tuple(at) for at in data] for label, data in self.run(LINES, canvas)}

    def choose(self, select, text):
        Select(self.find(select)).select_by_visible_text(text)

    def chip(self, fieldset, text):
        self.find(fieldset).find_element(By.XPATH, f".//label[normalize-space()='{text}']").click()

    def rows(self, table):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((row) => "
                        "[...row.cells].map((cell) => cell.textContent))", f"{table} tbody tr")

    def complaints(self):
        """What stands in the console since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """The addresses that pages asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def screenshot(self, file):
        """Of the whole page."""
        self.run("scrollTo(0, 0)")
        width, height = self.run("return [innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        file.write_bytes(base64.b64decode(picture["data"]))
