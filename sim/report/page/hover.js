// What a plot of points shows besides: intervals, and what is said of a point.

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
