// How busy each pool was, hour by hour; of a long period hour by weekday, on average.
const MOST_DAYS = 92, SHADES = 9;
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function drawPools(report, account) {
  const place = byId("c-pools");
  if (!place) return;
  place.hidden = false;
  place.replaceChildren(...report.pools.map((pool, number) => heatOf(report, account, pool, number, place.clientWidth)));
}

function heatOf(report, account, pool, number, width) {
  const period = account.pools[number].period, block = made("div", {}, made("h3", {}, pool.name));
  if (!pool.rated || period.us === 0n) {
    block.append(made("p", { class: "note" }, pool.rated ? "It cost nothing in this period." : "How much of it was used is unknown."));
    return block;
  }
  const columns = hourShares(report, pool, number, period);
  const most = Math.max(...columns.flatMap(({ hours }) => hours.map((busy) => busy ?? 0)));
  block.append(heatMap(columns, most, pool.name, width), made("p", { class: "note" }, `Darkest: ${(most * 100).toFixed(1)} % used.`));
  return block;
}

// Columns of 24 hours: the share of all cards' time that work took, null where the period is not.
function hourShares(report, pool, number, period) {
  const first = Number(period.since / HOUR_US), last = Number((period.until - 1n) / HOUR_US);
  const days = Math.floor(last / 24) - Math.floor(first / 24) + 1, all = Number(pool.parts * HOUR_US * BigInt(pool.gpus));
  const busy = (hour) => (hour < first || hour > last ? null : Number(report.hourly[number].get(hour) ?? 0n) / all);
  const start = Math.floor(first / 24) * 24;
  const columns = Array.from({ length: days }, (_, day) => ({
    name: dayOf(start + day * 24),
    hours: Array.from({ length: 24 }, (_, hour) => busy(start + day * 24 + hour)),
  }));
  return days <= MOST_DAYS ? columns : weekly(columns);
}

function weekly(columns) {
  return WEEKDAYS.map((name, weekday) => {
    const same = columns.filter((column) => (new Date(`${column.name}T00:00Z`).getUTCDay() + 6) % 7 === weekday);
    const mean = (values) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null);
    return { name, hours: Array.from({ length: 24 }, (_, hour) => mean(same.map((column) => column.hours[hour]).filter((value) => value !== null))) };
  });
}

function heatMap(columns, most, name, width) {
  const left = 34, cell = Math.max(2, Math.min(columns.length > 7 ? 26 : 44, (Math.max(260, width) - left) / columns.length)), row = 9;
  const height = 24 * row + 22, svg = drawn("svg", {
    viewBox: `0 0 ${at(left + cell * columns.length)} ${height}`, width: at(left + cell * columns.length), height, role: "img",
    "aria-label": `How busy ${name} was in each hour of ${columns.length} columns`,
  });
  for (const hour of [0, 6, 12, 18]) svg.append(word(`${String(hour).padStart(2, "0")}:00`, left - 4, hour * row + 9, "end"));
  const every = Math.max(1, Math.ceil(44 / cell));
  columns.forEach((column, place) => {
    column.hours.forEach((busy, hour) => {
      if (busy === null) return;
      const shade = busy === 0 ? 0 : Math.min(SHADES, 1 + Math.floor((busy / most) * (SHADES - 0.001)));
      const used = Math.min(100, busy * 100).toFixed(1), idle = Math.max(0, 100 - busy * 100).toFixed(1);
      svg.append(box(left + place * cell, hour * row, cell - 1, row - 1, `h${shade}`, `${column.name} ${hour}:00: ${used} % used, ${idle} % idle`));
    });
    if (place % every === 0 && (columns.length - place) * cell >= 30) svg.append(word(column.name.slice(-5), left + place * cell, height - 6));
  });
  return svg;
}
