// Puts the page together: text, controls, and what is drawn anew when one of them changes.

function drawAll() {
  drawFastest();
  drawPlot();
  drawParts();
}

const shownValues = (column) => valuesOf(column).map((value) => [show(column, value), value]);

function fillFilters() {
  fillChips(element("methods"), "label", labels, chosen.labels, drawAll);
  for (const column of others) {
    const label = document.createElement("label");
    const select = document.createElement("select");
    label.append(`${titleOf(column)} `, select);
    element("others").append(label);
    fillSelect(select, shownValues(column), chosen.others[column], (value) => {
      chosen.others[column] = value;
      drawAll();
    });
  }
  for (const name of document.querySelectorAll(".sparsity-name")) name.textContent = titleOf(sparsity);
}

/// The plot's controls show what it is drawn with.
function updatePlot() {
  element("log-x").checked = plot.logX;
  element("log-y").checked = plot.logY;
  element("log-x").disabled = typeof valuesOf(plot.x)[0] !== "number";
  element("sparsities").hidden = plot.x === sparsity || valuesOf(sparsity).length < 2;
  element("workers").hidden = plot.x === "workers" || valuesOf("workers").length < 2;
  drawPlot();
}

function fillPlotControls() {
  const choose = (axis) => (column) => {
    plot[axis] = column;
    chooseScales();
    updatePlot();
  };
  const entries = (columns) => columns.map((column) => [axisOf(column), column]);
  fillSelect(element("y"), entries(Y_COLUMNS), plot.y, choose("y"));
  fillSelect(element("x"), entries(xColumns), plot.x, choose("x"));
  for (const [id, key] of [["log-x", "logX"], ["log-y", "logY"]]) {
    element(id).addEventListener("change", () => {
      plot[key] = element(id).checked;
      drawPlot();
    });
  }
  fillChips(element("sparsities"), sparsity, valuesOf(sparsity), plot.sparsities, drawPlot);
  fillChips(element("workers"), "workers", valuesOf("workers"), plot.workers, drawPlot);
}

function fillOtherControls() {
  const redraw = (state, key, drawIt) => (value) => {
    state[key] = value;
    drawIt();
  };
  const hasSparsity = valuesOf(sparsity).length > 0;
  for (const id of ["fastest-sparsity", "parts-sparsity"]) element(id).parentElement.hidden = !hasSparsity;
  fillSelect(element("fastest-sparsity"), [["any", null], ...shownValues(sparsity)], null,
    redraw(fastest, "sparsity", drawFastest));
  fillSelect(element("parts-workers"), shownValues("workers"), parts.workers, redraw(parts, "workers", drawParts));
  fillSelect(element("parts-sparsity"), [["of each method the fastest", null], ...shownValues(sparsity)], null,
    redraw(parts, "sparsity", drawParts));
  element("all-columns").parentElement.hidden = mainColumns.length === tableColumns.length;
  element("all-columns").addEventListener("change", () => {
    table.columns = element("all-columns").checked ? tableColumns : mainColumns;
    drawTable();
  });
  element("more").firstElementChild.addEventListener("click", () => {
    table.most = Infinity;
    drawTable();
  });
}

function fillFacts() {
  document.title = `${data.title} - simrun`;
  element("title").textContent = data.title;
  const facts = data.columns.filter((column) => !tableColumns.includes(column) && column !== "method")
    .filter((column) => points[0][column] !== null && (column !== "staging_s" || points[0][column] > 0))
    .map((column) => `${titleOf(column)} ${show(column, points[0][column])}`);
  element("facts").textContent = [`${points.length} points`, ...facts].join(" · ");
  listLines("failures", data.failed.map((failure) => {
    const swept = Object.entries(failure.swept).filter(([key]) => key !== "workers")
      .map(([key, value]) => `, ${key} ${typeof value === "object" ? JSON.stringify(value) : value}`);
    return `${failure.method}, ${failure.workers} workers${swept.join("")}: ${failure.failure}`;
  }));
}

function operationList(device) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const list = document.createElement("dl");
  summary.textContent = `Operations of ${device.name}`;
  addTerms(list, Object.entries(device.operations).map(([name, { provenance, source }]) =>
    [name, `${provenance}: ${source}`]));
  details.append(summary, list);
  return details;
}

/// Of `simrun measure`; nothing where points were simulated.
function measurementText(run) {
  return run === null ? "" :
    `${run.hosts.length} ranks on ${new Set(run.hosts).size} hosts, ${run.mpi}, ${run.iterations} iterations after ${run.warmup}`;
}

function fillProvenance() {
  const all = (value) => (value === null ? "" : [value].flat().join(", "));
  addTerms(element("provenance"), [
    ["simrun", data.versions.simrun],
    ["SimGrid", data.versions.simgrid],
    ["network model", all(data.network_model)],
    ["measured", measurementText(data.measurement)],
    ["coding", all(data.coding)],
    ["memory of devices", all(data.memory)],
    [`intervals (${holds}), from`, all(data.interval)],
    ["intervals leave out", all(data.interval_leaves_out)],
    ["seed", all(data.seed)],
    ...data.devices.flatMap((device) => [
      ["device profile", `${device.name}: ${device.device}, ${device.software}`],
      ["memory bandwidth", device.bandwidth],
      ["its times", `${device.provenance}: ${device.source}`],
      ["beyond what was measured", device.extrapolated.join("; ")],
    ]),
  ]);
  element("devices").append(...data.devices.map(operationList));
  element("scenario").textContent = JSON.stringify(data.scenario, null, 2);
}

function fillPage() {
  fillFacts();
  fillProvenance();
  if (points.length === 0) {
    for (const section of document.querySelectorAll("main section:not(#failures)")) section.hidden = true;
    return;
  }
  fillFilters();
  fillPlotControls();
  fillOtherControls();
  chooseScales();
  updatePlot();
  drawFastest();
  drawParts();
  drawTable();
}

fillPage();
