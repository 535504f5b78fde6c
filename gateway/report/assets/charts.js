// Charts as SVG: they print sharp, take their colours from the style sheet and are told in words.
const SVG = "http://www.w3.org/2000/svg";

function drawn(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const at = (value) => Math.round(value * 100) / 100;
const usd = (nano) => Number(nano) / 1e9;
const line = (className, x1, y1, x2, y2) => drawn("line", { class: className, x1: at(x1), y1: at(y1), x2: at(x2), y2: at(y2) });
const word = (text, x, y, anchor = "start", className = "") =>
  drawn("text", { x: at(x), y: at(y), "text-anchor": anchor, class: className }, text);

function box(x, y, width, height, className, title) {
  const rect = drawn("rect", { x: at(x), y: at(y), width: at(Math.max(0, width)), height: at(Math.max(0, height)), class: className });
  if (title) rect.append(drawn("title", {}, title));
  return rect;
}

// An empty drawing as wide as its place.
function canvas(name, height) {
  const place = byId(`c-${name}`);
  if (!place) return null;
  place.hidden = false;
  const width = Math.max(260, Math.floor(place.clientWidth));
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": place.dataset.about });
  place.replaceChildren(svg);
  return { svg, width, height };
}

// Round values from 0 to at least `most`.
function ticks(most, wanted) {
  if (!(most > 0)) return [0, 1];
  const raw = most / wanted, size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * size).find((found) => found >= raw);
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, number) => number * step);
}

function short(value) {
  const size = Math.abs(value), trimmed = (number) => String(Number(number.toPrecision(3)));
  if (size >= 1e9) return `${trimmed(value / 1e9)}B`;
  if (size >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (size >= 1e4) return `${trimmed(value / 1e3)}k`;
  return trimmed(value);
}

function upwards(svg, frame, values, prefix = "$") {
  const top = values[values.length - 1], y = (value) => frame.bottom - (value / top) * (frame.bottom - frame.top);
  for (const value of values) {
    svg.append(line(value ? "grid" : "axis", frame.left, y(value), frame.right, y(value)));
    svg.append(word(`${prefix}${short(value)}`, frame.left - 8, y(value) + 4, "end"));
  }
  return y;
}

function legend(name, entries) {
  const list = byId(`k-${name}`);
  if (list) list.replaceChildren(...entries.map(([className, text]) => made("li", {}, made("i", { class: className }), text)));
}

function waterfallBar(rows, row) {
  const most = rows.reduce((found, { left }) => biggest(found, left), 1n), least = rows.reduce((found, { left }) => smallest(found, left), 0n);
  const x = (nano) => (Number(nano - least) / Number(most - least)) * 1000;
  const [from, to, kind] = row.bar, start = Math.min(x(from), x(to));
  const svg = drawn("svg", { viewBox: "0 0 1000 16", preserveAspectRatio: "none", class: "fall", "aria-hidden": "true", focusable: "false" });
  svg.append(line("axis", x(0n), 0, x(0n), 16), box(start, 2, Math.max(2, Math.abs(x(to) - x(from))), 12, kind));
  return svg;
}

const MOST_SERIES = 6;

// Calls by model, the most costly apart; then each pool, its used and its idle part.
function seriesOf(report, account, chosen) {
  const steps = shownSteps(report, chosen), places = new Map(steps.map(([, step], place) => [step, place]));
  const models = new Map();
  for (const row of account.rows) {
    const cost = report.requests.cost[row];
    if (!cost) continue;
    const name = report.names.model[report.requests.model[row]];
    if (!models.has(name)) models.set(name, steps.map(() => 0n));
    models.get(name)[places.get(report.requests.step[row])] += cost;
  }
  const total = (values) => values.reduce((sum, value) => sum + value, 0n);
  const ordered = [...models].sort(([, one], [, other]) => compare(total(other), total(one)));
  const series = ordered.slice(0, MOST_SERIES).map(([name, values], place) => ({ name: name === null ? "No answer" : named(report, name), values, className: `s${place}` }));
  const rest = ordered.slice(MOST_SERIES);
  if (rest.length) series.push({ name: `${rest.length} more models`, className: "s6", values: steps.map((_, place) => rest.reduce((sum, [, values]) => sum + values[place], 0n)) });
  return [...series, ...hardwareSeries(report, account, chosen)];
}

function hardwareSeries(report, account, chosen) {
  if (account.hardwareCost === null) return [];
  const steps = shownSteps(report, chosen), costs = poolSteps(report, account, chosen);
  return account.pools.flatMap((pool, place) => {
    if (account.part || pool.used === null) return [{ name: `${pool.name}${account.part ? ", share" : ""}`, values: costs[place], className: "used" }];
    const work = new Map(steps.map(([, step]) => [step, 0n]));
    for (const row of account.calls) if (report.calls.pool[row] === place) work.set(report.calls.step[row], work.get(report.calls.step[row]) + report.calls.work[row]);
    const used = pool.used === 0n ? steps.map(() => 0n) : split(pool.used, [...work.values()]);
    return [
      { name: `${pool.name}, used`, values: used, className: "used" },
      { name: `${pool.name}, idle`, values: costs[place].map((cost, step) => biggest(0n, cost - used[step])), className: "idle" },
    ];
  });
}

function drawDaily(report, account, chosen) {
  const drawing = canvas("daily", 260);
  if (!drawing) return;
  const { svg, width, height } = drawing, steps = shownSteps(report, chosen);
  const sums = stepSums(report, account), series = seriesOf(report, account, chosen);
  const baselines = steps.map(([, step]) => sums[step].baseline);
  const stacks = steps.map((_, place) => series.reduce((sum, { values }) => sum + values[place], 0n));
  const most = [...stacks, ...baselines].reduce(biggest, 0n);
  const frame = { left: 62, right: width - 8, top: 10, bottom: height - 26 };
  const y = upwards(svg, frame, ticks(usd(most), 5)), slot = (frame.right - frame.left) / Math.max(1, steps.length);
  const bar = Math.max(1, Math.min(44, slot * 0.72)), x = (place) => frame.left + slot * (place + 0.5);
  svg.prepend(hatching());
  steps.forEach(([[start]], place) => {
    let floor = 0;
    for (const { name, values, className } of series) {
      const value = usd(values[place]);
      if (value > 0) svg.append(box(x(place) - bar / 2, y(floor + value), bar, y(floor) - y(floor + value), className, `${dayOf(start)}: ${name} ${money(values[place], report.digits)}`));
      floor += value;
    }
  });
  const path = baselines.map((value, place) => `${place ? "L" : "M"}${at(x(place) - slot / 2)} ${at(y(usd(value)))}H${at(x(place) + slot / 2)}`).join("");
  if (steps.length) svg.append(drawn("path", { d: path, class: "baseline" }));
  const every = Math.max(1, Math.ceil(steps.length / Math.max(1, Math.floor((frame.right - frame.left) / 78))));
  steps.forEach(([[start]], place) => place % every === 0 && svg.append(word(dayOf(start).slice(5), x(place), height - 8, "middle")));
  legend("daily", [...series.map(({ name, className }) => [className, name]), ["baseline", "Baseline"]]);
}

function hatching() {
  const pattern = drawn("pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(drawn("rect", { width: 5, height: 5, class: "hatch-ground" }), drawn("line", { x1: 0, y1: 0, x2: 0, y2: 5, class: "hatch-line" }));
  return drawn("defs", {}, pattern);
}
