// How values are shown. Every column of points.csv is in seconds, bytes or plain numbers.

function threeDigits(value) {
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/// units: [factor, name], largest first.
function scaled(value, units) {
  const [factor, name] = units.find(([unit]) => value >= 0.9995 * unit) ?? units.at(-1);
  return `${threeDigits(value / factor)} ${name}`;
}

const seconds = (value) =>
  value < 5e-12 ? "0 s" : scaled(value, [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]]);
const bytes = (value) =>
  value < 999.5 ? `${Math.round(value)} B` : scaled(value, [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]);
/// Of break-evens 0 is that no encoding is short enough.
const orNever = (value) => (value === 0 ? "never" : seconds(value));
const whole = (value) => String(value);
const share = (value) => String(Number(value.toPrecision(3)));
const percent = (value) => `${(100 * value).toFixed(1)} %`;
const ratio = (value) => `${threeDigits(value)}x`;
const rate = (value) => (value >= 1e6 ? value.toExponential(2) : threeDigits(value));

/// title: as a heading; axis: as the title of an axis, where it says more.
const COLUMNS = {
  label: { title: "method" },
  workers: { title: "M", axis: "workers M", show: whole },
  k: { title: "K", axis: "K, entries sent by a worker", show: whole },
  density: { title: "K/N", axis: "density K/N", show: share },
  index: { title: "index" },
  collective: { title: "collective" },
  grouping: { title: "grouping" },
  model: { title: "model" },
  parameters: { title: "parameters", show: whole },
  payload_bytes: { title: "payload", axis: "payload of one worker", show: bytes },
  result_bytes: { title: "result", axis: "result that a worker decodes", show: bytes },
  sent_bytes: { title: "sent", axis: "sent in an iteration, most of any host", show: bytes },
  received_bytes: { title: "received", axis: "received in an iteration, most of any host", show: bytes },
  compute_s: { title: "compute", axis: "computing", show: seconds },
  encode_s: { title: "encode", axis: "encoding", show: seconds },
  communication_s: { title: "communication", axis: "exposed communication", show: seconds },
  decode_s: { title: "decode", axis: "decoding", show: seconds },
  staging_s: { title: "staging", axis: "staging by the host", show: seconds },
  iteration_s: { title: "iteration", axis: "iteration time", show: seconds },
  samples_per_s: { title: "samples/s", axis: "samples/s of the cluster", show: rate },
  scaling_efficiency: { title: "efficiency", axis: "scaling efficiency", show: percent },
  speedup_over_sgd: { title: "speed-up", axis: "speed-up over sgd", show: ratio },
  device: { title: "device" },
  network_model: { title: "network model" },
  source: { title: "source" },
  iteration_low_s: { title: "iteration, 5 %", axis: "iteration time, 5 % quantile", show: seconds },
  iteration_high_s: { title: "iteration, 95 %", axis: "iteration time, 95 % quantile", show: seconds },
  encode_break_even_s: { title: "break-even", axis: "longest encoding as fast as sgd", show: orNever },
  device_memory_bytes: { title: "memory", axis: "device memory of the method", show: bytes },
};

/// The last part of a swept path, where it says which.
function endOf(path) {
  const end = path.split(".").at(-1);
  const alike = (data.columns ?? data.swept).filter((other) => other === end || other.endsWith(`.${end}`));
  return alike.length > 1 ? path : end;
}

const titleOf = (column) => COLUMNS[column]?.title ?? endOf(column);
const axisOf = (column) => COLUMNS[column]?.axis ?? titleOf(column);

/// At a tick of an axis, where round values are the rule.
const showTick = (column, value) => show(column, value).replace(/\.0+(?!\d)/, "");

/// A value as text; nothing where a column does not apply.
function show(column, value) {
  if (value === null || value === undefined) return "";
  const format = COLUMNS[column]?.show;
  return format && typeof value === "number" ? format(value) : String(value);
}
