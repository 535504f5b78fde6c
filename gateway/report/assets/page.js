// The page: what is selected, and everything that is shown of it.
const KINDS = ["model", "rule", "tenant", "team"];

function show(report, chosen) {
  const account = reckoned(report, chosen);
  headline(report, account);
  for (const sheet of Object.values(report.sheets)) if (sheet.id in ROWS) fill(report, chosen, sheet, ROWS[sheet.id](report, account, chosen));
  drawAll(report, account, chosen);
  return account;
}

function drawAll(report, account, chosen) {
  const whole = account.part ? reckoned(report, { ...EVERYTHING, from: chosen.from, to: chosen.to }) : account;
  drawDaily(report, account, chosen);
  drawPools(report, whole);
  drawBreakEven(report, whole);
  drawQuality(report);
}

function headline(report, account) {
  const { sums } = account, { digits } = report;
  const isKnown = account.isKnown && account.net !== null && sums.requests > 0n, net = isKnown ? account.net : null;
  byId("l-net").textContent = verdict(net);
  const put = (name, ...content) => byId(`v-${name}`).replaceChildren(...content);
  put("net", amount(net, digits));
  put("share", net === null ? NONE : share(net, sums.baseline));
  put("paid", amount(account.actual, digits));
  put("baseline", amount(isKnown ? sums.baseline : null, digits));
  put("coverage", share(sums.covered, sums.requests));
  put("requests", count(sums.requests));
  byId("headline").toggleAttribute("data-loss", net !== null && net < 0n);
  const left = account.part && account.unshared ? `Not in these figures, since no part bears them alone: people, comparisons and corrections of ${money(account.unshared, digits)}.` : "";
  byId("unshared").textContent = left;
  if (report.since !== null) byId("period").textContent = `${minuteOf(account.period.since)} to ${minuteOf(account.period.until)} UTC`;
}

function choices(report) {
  for (const kind of KINDS) options(report, kind, report.names[kind].map((name, place) => [String(place), name]));
  const tags = [...new Set(report.names.tags.flat())];
  options(report, "tag", tags.map((tag) => [tag, tag]));
  const [from, to] = [byId("from"), byId("to")];
  if (!report.steps.length) return;
  const first = dayOf(report.steps[0][0]), last = dayOf(report.steps[report.steps.length - 1][1] - 1);
  for (const field of [from, to]) [field.min, field.max] = [first, last];
  [from.value, to.value] = [first, last];
}

function options(report, kind, values) {
  const select = byId(`by-${kind}`), ordered = values.sort(([, one], [, other]) => compareNames([one], [other]));
  select.replaceChildren(made("option", { value: "" }, "All"), ...ordered.map(([value, name]) => made("option", { value }, name === null ? "(none)" : named(report, name))));
  select.parentElement.hidden = values.length < 2;
}

function chosenNow(report) {
  const chosen = { ...EVERYTHING, tag: byId("by-tag").value || null };
  for (const kind of KINDS) chosen[kind] = byId(`by-${kind}`).value === "" ? null : Number(byId(`by-${kind}`).value);
  const hour = (field) => Date.parse(`${field.value}T00:00Z`) / 3600000;
  const steps = report.steps, [from, to] = [hour(byId("from")), hour(byId("to")) + 24];
  // Steps are whole: a date within one stands for all of it.
  const first = steps.find(([, end]) => end > from), last = steps.findLast(([start]) => start < to);
  if (first && first !== steps[0]) [chosen.from] = first;
  if (last && last !== steps[steps.length - 1]) [, chosen.to] = last;
  if (steps.length && chosen.from >= chosen.to) [chosen.from, chosen.to] = [-Infinity, Infinity];
  return chosen;
}

function told(report, account, chosen) {
  const all = report.requests.requests.reduce((sum, one) => sum + one, 0n);
  const days = shownSteps(report, chosen).length;
  return `${count(account.sums.requests)} of ${count(all)} requests, ${days} of ${report.steps.length} ${report.length}s`;
}

function theme() {
  const button = byId("theme"), dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const label = () => (button.textContent = isDark() ? "Light" : "Dark");
  button.hidden = false;
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    label();
  });
  dark.addEventListener("change", label);
  label();
}

// Spreadsheets take what begins so for a formula.
const plain = (value) => (/^[=+\-@\t\r]/.test(value) ? `'${value}` : value);
const quoted = (value) => `"${plain(value).replaceAll('"', '""')}"`;
const dollars = (nano) => (nano === null || nano === undefined ? "" : `${nano < 0n ? "-" : ""}${negative(nano) / NANO_PER_USD}.${String(negative(nano) % NANO_PER_USD).padStart(9, "0")}`);

function chargeback(report, account) {
  const rows = ROWS.teams({ ...report, most_rows: Infinity }, account), [since, until] = [account.period.since, account.period.until].map(minuteOf);
  const head = ["since_utc", "until_utc", "tenant", "team", "requests", "calls_usd", "hardware_usd", "charged_usd", "baseline_usd", "saved_usd", "not_in_the_sums_usd"];
  const lines = rows.map((row) => [
    since, until, quoted(named(report, row.tenant ?? "")), quoted(row.team === null ? "" : named(report, row.team)), row.requests ?? "",
    ...["calls", "hardware", "paid", "baseline", "net", "excluded_cost"].map((key) => dollars(row[key])),
  ]);
  return [head, ...lines].map((cells) => cells.join(",")).join("\r\n") + "\r\n";
}

function saved(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" })), link = made("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

async function start() {
  document.documentElement.classList.add("js");
  theme();
  const report = await opened(JSON.parse(byId("rows").textContent));
  choices(report);
  let chosen = { ...EVERYTHING }, account = show(report, chosen);
  const again = () => {
    chosen = chosenNow(report);
    account = show(report, chosen);
    byId("selected").textContent = told(report, account, chosen);
  };
  byId("selected").textContent = told(report, account, chosen);
  byId("filters").hidden = report.since === null;
  byId("filters").addEventListener("change", again);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("reset").addEventListener("click", () => {
    choices(report);
    again();
  });
  byId("csv").hidden = false;
  byId("csv").addEventListener("click", () => saved("chargeback.csv", chargeback(report, account)));
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    drawAll(report, account, chosen);
  });
  document.documentElement.dataset.ready = "1";
}

start();
