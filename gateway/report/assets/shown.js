// How figures look: the same as in `gateway.report.shown`.
const MINUS = "\u2212", NONE = "\u2013", UNKNOWN = "unknown";

const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");
const negative = (nano) => (nano < 0n ? -nano : nano);

function money(nano, digits) {
  if (nano === null) return UNKNOWN;
  const unit = 10n ** BigInt(9 - digits), size = 10n ** BigInt(digits);
  const near = (negative(nano) + unit / 2n) / unit;
  return `${nano < 0n && near ? MINUS : ""}$${grouped(String(near / size))}.${String(near % size).padStart(digits, "0")}`;
}

const exactly = (nano) => money(nano, 9);

function share(part, whole) {
  if (part === null || whole === null || whole <= 0n) return NONE;
  let tenths = (negative(part) * 2000n + whole) / (2n * whole);
  // What is not all is not called all, and what is not nothing is not called nothing.
  if (part > 0n && part < whole) tenths = smallest(biggest(tenths, 1n), 999n);
  return `${part < 0n && tenths ? MINUS : ""}${grouped(String(tenths / 10n))}.${tenths % 10n} %`;
}

const count = (value) => (value === null ? NONE : `${value < 0n ? MINUS : ""}${grouped(String(negative(BigInt(value))))}`);

function duration(seconds) {
  if (seconds === null) return NONE;
  if (seconds >= 1) return `${grouped(seconds.toFixed(1).split(".")[0])}.${seconds.toFixed(1).split(".")[1]} s`;
  return seconds * 1000 < 10 ? `${(seconds * 1000).toFixed(1)} ms` : `${(seconds * 1000).toFixed(0)} ms`;
}

const named = (report, value) => (value === report.other ? "other" : value === null ? NONE : value);
const verdict = (net) => (net === null ? "Net" : net < 0n ? "Lost: it cost more than the baseline" : "Saved");
const dayOf = (hour) => new Date(hour * 3600000).toISOString().slice(0, 10);
const minuteOf = (us) => new Date(Number(us / 1000n)).toISOString().slice(0, 16).replace("T", " ");

function made(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function amount(nano, digits, sign = "") {
  if (nano === null) return made("span", { class: "unknown" }, UNKNOWN);
  return made("span", { "data-nano": String(nano), title: exactly(nano) }, `${nano > 0n ? sign : ""}${money(nano, digits)}`);
}
