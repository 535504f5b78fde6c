// The tables of a selection: the same rows as `gateway.report.figures`.
const byId = (id) => document.getElementById(id);

function groupsOf(report, account, by) {
  const known = gathered(report, account, by, (names) => names);
  const ordered = [...known.values()].sort(
    (one, other) => compare(other.sums.requests, one.sums.requests) || compareNames(one.names, other.names),
  );
  if (ordered.length <= report.most_rows) return ordered;
  const rest = by.map(() => report.other), isRest = (names) => names.every((name) => name === report.other);
  const kept = ordered.filter(({ names }) => !isRest(names)).slice(0, report.most_rows - 1);
  const keys = new Set(kept.map(({ names }) => JSON.stringify(names)));
  const fewer = gathered(report, account, by, (names) => (keys.has(JSON.stringify(names)) ? names : rest));
  return [...kept.map(({ names }) => fewer.get(JSON.stringify(names))), fewer.get(JSON.stringify(rest))];
}

function gathered(report, account, by, renamed) {
  const groups = new Map(), memory = new Map();
  const group = (table, row) => {
    const places = by.map((name) => table[name][row]), key = places.join();
    if (!memory.has(key)) {
      const names = renamed(by.map((name, at) => report.names[name][places[at]])), text = JSON.stringify(names);
      if (!groups.has(text)) groups.set(text, { names, rows: [], calls: [] });
      memory.set(key, groups.get(text));
    }
    return memory.get(key);
  };
  for (const row of account.rows) group(report.requests, row).rows.push(row);
  for (const row of account.calls) if (report.calls.calls[row] || report.calls.work[row]) group(report.calls, row).calls.push(row);
  for (const one of groups.values()) {
    one.sums = summed(report.requests, one.rows);
    one.made = summed(report.calls, one.calls);
    one.work = workOf(report, one.calls);
  }
  return groups;
}

function compareNames(one, other) {
  for (let at = 0; at < one.length; at += 1) {
    const found = (one[at] === null) - (other[at] === null) || compare(one[at] ?? "", other[at] ?? "");
    if (found) return found;
  }
  return 0;
}

// Each group's share of the selection's hardware by GPU time.
function sharesOf(account, groups) {
  if (!account.isRated) return groups.map(() => null);
  const shares = groups.map(() => 0n);
  account.hardware.forEach((cost, place) => {
    const work = groups.map((group) => group.work[place]);
    if (work.some((units) => units)) split(cost, work).forEach((part, at) => (shares[at] += part));
  });
  return shares;
}

function timesOf(report, chosen, groups) {
  const kept = new Set(groups.map(({ names }) => JSON.stringify(names)));
  const rest = JSON.stringify([report.other, report.other]), found = new Map();
  const wanted = report.timed_by_part ? chosen : { ...EVERYTHING, model: chosen.model, rule: chosen.rule };
  const table = report.durations;
  const rows = report.timed_by_part
    ? picked(report, table, wanted)
    : table.step.map((_, row) => row).filter((row) => ["model", "rule"].every((name) => wanted[name] === null || table[name][row] === wanted[name]));
  for (const row of rows) {
    let key = JSON.stringify([report.names.model[table.model[row]], report.names.rule[table.rule[row]]]);
    if (!kept.has(key)) key = rest;
    if (!found.has(key)) found.set(key, new Map());
    const buckets = found.get(key);
    buckets.set(table.bucket[row], (buckets.get(table.bucket[row]) ?? 0) + Number(table.answers[row]));
  }
  return found;
}

function percentile(buckets, part) {
  if (!buckets) return null;
  const ordered = [...buckets].sort(([one], [other]) => one - other);
  const total = ordered.reduce((sum, [, answers]) => sum + answers, 0);
  let reached = 0;
  for (const [bucket, answers] of ordered) {
    reached += answers;
    if (reached >= part * total) return 1.1 ** (bucket + 0.5) / 1000000;
  }
  return null;
}

const added = (cost, more) => (more === null ? null : cost + more);

