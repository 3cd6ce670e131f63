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
