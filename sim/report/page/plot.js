// The plot: one line for each method, and for each K and M that are not on an axis.

const Y_COLUMNS = ["iteration_s", "samples_per_s", "scaling_efficiency", "speedup_over_sgd", "payload_bytes",
  "result_bytes", "sent_bytes", "received_bytes", "communication_s", "encode_s", "decode_s",
  ...(points.some((point) => point.staging_s > 0) ? ["staging_s"] : []),
  ...(points.some((point) => point.encode_break_even_s > 0) ? ["encode_break_even_s"] : [])];
const xColumns = ["workers", sparsity, ...others].filter((column) => valuesOf(column).length > 0);

const middle = (values) => values[Math.floor(values.length / 2)];
const plot = {
  x: xColumns.find((column) => valuesOf(column).length > 1) ?? "workers",
  y: "iteration_s",
  logX: true,
  logY: true,
  sparsities: new Set(valuesOf(sparsity).length <= 2 ? valuesOf(sparsity) : [middle(valuesOf(sparsity))]),
  workers: new Set(valuesOf("workers").slice(-1)),
};

/// Whether ascending values span so far that a logarithmic axis shows them better.
const spread = (values, least) => values[0] > 0 && values.at(-1) / values[0] >= least;

function plotted() {
  return points.filter((point) => isChosen(point, plot.x) && point[plot.y] !== null &&
    (plot.x === sparsity || point[sparsity] === null || plot.sparsities.has(point[sparsity])) &&
    (plot.x === "workers" || plot.workers.has(point.workers)));
}

/// Logarithmic axes where the values that are shown span far.
function chooseScales() {
  const shown = plotted();
  const xs = valuesOf(plot.x, shown);
  plot.logX = typeof xs[0] === "number" && spread(xs, 8);
  plot.logY = plot.y !== "scaling_efficiency" && spread(valuesOf(plot.y, shown), 20);
}

/// What of K and M tells the lines of a method apart.
function apart(point) {
  const columns = [];
  if (plot.x !== sparsity && plot.sparsities.size > 1 && point[sparsity] !== null) columns.push(sparsity);
  if (plot.x !== "workers" && plot.workers.size > 1) columns.push("workers");
  return columns.map((column) => `${titleOf(column)} ${show(column, point[column])}`).join(", ");
}

/// A point on which the x axis has no hold (sgd has no K) is drawn across all of it.
function positions(group, xs) {
  const at = (x, point) => ({ x, y: point[plot.y], ends: interval(point, plot.y), point });
  if (group.every((point) => point[plot.x] === null)) return xs.flatMap((x) => group.map((point) => at(x, point)));
  return group.map((point) => at(point[plot.x], point))
    .sort((a, b) => xs.indexOf(a.x) - xs.indexOf(b.x));
}

function datasets(shown, xs) {
  const groups = new Map();
  for (const point of shown) {
    const key = JSON.stringify([point.label, apart(point)]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(point);
  }
  const dashes = [...new Set(shown.map(apart))].filter((text) => text !== "");
  const order = (group) => labels.indexOf(group[0].label);
  return [...groups.values()].sort((a, b) => order(a) - order(b)).map((group) => {
    const style = styleOf(group[0].label);
    const text = apart(group[0]);
    return {
      label: text === "" ? group[0].label : `${group[0].label}, ${text}`,
      data: positions(group, xs),
      borderColor: style.colour,
      backgroundColor: style.colour,
      borderDash: text === "" ? [] : at(DASHES, dashes.indexOf(text)),
      borderWidth: 2,
      pointStyle: style.marker,
      pointBorderWidth: 2,
      pointRadius: 4,
      pointHoverRadius: 7,
    };
  });
}

/// The first digit of a number that has no others.
const digit = (value) => Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9));

