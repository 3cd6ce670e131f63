// Fastest methods, all points.

const isText = (column) => COLUMNS[column]?.show === undefined;

function cell(tag, column, content) {
  const element = document.createElement(tag);
  element.className = isText(column) ? "text" : "";
  element.append(content);
  return element;
}

function bodyRow(columns, point) {
  const row = document.createElement("tr");
  for (const column of columns) {
    const value = cell("td", column, show(column, point[column]));
    if (typeof point[column] === "number") value.title = String(point[column]);
    row.append(value);
  }
  return row;
}

function fillTable(id, headings, columns, rows) {
  const head = document.createElement("thead");
  head.insertRow().append(...headings);
  const body = document.createElement("tbody");
  body.append(...rows.map((point) => bodyRow(columns, point)));
  document.getElementById(id).replaceChildren(head, body);
}

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

const FEW = 200;  // rows that are shown at first
const table = { by: null, descending: false, most: FEW };

// What all points share is said once, above; results always have their column.
const isResult = (column) => column.endsWith("_s") || column.endsWith("_bytes") || column === "workers" ||
  column === "scaling_efficiency" || column === "speedup_over_sgd";
const tableColumns = ["label", ...data.columns.filter((column) =>
  column !== "method" && points.some((point) => point[column] !== null) &&
  (isResult(column) || new Set(points.map((point) => point[column])).size > 1))];

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
    document.querySelectorAll("#points th button")[tableColumns.indexOf(column)].focus();
  });
  const heading = cell("th", column, button);
  heading.scope = "col";
  if (isSorted) heading.ariaSort = table.descending ? "descending" : "ascending";
  return heading;
}

function drawTable() {
  const rows = table.by === null ? points : [...points].sort((a, b) => compare(a[table.by], b[table.by]));
  fillTable("points", tableColumns.map(sortingHeading), tableColumns, rows.slice(0, table.most));
  const more = document.getElementById("more");
  more.hidden = rows.length <= table.most;
  more.firstElementChild.textContent = `Show all ${rows.length} points (${table.most} are shown)`;
}
