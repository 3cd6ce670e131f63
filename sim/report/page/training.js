// The page of `simrun train`: curves by method, and what they come to.

Object.assign(COLUMNS, {
  round: { title: "round", axis: "rounds", show: whole },
  sent: { title: "sent", axis: "sent by a worker", show: bytes },
  received: { title: "received", axis: "received by a worker", show: bytes },
  simulated_s: { title: "time", axis: "simulated time", show: seconds },
  test_accuracy: { title: "accuracy", axis: "test accuracy", show: percent },
  validation_accuracy: { title: "validation", axis: "validation accuracy", show: percent },
  train_loss: { title: "loss", axis: "training loss", show: share },
  seeds: { title: "seeds", show: whole },
  learning_rate: { title: "step", show: share },
  accuracy: { title: "accuracy", show: percent },
  accuracy_sd: { title: "±", show: percent },
  target_accuracy: { title: "target", show: percent },
  rounds_to_target: { title: "rounds to it", show: share },
  uplink_bytes_to_target: { title: "sent", show: bytes },
  downlink_bytes_to_target: { title: "received", show: bytes },
  simulated_s_to_target: { title: "time", show: seconds },
  pareto: { title: "front" },
  diverged: { title: "diverged", show: whole },
  best: { title: "best" },
});
const X_COLUMNS = ["round", "sent", "received", "simulated_s"];

const objectsOf = ({ columns, rows }) =>
  rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]])));
const summary = objectsOf(data.summary);
const curves = objectsOf(data.curves);

/// By row, what of a point's settings differs among those of its method, with the method's name.
function labelsOf(rows) {
  const takesSeveral = (row, column) =>
    new Set(rows.filter((other) => other.method === row.method).map((other) => other[column])).size > 1;
  const settings = ["workers", "density", "index", "error_feedback", "model", ...data.swept];
  const apart = (row) => settings.filter((column) => row[column] !== null && takesSeveral(row, column))
    .map((column) => `${titleOf(column)} ${show(column, row[column])}`);
  const names = rows.map((row) => [row.method, ...apart(row)].join(", "));
  return rows.map((row, i) => (names.indexOf(names[i]) === names.lastIndexOf(names[i]) ? names[i] :
    `${names[i]}, entry ${row.entry}`));
}

/// One for each point, whatever file a row of it is from.
const keyOf = (row) => JSON.stringify(["entry", "workers", "density", "model", ...data.swept]
  .map((column) => row[column]));
const summaryLabels = labelsOf(summary);
const labels = [...new Set(summaryLabels)];
const labelOf = new Map(summary.map((row, i) => [keyOf(row), summaryLabels[i]]));
summary.forEach((row, i) => { row.label = summaryLabels[i]; });

const chosen = { labels: new Set(labels.slice(0, 12)), x: "round", y: "test_accuracy", logX: false };

/// Means over the seeds at each round that all of a point's seeds have.
function meanCurve(label) {
  const rounds = new Map();
  for (const row of curves) {
    if (labelOf.get(keyOf(row)) !== label || row[chosen.y] === null) continue;
    if (!rounds.has(row.round)) rounds.set(row.round, []);
    rounds.get(row.round).push(row);
  }
  const most = Math.max(0, ...[...rounds.values()].map((rows) => rows.length));
  const mean = (rows, column) => rows.reduce((sum, row) => sum + row[column], 0) / rows.length;
  return [...rounds.values()].filter((rows) => rows.length === most)
    .map((rows) => ({ x: mean(rows, chosen.x), y: mean(rows, chosen.y) })).sort((a, b) => a.x - b.x);
}

function drawCurves() {
  const lines = labels.filter((label) => chosen.labels.has(label)).map((label) => ({
    label,
    data: meanCurve(label),
    borderColor: styleOf(label).colour,
    backgroundColor: styleOf(label).colour,
    borderDash: at(DASHES, Math.floor(labels.indexOf(label) / COLOURS.length)),
    borderWidth: 2,
    pointStyle: styleOf(label).marker,
    pointRadius: 2,
    pointHoverRadius: 6,
  }));
  const axis = (column, isLog) => ({
    type: isLog ? "logarithmic" : "linear",
    title: { display: true, text: axisOf(column) },
    ticks: { callback: (value) => showTick(column, value), maxRotation: 0, autoSkipPadding: 12 },
  });
  draw("plot", {
    type: "line",
    data: { datasets: lines },
    options: {
      interaction: { mode: "nearest", intersect: false },
      scales: { x: axis(chosen.x, chosen.logX), y: axis(chosen.y, false) },
      plugins: { tooltip: { callbacks: {
        title: ([item]) => item.dataset.label,
        label: ({ raw }) => `${axisOf(chosen.y)} ${show(chosen.y, raw.y)}, ${axisOf(chosen.x)} ${show(chosen.x, raw.x)}`,
      } } },
    },
  }, `Line plot: ${axisOf(chosen.y)} against ${axisOf(chosen.x)}, ${[...chosen.labels].join("; ")}.`);
  element("legend").replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.append(swatch(line), line.label);
    return item;
  }));
}

function fillCurveControls() {
  const hasValidation = curves.some((row) => row.validation_accuracy !== null);
  const entries = (columns) => columns.map((column) => [axisOf(column), column]);
  const choose = (key) => (value) => { chosen[key] = value; drawCurves(); };
  const ys = ["test_accuracy", ...(hasValidation ? ["validation_accuracy"] : []), "train_loss"];
  fillChips(element("methods"), "label", labels, chosen.labels, drawCurves);
  fillSelect(element("y"), entries(ys), chosen.y, choose("y"));
  fillSelect(element("x"), entries(X_COLUMNS), chosen.x, choose("x"));
  element("log-x").addEventListener("change", () => choose("logX")(element("log-x").checked));
}

/// A table of those of the columns that some row fills.
function plainTable(id, columns, rows) {
  const shown = columns.filter((column) => rows.some((row) => row[column] !== null && row[column] !== undefined));
  fillTable(id, shown.map((column) => cell("th", column, titleOf(column))), shown, rows);
}

function fillTraining() {
  document.title = `${data.title} - simrun`;
  element("title").textContent = data.title;
  element("facts").textContent = `${summary.length} trained ${summary.length === 1 ? "method" : "methods"}`;
  plainTable("summary", ["label", "learning_rate", "seeds", "accuracy", "accuracy_sd", "target_accuracy",
    "rounds_to_target", "uplink_bytes_to_target", "downlink_bytes_to_target", "simulated_s_to_target", "pareto",
    "diverged"], summary.map((row) => ({ ...row, pareto: row.pareto ? "yes" : null, diverged: row.diverged || null })));
  const steps = objectsOf(data.steps).map((row) => ({ ...row, label: labelOf.get(keyOf(row)),
    best: row.best ? "yes" : null, diverged: row.diverged || null }));
  element("steps-section").hidden = steps.length === summary.length;
  plainTable("steps", ["label", "learning_rate", "seeds", "validation_accuracy", "accuracy", "best", "diverged"], steps);
  listLines("failures", data.failed);
  addTerms(element("provenance"), [
    ["simrun", data.versions.simrun],
    ...data.data.map((set) => ["data", `${set.folder}, ${set.train} samples to train on, ${set.test} to test`]),
  ]);
  element("scenario").textContent = JSON.stringify(data.scenario, null, 2);
  fillCurveControls();
  drawCurves();
}

fillTraining();
