// The account of a selection, as `gateway.money.account` reckons it: to the nano-USD.
function reckoned(report, chosen) {
  const part = isPart(chosen);
  const rows = picked(report, report.requests, chosen), calls = picked(report, report.calls, chosen);
  const everyone = part ? picked(report, report.calls, { ...EVERYTHING, from: chosen.from, to: chosen.to }) : calls;
  const period = periodOf(report, chosen);
  const sums = summed(report.requests, rows), made = summed(report.calls, calls);
  const work = workOf(report, calls), allWork = workOf(report, everyone);
  const pools = report.pools.map((pool, place) => poolCost(pool, period, pool.rated ? allWork[place] : null));
  const isRated = pools.every((pool) => pool.used !== null);
  const hardware = pools.map((pool, place) => (part ? shareOf(pool.cost, work[place], allWork[place]) : pool.cost));
  const used = pools.map((pool, place) =>
    pool.used === null ? null : part ? shareOf(pool.used, work[place], allWork[place]) : pool.used,
  );
  const besides = { comparisons: made.comparison_cost, corrections: corrections(report, chosen), engineers: people(report, period) };
  const unshared = besides.comparisons + besides.corrections + besides.engineers;
  const sum = hardware.reduce((total, cost) => total + cost, 0n);
  const isKnown = sums.covered > 0n || sums.requests === 0n;
  const actual = part && !isRated ? null : sums.cost + sum + (part ? 0n : unshared);
  return {
    part, rows, calls, period, sums, made, pools, isRated, hardware, besides, unshared, isKnown, actual,
    hardwareCost: part && !isRated ? null : sum,
    hardwareUsed: isRated ? used.reduce((total, cost) => total + cost, 0n) : null,
    net: actual === null || !isKnown ? null : sums.baseline - actual,
  };
}

function periodOf(report, chosen) {
  if (report.since === null) return { since: 0n, until: 0n, us: 0n };
  const from = chosen.from === -Infinity ? report.since : BigInt(chosen.from) * HOUR_US;
  const to = chosen.to === Infinity ? report.until : BigInt(chosen.to) * HOUR_US;
  const since = biggest(report.since, from), until = smallest(report.until, to);
  return { since, until, us: biggest(0n, until - since) };
}

function workOf(report, rows) {
  const work = report.pools.map(() => 0n);
  for (const row of rows) if (report.calls.work[row] !== 0n) work[report.calls.pool[row]] += report.calls.work[row];
  return work;
}

const shareOf = (cost, work, all) => (all === 0n ? 0n : split(cost, [work, all - work])[0]);

function within(pool, period) {
  const since = pool.since === null ? period.since : biggest(period.since, BigInt(pool.since) * HOUR_US);
  const until = pool.until === null ? period.until : smallest(period.until, BigInt(pool.until) * HOUR_US);
  return { since, until: biggest(since, until), us: biggest(0n, until - since) };
}

function poolCost(pool, whole, units) {
  const period = within(pool, whole), time = [period.us, 1n];
  const gpuUs = units === null ? null : [units, pool.parts];
  const busy = gpuUs && over(gpuUs, [period.us * BigInt(pool.gpus), 1n]);
  const load = gpuUs && over(gpuUs, times([period.us * BigInt(pool.gpus - pool.standby), 1n], pool.usable));
  const capped = load === null ? ZERO : isLess(ONE, load) ? ONE : load;
  const hourly = plus(pool.fixed, plus(pool.idle, times(pool.load, capped)));
  const cost = rounded(times(times(hourly, time), [NANO_PER_USD, HOUR_US]));
  const used = busy === null ? null : smallest(rounded(times([cost, 1n], busy)), cost);
  return { name: pool.name, gpus: pool.gpus, cost, used, idle: used === null ? null : cost - used, busy, load, period };
}

function people(report, period) {
  if (!report.engineers) return 0n;
  return rounded(times(times(report.engineers, [period.us, HOUR_US * HOURS_PER_MONTH]), [NANO_PER_USD, 1n]));
}

const corrections = (report, chosen) =>
  report.corrections.filter(([hour]) => hour >= chosen.from && hour < chosen.to).reduce((sum, [, nano]) => sum + BigInt(nano), 0n);

// The drivers from the baseline to what was paid; what nobody shares is no driver of a part.
function drivers(account) {
  const sums = account.sums, api = sums.baseline - sums.baseline_cache - sums.baseline_pool;
  const less = sums.full_first - sums.cost_first - (sums.full_baseline - api);
  const own =
    account.hardwareUsed === null
      ? [["hardware", -account.hardwareCost]]
      : [["used", -account.hardwareUsed], ["idle", account.hardwareUsed - account.hardwareCost]];
  return [
    ["response_cache", sums.baseline_cache - sums.cost_embedding],
    ["self_hosting", sums.baseline_pool],
    ...own,
    ["cheaper_models", sums.full_baseline - sums.full_first],
    ["prompt_cache", less],
    ["escalations", -sums.cost_escalation],
    ["failures", -sums.cost_failure],
    ["judges", -sums.cost_judge],
    ["second_samples", -sums.cost_sample],
    ["guards", -sums.cost_guard],
    ...(account.part
      ? []
      : [
          ["comparisons", -account.besides.comparisons],
          ["corrections", -account.besides.corrections],
          ["engineers", -account.besides.engineers],
        ]),
  ].filter(([, amount]) => amount !== 0n);
}