const ROWS = {
  waterfall(report, account) {
    if (!account.isKnown || account.net === null || account.sums.requests === 0n) return [];
    let left = account.sums.baseline;
    const rows = [{ name: "Baseline: all at the declared model", left, bar: [0n, left, "whole"], sql: "sum(baseline)" }];
    for (const [driver, nano] of drivers(account)) {
      const name = report.words[driver];
      rows.push({ name, saved: nano, left: left - nano, bar: [left, left - nano, nano > 0n ? "down" : "up"], sql: report.sql[name] });
      left -= nano;
    }
    return [...rows, { name: "Paid, and saved in all", saved: account.net, left, bar: [0n, left, "whole"], sum: true }];
  },
  steps(report, account, chosen) {
    const sums = stepSums(report, account);
    return shownSteps(report, chosen).map(([step, at], place) => ({
      sql: "sum(requests), sum(cost), sum(baseline)",
      hours: step,
      start: dayOf(step[0]),
      requests: sums[at].requests,
      calls: sums[at].cost,
      hardware: stepHardware(report, account, chosen)[place],
      baseline: sums[at].baseline,
    }));
  },
  baselines(report, account) {
    const { sums, part } = account, besides = added(part ? 0n : account.unshared, account.hardwareCost);
    const direct = added(sums.direct, account.hardwareCost);
    const lines = [
      ["declared", sums.covered, sums.baseline, sums.cost],
      ["managed", sums.managed_covered, sums.managed, sums.managed_cost],
      ["direct", sums.covered, direct, sums.cost],
    ];
    return lines.map(([name, requests, baseline, cost]) => {
      const would = requests ? baseline : null, actual = added(cost, besides);
      const net = would === null || actual === null ? null : would - actual;
      return { name: report.words[name], models: report.models[name], requests, baseline: would, actual, net, share: [net, would], sql: report.sql[name] };
    });
  },
  pools: (report, account) =>
    account.pools.map((pool) => ({
      ...pool,
      busy: [pool.busy && BigInt(Math.round(asNumber(pool.busy) * 1e6)), 1000000n],
      load: [pool.load && BigInt(Math.round(asNumber(pool.load) * 1e6)), 1000000n],
    })),
  models(report, account, chosen) {
    const groups = groupsOf(report, account, ["model", "rule"]);
    const shares = sharesOf(account, groups), buckets = timesOf(report, chosen, groups);
    return groups.map(({ names, sums, made: calls }, place) => {
      const paid = added(sums.cost, shares[place]), found = buckets.get(JSON.stringify(names));
      return {
        names, model: names[0], rule: names[1], ...sums,
        rate: paid === null || !sums.covered ? null : floored(2000n * paid + sums.covered, 2n * sums.covered),
        p50: percentile(found, 0.5),
        p95: percentile(found, 0.95),
        errors: [calls.failed, calls.calls],
        escalated: [sums.escalated, sums.requests],
        paid: sums.covered || !sums.requests ? paid : null,
      };
    });
  },
  teams(report, account) {
    const groups = groupsOf(report, account, ["tenant", "team"]), shares = sharesOf(account, groups);
    const rows = groups.map(({ names, sums }, place) => teamRow(names, sums, shares[place]));
    const left = account.hardwareCost === null ? 0n : account.hardwareCost - shares.reduce((sum, cost) => sum + (cost ?? 0n), 0n);
    const besides = [["Hardware that nobody is charged for", left]];
    if (!account.part) for (const name of ["comparisons", "corrections", "engineers"]) besides.push([report.words[name], account.besides[name]]);
    return [...rows, ...besides.filter(([, nano]) => nano !== 0n).map(([team, paid]) => ({ tenant: null, team, paid }))];
  },
  failures(report, account) {
    const { sums, made: calls } = account;
    const lines = [
      ["Calls that failed, and requests nobody answered", calls.failed, "cost_failure"],
      ["Escalations: a second answer after the first", sums.escalated, "cost_escalation"],
      ["Judges", null, "cost_judge"],
      ["Second samples", null, "cost_sample"],
      ["Guards", null, "cost_guard"],
      ["Cache look-ups", null, "cost_embedding"],
      ["Requests in no sum: cost or baseline unknown", sums.excluded, "excluded_cost"],
    ];
    const rows = lines.map(([what, often, column]) => ({ what, times: often, cost: sums[column], share: [sums[column], sums.cost], sql: `sum(${column})` }));
    const compared = [calls.comparisons, calls.comparison_cost];
    return [...rows, { what: report.words.comparisons, times: compared[0], cost: compared[1], share: [compared[1], sums.cost] }];
  },
};

function teamRow(names, sums, hardware) {
  const isKnown = sums.covered > 0n || !sums.requests, paid = added(sums.cost, hardware);
  return {
    names, tenant: names[0], team: names[1], requests: sums.requests, calls: sums.cost, hardware, paid,
    baseline: isKnown ? sums.baseline : null,
    net: paid === null || !isKnown ? null : sums.baseline - paid,
    excluded_cost: sums.excluded_cost,
  };
}

const shownSteps = (report, chosen) =>
  report.steps.map((step, at) => [step, at]).filter(([[start, end]]) => start >= chosen.from && end <= chosen.to);

function stepSums(report, account) {
  const rows = report.steps.map(() => []);
  for (const row of account.rows) rows[report.requests.step[row]].push(row);
  return rows.map((some) => summed(report.requests, some));
}

