// The break-even chart and the scatter of cost and quality: estimates, in ordinary numbers.
function volumes(account) {
  const hours = Number(account.period.us) / 3.6e9, covered = Number(account.sums.covered);
  const fixedNano = account.hardwareCost + account.besides.engineers;
  if (!covered || !hours || !fixedNano) return null;
  const months = hours / 730, sums = account.sums, fixed = usd(fixedNano) / months;
  const baseline = usd(sums.baseline) / covered, calls = usd(sums.cost) / covered;
  const managed = sums.managed_covered ? usd(sums.managed) / Number(sums.managed_covered) : null;
  const loads = account.pools.map(({ load }) => (load ? asNumber(load) : 0)).filter((load) => load > 0);
  const crossing = (gain) => (gain > 0 ? fixed / gain : null), now = covered / months;
  return {
    fixed, baseline, calls, managed, now,
    paysFrom: crossing(baseline - calls),
    paysFromManaged: managed === null ? null : crossing(managed - calls),
    capacity: loads.length ? now / Math.max(...loads) : null,
  };
}

function drawBreakEven(report, whole) {
  const found = volumes(whole);
  if (!byId("c-breakeven")) return;
  if (found === null) {
    byId("c-breakeven").hidden = true;
    byId("f-breakeven").replaceChildren("No request in the sums, or nothing is paid by the month.");
    legend("breakeven", []);
    return;
  }
  breakEvenWords(report, found);
  const drawing = canvas("breakeven", 250), { svg, width, height } = drawing;
  const frame = { left: 62, right: width - 14, top: 14, bottom: height - 34 };
  const most = Math.max(found.now * 1.5, ...[found.paysFrom, found.paysFromManaged].filter((one) => one !== null && one < found.now * 6).map((one) => one * 1.25));
  const across = ticks(most, width < 420 ? 3 : 5), right = across[across.length - 1];
  const cost = { pool: (n) => found.fixed + found.calls * n, baseline: (n) => found.baseline * n, managed: (n) => (found.managed ?? 0) * n };
  const y = upwards(svg, frame, ticks(Math.max(cost.pool(right), cost.baseline(right)), 4));
  const x = (n) => frame.left + (n / right) * (frame.right - frame.left);
  if (found.capacity !== null && found.capacity < right) svg.append(box(x(found.capacity), frame.top, frame.right - x(found.capacity), frame.bottom - frame.top, "beyond", "Beyond what the hardware can serve"));
  for (const n of across) svg.append(word(short(n), x(n), height - 16, "middle"));
  svg.append(word("requests a month", (frame.left + frame.right) / 2, height - 2, "middle", "quiet"));
  const names = ["baseline", "managed", "pool"].filter((name) => name !== "managed" || found.managed !== null);
  for (const name of names) svg.append(line(`curve ${name}`, x(0), y(cost[name](0)), x(right), y(cost[name](right))));
  svg.append(line("now", x(found.now), frame.top, x(found.now), frame.bottom), word("now", x(found.now) + 4, frame.top + 8));
  for (const n of [found.paysFrom, found.paysFromManaged]) {
    if (n !== null && n <= right) svg.append(drawn("circle", { cx: at(x(n)), cy: at(y(cost.pool(n))), r: 4.5, class: "point" }, drawn("title", {}, `It pays from ${Math.round(n).toLocaleString("en-US")} requests a month`)));
  }
  const words = { baseline: "Declared baseline", managed: "Cheapest host of the open model", pool: "This gateway: hardware, people, calls" };
  legend("breakeven", names.map((name) => [`curve ${name}`, words[name]]));
}

function breakEvenWords(report, found) {
  const dollars = (value, digits) => money(BigInt(Math.round(value * 1e9)), digits), digits = report.digits;
  const number = (value) => grouped(Math.round(value).toFixed(0));
  const volume = (value, otherwise = "no volume: a request costs more than there") => (value === null ? otherwise : `${number(value)} requests a month`);
  const terms = [
    ["Hardware and people, a month", dollars(found.fixed, digits)],
    ["A request at the baseline", dollars(found.baseline, digits + 2)],
    ["Its calls here", dollars(found.calls, digits + 2)],
    ["Requests a month now", number(found.now)],
    ["It pays from", volume(found.paysFrom)],
    ["Against the cheapest host of the open model", volume(found.paysFromManaged)],
    ["The hardware is full at", volume(found.capacity, "unknown")],
  ];
  const list = made("dl", {});
  for (const [term, text] of terms) list.append(made("dt", {}, term), made("dd", {}, text));
  byId("f-breakeven").replaceChildren(list);
}

function drawQuality(report) {
  const points = report.quality.map((one) => ({ ...one, cost: usd(BigInt(one.rate)) }));
  if (!points.length || !byId("c-quality")) return;
  const { svg, width, height } = canvas("quality", 220), frame = { left: 52, right: width - 20, top: 12, bottom: height - 34 };
  const across = ticks(Math.max(...points.map(({ cost }) => cost)) * 1.1, 4), right = across[across.length - 1];
  const x = (cost) => frame.left + (cost / right) * (frame.right - frame.left), y = (part) => frame.bottom - part * (frame.bottom - frame.top);
  for (const part of [0, 0.25, 0.5, 0.75, 1]) svg.append(line(part ? "grid" : "axis", frame.left, y(part), frame.right, y(part)), word(`${part * 100} %`, frame.left - 8, y(part) + 4, "end"));
  for (const cost of across) svg.append(word(`$${short(cost)}`, x(cost), height - 16, "middle"));
  svg.append(word("USD per 1,000 requests", (frame.left + frame.right) / 2, height - 2, "middle", "quiet"));
  const ratio = ([part, whole]) => part / whole;
  for (const { rule, agree, low, high, cost } of points) {
    const isLeft = x(cost) < (frame.left + frame.right) / 2, name = named(report, rule);
    svg.append(line("whisker", x(cost), y(ratio(low)), x(cost), y(ratio(high))));
    svg.append(drawn("circle", { cx: at(x(cost)), cy: at(y(ratio(agree))), r: 5, class: "point" }, drawn("title", {}, `${name}: ${(ratio(agree) * 100).toFixed(1)} % agree`)));
    svg.append(word(name, x(cost) + (isLeft ? 9 : -9), y(ratio(agree)) + 4, isLeft ? "start" : "end"));
  }
}
