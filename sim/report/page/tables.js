// Fastest methods, all points.

const fastest = { sparsity: null };  // null: any

function drawFastest() {
  const rows = valuesOf("workers").flatMap((workers) => {
    const able = points.filter((point) => isChosen(point) && point.workers === workers &&
      (fastest.sparsity === null || fits(point, sparsity, fastest.sparsity)));
    const faster = (best, point) => (point.iteration_s < best.iteration_s ? point : best);
    return able.length === 0 ? [] : [able.reduce(faster)];
  });
  const columns = ["workers", "label", sparsity, "iteration_s", "samples_per_s", "scaling_efficiency",
    "speedup_over_sgd", "encode_s", ...(data.columns.includes("encode_break_even_s") ? ["encode_break_even_s"] : [])];
  const headings = columns.map((column) => cell("th", column, titleOf(column)));
  headings.forEach((heading) => { heading.scope = "col"; });
  fillTable("fastest", headings, columns, rows);
}

// What all points share is said once, above; results always have their column.
const isResult = (column) => column.endsWith("_s") || column.endsWith("_bytes") || column === "workers" ||
  column === "scaling_efficiency" || column === "speedup_over_sgd";
const tableColumns = ["label", ...data.columns.filter((column) =>
  column !== "method" && points.some((point) => point[column] !== null) &&
  (isResult(column) || new Set(points.map((point) => point[column])).size > 1))];
// What fits beside each other on a screen.
const MAIN = ["label", "workers", sparsity, ...others, "payload_bytes", "compute_s", "encode_s", "communication_s",
  "decode_s", "iteration_s", "scaling_efficiency", "speedup_over_sgd"];
const mainColumns = tableColumns.filter((column) => MAIN.includes(column));

const FEW = 200;  // rows that are shown at first
const table = { by: null, descending: false, most: FEW, columns: mainColumns };

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;  // what does not apply comes last
  const areNumbers = typeof a === "number" && typeof b === "number";
  const order = areNumbers ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  return table.descending ? -order : order;
}

function sortingHeading(column) {
  const button = document.createElement("button");
  const isSorted = table.by === column;
  const arrow = table.descending ? " ▼" : " ▲";
  button.type = "button";
  button.textContent = titleOf(column) + (isSorted ? arrow : "");
  button.addEventListener("click", () => {
    table.descending = isSorted && !table.descending;
    table.by = column;
    drawTable();
    document.querySelectorAll("#points th button")[table.columns.indexOf(column)].focus();
  });
  const heading = cell("th", column, button);
  heading.scope = "col";
  if (isSorted) heading.ariaSort = table.descending ? "descending" : "ascending";
  return heading;
}

function drawTable() {
  const rows = table.by === null ? points : [...points].sort((a, b) => compare(a[table.by], b[table.by]));
  fillTable("points", table.columns.map(sortingHeading), table.columns, rows.slice(0, table.most));
  const more = document.getElementById("more");
  more.hidden = rows.length <= table.most;
  more.firstElementChild.textContent = `Show all ${rows.length} points (${table.most} are shown)`;
}