// What hardware cost in each step: by its time, or for a part by the work of the part.
function poolSteps(report, account, chosen) {
  const steps = shownSteps(report, chosen);
  return account.pools.map((pool, place) => {
    const lengths = steps.map(([[start, end]]) =>
      biggest(0n, smallest(BigInt(end) * HOUR_US, account.period.until) - biggest(BigInt(start) * HOUR_US, account.period.since)),
    );
    if (!account.part) return split(pool.cost, lengths);
    const work = new Map(steps.map(([, at]) => [at, 0n]));
    for (const row of account.calls) {
      if (report.calls.pool[row] === place) work.set(report.calls.step[row], work.get(report.calls.step[row]) + report.calls.work[row]);
    }
    return split(account.hardware[place], [...work.values()]);
  });
}

function stepHardware(report, account, chosen) {
  const pools = poolSteps(report, account, chosen);
  return shownSteps(report, chosen).map((_, place) => pools.reduce((sum, costs) => sum + costs[place], 0n));
}

// A name in SQL: what is not plainly one is written as hex, so that it can be pasted anywhere.
function equals(value) {
  if (value === null) return "IS NULL";
  if (/^[A-Za-z0-9_ ./:@+-]*$/.test(value)) return `= '${value}'`;
  return `= CAST(x'${[...new TextEncoder().encode(value)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}' AS TEXT)`;
}

function conditions(report, chosen, prefix) {
  const found = [];
  for (const name of ["model", "rule", "tenant", "team"]) {
    const value = chosen[name] === null ? undefined : report.names[name][chosen[name]];
    if (value !== undefined && value !== report.other) found.push(`${prefix}${name} ${equals(value)}`);
  }
  if (chosen.tag !== null && chosen.tag !== report.other) found.push(`EXISTS (SELECT 1 FROM json_each(${prefix}tags) WHERE value ${equals(chosen.tag)})`);
  return found;
}

function way(report, chosen, sheet, row) {
  if (!row.names && !row.sql) return null;
  const [from, to] = row.hours ?? report.hours ?? [0, 0];
  const hours = [`hour >= ${Math.max(from, chosen.from)} AND hour < ${Math.min(to, chosen.to)}`];
  if (row.names) {
    const own = sheet.by.filter((_, at) => row.names[at] !== report.other).map((name) => `${name} ${equals(row.names[sheet.by.indexOf(name)])}`);
    const others = conditions(report, chosen, "").filter((condition) => !own.includes(condition));
    return `SELECT * FROM entries WHERE ${[...own, ...others, ...hours].join(" AND ")};`;
  }
  return `SELECT ${row.sql} FROM hours JOIN cells c ON c.id = hours.cell WHERE ${[...conditions(report, chosen, "c."), ...hours].join(" AND ")};`;
}

const CELLS = {
  name: (report, value) => named(report, value),
  text: (report, value) => value,
  count: (report, value) => count(value),
  model: (report, value) => (value === null ? "(no answer)" : named(report, value)),
  money: (report, value) => amount(value, report.digits),
  signed: (report, value) => amount(value, report.digits, "+"),
  rate: (report, value) => amount(value, report.digits + 2),
  share: (report, pair) => share(...pair),
  time: (report, value) => duration(value),
};

function fill(report, chosen, sheet, rows) {
  const table = byId(`t-${sheet.id}`);
  if (!table) return;
  const shownKeys = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.key);
  const columns = sheet.columns.filter(([key]) => shownKeys.includes(key));
  const lines = rows.map((row) => {
    const line = made("tr", row.sum ? { class: "sum" } : {});
    columns.forEach(([key, kind], at) => {
      const cell = made(at ? "td" : "th", at ? {} : { scope: "row" });
      if (kind === "bar") cell.className = "bar";
      else if (at && !["name", "text", "model"].includes(kind)) cell.className = "n";
      if (key in row && kind === "bar") cell.append(waterfallBar(rows, row));
      else if (key in row) cell.append(CELLS[kind](report, row[key]));
      if ((key === "net" || key === "saved") && typeof row[key] === "bigint" && row[key] < 0n) cell.dataset.loss = "1";
      if (!at) traced(cell, way(report, chosen, sheet, row));
      line.append(cell);
    });
    return line;
  });
  if (!rows.length) lines.push(made("tr", {}, made("td", { colspan: columns.length }, "No rows in this period.")));
  table.tBodies[0].replaceChildren(...lines);
}

function traced(cell, sql) {
  if (!sql) return;
  const head = made("summary", {}, ...cell.childNodes);
  cell.replaceChildren(made("details", {}, head, made("code", {}, sql)));
}
