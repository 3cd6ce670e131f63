// The points of the run, and what of them is chosen.

const points = data.rows.map((row, i) => {
  const point = { label: data.labels[i] };
  data.columns.forEach((column, j) => { point[column] = row[j]; });
  return point;
});

/// The values that a column takes, null left out: numbers ascending, text in the order of the points.
function valuesOf(column, among = points) {
  const values = [...new Set(among.map((point) => point[column]))].filter((value) => value !== null);
  return values.every((value) => typeof value === "number") ? values.sort((a, b) => a - b) : values;
}

const labels = valuesOf("method").flatMap((method) =>
  valuesOf("label", points.filter((point) => point.method === method)));
// Where models of several sizes run with the same K, K tells the points apart, not K/N.
const hasSharedK = valuesOf("parameters").length > 1 && valuesOf("k").length < valuesOf("density").length;
const sparsity = hasSharedK ? "k" : "density";
// What else was swept. What is chosen about a method is in its label.
const others = data.columns.filter((column) =>
  (!(column in COLUMNS) || ["model", "device", "network_model"].includes(column)) && column !== "method" &&
  !column.startsWith("methods.") && !data.told_by_labels.includes(column) && valuesOf(column).length > 1);

/// [low, high] of what 90 % of iterations have in this column; null where it is not known.
function interval(point, column) {
  if (point.iteration_low_s === null) return null;
  const ends = [point.iteration_low_s, point.iteration_high_s];
  if (column === "iteration_s") return ends;
  if (column !== "samples_per_s" && column !== "scaling_efficiency") return null;
  return ends.reverse().map((seconds) => (point[column] * point.iteration_s) / seconds);
}

/// For all of the page: methods by label, and one value of everything else that was swept.
const chosen = {
  labels: new Set(labels),
  others: Object.fromEntries(others.map((column) => [column, valuesOf(column)[0]])),
};

/// A column that does not apply to a point does not rule it out. `free`: a column that may take any value.
const fits = (point, column, value) => point[column] === null || point[column] === value;
const isChosen = (point, free) => chosen.labels.has(point.label) &&
  others.every((column) => column === free || fits(point, column, chosen.others[column]));
