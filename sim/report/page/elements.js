// What pages are put together from.

const element = (id) => document.getElementById(id);
const data = JSON.parse(element("data").textContent);

/// Fills a <select> with [text, value] pairs; `change` is given the value.
function fillSelect(select, entries, current, change) {
  select.replaceChildren(...entries.map(([text], i) => new Option(text, i)));
  select.value = entries.findIndex(([, value]) => value === current);
  select.addEventListener("change", () => change(entries[select.value][1]));
}

function addButton(fieldset, text, click) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", click);
  fieldset.append(button);
}

/// A checkbox for each of these values of a column; `set` holds those that are on.
function fillChips(fieldset, column, values, set, change) {
  for (const value of values) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    label.className = "chip";
    box.type = "checkbox";
    box.checked = set.has(value);
    box.addEventListener("change", () => {
      if (box.checked) set.add(value);
      else set.delete(value);
      change();
    });
    label.append(box, show(column, value));
    fieldset.append(label);
  }
  if (values.length < 4) return;
  const setAll = (isOn) => () => {
    set.clear();
    if (isOn) values.forEach((value) => set.add(value));
    for (const box of fieldset.querySelectorAll("input")) box.checked = isOn;
    change();
  };
  addButton(fieldset, "all", setAll(true));
  addButton(fieldset, "none", setAll(false));
}

/// Fills the list of a section; one without lines is hidden.
function listLines(id, lines) {
  element(id).hidden = lines.length === 0;
  element(id).querySelector("ul").replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}

function addTerms(list, entries) {
  for (const [term, text] of entries) {
    if (text === "") continue;
    const name = document.createElement("dt");
    const value = document.createElement("dd");
    name.textContent = term;
    value.textContent = text;
    list.append(name, value);
  }
}

const isText = (column) => COLUMNS[column]?.show === undefined;

function cell(tag, column, content) {
  const element = document.createElement(tag);
  element.className = column === "label" ? "text name" : isText(column) ? "text" : "";
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