/// Ticks of a scale; on a logarithmic one there are labels at powers of ten, and where there is room at 2 and 5 times
/// them.
function ticks(column, isLog) {
  if (!isLog) return { callback: (value) => showTick(column, value), maxRotation: 0, autoSkipPadding: 12 };
  const callback = function label(value) {
    const decades = Math.log10(this.max / this.min);
    const room = this.isHorizontal() ? this.chart.width / 180 : this.chart.height / 85;
    const labelled = decades < room ? [1, 2, 5] : [1];
    return decades < 1 || labelled.includes(digit(value)) ? showTick(column, value) : "";
  };
  return { callback, maxRotation: 0, autoSkip: false };
}

/// An axis that has one value, in its middle.
function around(value) {
  const room = Math.abs(value) / 2 || 1;
  const afterBuildTicks = (axis) => { axis.ticks = [{ value }]; };
  return { type: "linear", min: value - room, max: value + room, afterBuildTicks };
}

function xScale(xs) {
  const title = { display: true, text: axisOf(plot.x) };
  if (typeof xs[0] !== "number") return { type: "category", labels: xs, offset: true, title };
  if (xs.length === 1) return { ...around(xs[0]), title, ticks: ticks(plot.x, false) };
  const scale = { type: plot.logX ? "logarithmic" : "linear", title, ticks: ticks(plot.x, plot.logX) };
  if (plot.x !== "workers" || !plot.logX) return scale;
  const powers = xs.filter((x) => Number.isInteger(Math.log2(x)));
  const marks = powers.length > 1 ? powers : xs;
  return {
    ...scale,
    ticks: ticks(plot.x, false),
    min: xs[0] / 1.1,
    max: xs.at(-1) * 1.1,
    afterBuildTicks: (axis) => { axis.ticks = marks.map((value) => ({ value })); },
  };
}

/// Reaches to the ends of all intervals.
function yScale(lines) {
  const ends = lines.flatMap((line) => line.data.flatMap((at) => at.ends ?? []));
  return {
    ...(ends.length > 0 && { suggestedMin: Math.min(...ends), suggestedMax: Math.max(...ends) }),
    type: plot.logY ? "logarithmic" : "linear",
    beginAtZero: !plot.logY,
    title: { display: true, text: axisOf(plot.y) },
    ticks: ticks(plot.y, plot.logY),
  };
}

/// The values of K and M that all lines share.
function sharedChoice() {
  const one = (column, set) =>
    plot.x !== column && set.size === 1 ? [`${titleOf(column)} ${show(column, [...set][0])}`] : [];
  const rest = others.filter((column) => column !== plot.x)
    .map((column) => `${titleOf(column)} ${show(column, chosen.others[column])}`);
  return [...one(sparsity, plot.sparsities), ...one("workers", plot.workers), ...rest].join(", ");
}

function drawLegend(lines) {
  document.getElementById("legend").replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.append(swatch(line), line.label);
    return item;
  }));
}

/// Where several lines go through one point.
const inBrief = (item) => `${item.dataset.label}: ${show(plot.y, item.raw.y)}`;

function drawPlot() {
  const shown = plotted();
  const xs = valuesOf(plot.x, shown.some((point) => point[plot.x] !== null) ? shown : points);
  const lines = datasets(shown, xs);
  const shared = sharedChoice();
  const what = `${axisOf(plot.y)} against ${axisOf(plot.x)}`;
  draw("plot", {
    type: "line",
    data: { datasets: lines },
    plugins: [intervalBars],
    options: {
      interaction: { mode: "nearest", intersect: false },
      scales: { x: xScale(xs), y: yScale(lines) },
      plugins: { tooltip: { callbacks: {
        title: (items) => (items.length > 1 ? "" : items[0].dataset.label),
        beforeBody: (items) => (items.length > 1 ? items.map(inBrief) : describe(items[0].raw.point)),
        label: () => null,
      } } },
    },
  }, `Line plot: ${what}, ${lines.map((line) => line.label).join("; ")}. The table of all points has the values.`);
  const hasBars = lines.some((line) => line.data.some((at) => at.ends !== null));
  document.getElementById("plot-caption").textContent = (what[0].toUpperCase() + what.slice(1)) +
    (shared === "" ? "" : `; ${shared}`) + (hasBars ? `; bars: ${holds}` : "");
  drawLegend(lines);
}
