// Stacked bars: where the time of an iteration goes, for one M and one K.

const PARTS = [["compute_s", "#999999"], ["encode_s", "#E69F00"], ["staging_s", "#009E73"],
  ["communication_s", "#0072B2"], ["decode_s", "#CC79A7"]]
  .filter(([column]) => column !== "staging_s" || points.some((point) => point.staging_s > 0));
const parts = { workers: valuesOf("workers").at(-1), sparsity: null };  // null: of each method the fastest

/// The fastest point of each method, in the order of the methods.
function fastestOfEach(among) {
  const best = new Map();
  for (const point of among) {
    if (!(best.get(point.label)?.iteration_s <= point.iteration_s)) best.set(point.label, point);
  }
  return [...best.values()].sort((a, b) => labels.indexOf(a.label) - labels.indexOf(b.label));
}

/// K of a point, where the bars do not share it.
const ownSparsity = (point) => (parts.sparsity === null && valuesOf(sparsity).length > 1 && point[sparsity] !== null ?
  [`${titleOf(sparsity)} ${show(sparsity, point[sparsity])}`] : []);

function drawParts() {
  const shown = fastestOfEach(points.filter((point) => isChosen(point) && point.workers === parts.workers &&
    (parts.sparsity === null || fits(point, sparsity, parts.sparsity))));
  const names = shown.map((point) => [...point.label.split(", "), ...ownSparsity(point), seconds(point.iteration_s)]);
  const lines = Math.max(1, ...names.map((name) => name.length));
  document.getElementById("parts-frame").style.height = `${7 + (lines + 1) * shown.length}rem`;
  const bar = ([column, colour]) => ({
    label: titleOf(column),
    data: shown.map((point) => point[column]),
    backgroundColor: colour,
    borderColor: "#fff",
    borderWidth: { right: 1 },
    maxBarThickness: 34,
  });
  draw("parts", {
    type: "bar",
    data: { labels: names, datasets: PARTS.map(bar) },
    options: {
      indexAxis: "y",
      interaction: { mode: "index", axis: "y", intersect: false },
      scales: {
        x: { stacked: true, title: { display: true, text: "time in an iteration" },
          ticks: ticks("iteration_s", false) },
        y: { stacked: true, grid: { display: false } },
      },
      plugins: {
        legend: { display: true, position: "bottom" },
        tooltip: { callbacks: {
          title: ([item]) => `${shown[item.dataIndex].label}, ${seconds(shown[item.dataIndex].iteration_s)}`,
          label: (item) => `${item.dataset.label} ${seconds(item.raw)}, ` +
            percent(item.raw / shown[item.dataIndex].iteration_s),
        } },
      },
    },
  }, `Stacked bars: ${PARTS.map(([column]) => COLUMNS[column].axis).join(", ")} in an iteration of ` +
    `${shown.map((point) => point.label).join("; ")}. The table of all points has the values.`);
}
