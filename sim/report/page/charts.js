// What the charts have in common. Colours by Okabe and Ito, but for the yellow, which is too pale for lines; markers
// and dashes say the same without colour.

const COLOURS = ["#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"];
const MARKERS = ["circle", "rect", "triangle", "rectRot", "crossRot", "star"];
const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3], [14, 4]];

const at = (list, i) => list[i % list.length];
const styleOf = (label) => ({
  colour: at(COLOURS, labels.indexOf(label)),
  marker: at(MARKERS, labels.indexOf(label)),
});

Chart.defaults.font.family = "system-ui, sans-serif";
Chart.defaults.font.size = 13;
Chart.defaults.color = "#333";
Chart.defaults.animation = false;
Chart.defaults.maintainAspectRatio = false;
Chart.defaults.plugins.legend.display = false;
Chart.defaults.plugins.tooltip.displayColors = false;
Chart.defaults.plugins.tooltip.padding = 10;
Chart.defaults.plugins.tooltip.backgroundColor = "rgba(20, 20, 20, 0.92)";

const charts = new Map();

/// Draws `config` in place of what the canvas showed; `description` is read out instead of the picture.
function draw(id, config, description) {
  const canvas = document.getElementById(id);
  charts.get(id)?.destroy();
  charts.set(id, new Chart(canvas, config));
  canvas.setAttribute("aria-label", description);
}

addEventListener("beforeprint", () => charts.forEach((chart) => chart.resize()));

/// Draws a bar from end to end of each point's interval.
const intervalBars = {
  id: "intervalBars",
  afterDatasetsDraw(chart) {
    const { ctx, chartArea, scales } = chart;
    ctx.save();
    ctx.beginPath();
    ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
    ctx.clip();
    ctx.lineWidth = 1.5;
    chart.data.datasets.forEach((dataset, i) => {
      ctx.strokeStyle = dataset.borderColor;
      chart.getDatasetMeta(i).data.forEach((at, j) => {
        const { ends } = dataset.data[j];
        if (ends === null) return;
        const [low, high] = ends.map((value) => scales.y.getPixelForValue(value));
        ctx.beginPath();
        for (const y of [low, high]) {
          ctx.moveTo(at.x - 4, y);
          ctx.lineTo(at.x + 4, y);
        }
        ctx.moveTo(at.x, low);
        ctx.lineTo(at.x, high);
        ctx.stroke();
      });
    });
    ctx.restore();
  },
};

/// What intervals are of: `simrun measure` gives quantiles of iterations, simulating what their medians lie in.
const holds = data.measurement === null ? "90 % of medians over iterations" : "90 % of iterations";

/// What a chart says of the point under the pointer.
function describe(point) {
  const part = (column, before = `${titleOf(column)} `, after = "") =>
    point[column] === null ? [] : [before + show(column, point[column]) + after];
  const lines = [
    [...part("workers"), ...part("density"), ...part("k"), ...others.flatMap((column) => part(column))],
    [...part("iteration_s"), ...part("samples_per_s", "", " samples/s")],
    part("iteration_low_s", `${holds}: `, ` to ${show("iteration_high_s", point.iteration_high_s)}`),
    [...part("scaling_efficiency"), ...part("speedup_over_sgd")],
    [...part("payload_bytes"), ...part("result_bytes")],
    [...part("compute_s"), ...part("encode_s"), ...("encode_break_even_s" in point ? part("encode_break_even_s") : [])],
    [...part("communication_s"), ...part("decode_s"), ...(point.staging_s > 0 ? part("staging_s") : [])],
  ];
  return lines.filter((line) => line.length > 0).map((line) => line.join(", "));
}

/// A picture of a line with its marker, for the legend.
function swatch(dataset) {
  const canvas = document.createElement("canvas");
  const scale = 3;
  canvas.width = 36 * scale;
  canvas.height = 14 * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.strokeStyle = context.fillStyle = dataset.borderColor;
  context.lineWidth = 2;
  context.setLineDash(dataset.borderDash);
  context.beginPath();
  context.moveTo(0, 7);
  context.lineTo(36, 7);
  context.stroke();
  context.setLineDash([]);
  Chart.helpers.drawPoint(context, { pointStyle: dataset.pointStyle, radius: 5, borderWidth: 2 }, 18, 7);
  return canvas;
}
