// The page of `simrun plan`: the answer, the best of each method, what would turn it, and all alternatives.

Object.assign(COLUMNS, {
  memory_bytes: { title: "memory", show: bytes },
  rounds: { title: "rounds", show: share },
  total_s: { title: "until the target", show: seconds },
  longer_by: { title: "longer by", show: percent },
  iteration_range: { title: "90 %" },
  longer_by_range: { title: "90 % of that" },
});

const hasTarget = data.alternatives.some((row) => row.total_s !== null);
const valueOf = (row) => (hasTarget ? row.total_s : row.iteration_s);
const labels = [...new Set(data.alternatives.map((row) => row.method))];

/// The first of each method: alternatives are in order.
const bestOfEach = labels.map((method) => data.alternatives.find((row) => row.method === method));

/// With a star where no one has named it: what it costs in accuracy was not looked at.
const nameOf = (row, name = row.label) => (row.named === false ? `${name}\u00a0*` : name);

const aboutStars = data.alternatives.some((row) => row.named === false)
  ? "* not named by the scenario: what it costs in accuracy was not looked at." : "";

/// The method, and where there is room how it is run.
function linesOf(row) {
  const way = row.label.startsWith(`${row.method}, `) ? [row.label.slice(row.method.length + 2)] : [];
  if (row.density !== null) way.push(`K/N ${show("density", row.density)}`);
  const isWide = element("bars-frame").clientWidth >= 700;
  return [nameOf(row, row.method), ...(isWide && way.length > 0 ? [way.join(", ")] : [])];
}

/// [low, high] of a bar, as far as an interval is known.
function endsOf(row) {
  if (row.iteration_low_s === null) return null;
  return [row.iteration_low_s, row.iteration_high_s].map((end) => (end * valueOf(row)) / row.iteration_s);
}

const whiskers = {
  id: "whiskers",
  afterDatasetsDraw({ ctx, scales }) {
    ctx.save();
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = COLOURS[0];
    bestOfEach.forEach((row, i) => {
      const ends = endsOf(row);
      if (ends === null) return;
      const [low, high] = ends.map((value) => scales.x.getPixelForValue(value));
      const y = scales.y.getPixelForValue(i);
      ctx.beginPath();
      for (const x of [low, high]) {
        ctx.moveTo(x, y - 4);
        ctx.lineTo(x, y + 4);
      }
      ctx.moveTo(low, y);
      ctx.lineTo(high, y);
      ctx.stroke();
    });
    ctx.restore();
  },
};

function drawBars() {
  const what = hasTarget ? "time until the target" : "iteration time";
  const most = Math.max(...bestOfEach.flatMap((row) => [valueOf(row), ...(endsOf(row) ?? [])]));
  element("bars-frame").style.height = `${6 + 2.5 * bestOfEach.length}rem`;
  draw("bars", {
    type: "bar",
    data: {
      labels: bestOfEach.map(linesOf),
      datasets: [{ data: bestOfEach.map(valueOf), backgroundColor: COLOURS[2], maxBarThickness: 22 }],
    },
    plugins: [whiskers],
    options: {
      indexAxis: "y",
      interaction: { mode: "index", axis: "y", intersect: false },
      scales: {
        x: { title: { display: true, text: what }, suggestedMax: most,
          ticks: { callback: (value) => showTick("iteration_s", value), maxRotation: 0, autoSkipPadding: 12 } },
        y: { grid: { display: false }, ticks: { autoSkip: false } },
      },
      plugins: { tooltip: { callbacks: {
        title: ([item]) => bestOfEach[item.dataIndex].label,
        label: (item) => `${seconds(item.raw)}, ${percent(bestOfEach[item.dataIndex].longer_by)} longer`,
      } } },
    },
  }, `Bars: ${what} of ${bestOfEach.map((row) => `${row.method} ${seconds(valueOf(row))}`).join("; ")}.`);
  element("bars-caption").textContent = `By ${what}` +
    (bestOfEach.some(endsOf) ? "; lines: 90 % of medians over iterations. " : ". ") + aboutStars;
}

const turnText = (turn) => `${turn.axis}, now ${turn.now}: ` +
  (turn.value === null ? turn.reason : `at ${turn.shown} and ${turn.direction === "above" ? "more" : "less"} ${turn.by} is faster`) +
  (turn.left_out.length === 0 ? "" : ` (not looked at everywhere: ${turn.left_out.join(", ")})`);

/// "141 ms to 142 ms"; nothing where no interval is known.
const rangeOf = (low, high, showEnd) => (low === null ? null : `${showEnd(low)} to ${showEnd(high)}`);

/// What all alternatives share; plans of versions before do not say it.
const clusterFacts = (cluster) => (cluster === null ? [] : [
  `model ${cluster.model}, ${cluster.parameters} parameters`, `${cluster.workers} workers`, `device ${cluster.device}`,
  `network model ${cluster.network_model}`]);

function fillPlan() {
  document.title = `${data.title} - simrun`;
  element("title").textContent = data.title;
  element("facts").textContent = [...clusterFacts(data.cluster), `${data.alternatives.length} alternatives`].join(" · ");
  element("answer").replaceChildren(...data.answer.map((sentence) => {
    const paragraph = document.createElement("p");
    paragraph.textContent = sentence;
    return paragraph;
  }));
  listLines("turns-section", data.turns.map(turnText));
  listLines("left-out", data.left_out);
  element("alternatives-caption").textContent = aboutStars;
  const rows = data.alternatives.map((row) => ({ ...row, label: nameOf(row),
    iteration_range: rangeOf(row.iteration_low_s, row.iteration_high_s, seconds),
    longer_by_range: rangeOf(row.longer_by_low, row.longer_by_high, percent) }));
  const columns = ["label", "density", "iteration_s", "iteration_range", "scaling_efficiency", "memory_bytes", "rounds",
    "total_s", "longer_by", "longer_by_range"].filter((column) => rows.some((row) => row[column] !== null));
  fillTable("alternatives", columns.map((column) => cell("th", column, titleOf(column))), columns, rows);
  addTerms(element("provenance"), [
    ["simrun", data.versions.simrun],
    ["intervals leave out", data.interval_leaves_out.join("; ")],
    ["points", `${data.points.simulated} simulated, ${data.points.from_before} taken over`],
  ]);
  element("scenario").textContent = JSON.stringify(data.scenario, null, 2);
  drawBars();
}

fillPlan();
