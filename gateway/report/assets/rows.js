// The rows: columns of whole numbers, names by their place in a list, and which of them a selection picks.
const PART_NAMES = ["tenant", "team", "rule", "tags", "model"];
const PLACES = ["step", ...PART_NAMES, "pool", "bucket"];

async function inflated(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function columnsOf(table) {
  return Object.fromEntries(
    Object.entries(table).map(([name, column]) => [name, PLACES.includes(name) ? column : column.map(BigInt)]),
  );
}

async function opened(report) {
  const columns = await inflated(report.columns);
  return {
    ...report,
    requests: columnsOf(columns.requests),
    calls: columnsOf(columns.calls),
    durations: columnsOf(columns.durations),
    hourly: columns.hours.map(({ hour, work }) => new Map(hour.map((at, place) => [at, BigInt(work[place])]))),
    pools: report.pools.map((pool) => ({
      ...pool,
      usable: fraction(pool.usable),
      fixed: fraction(pool.fixed),
      idle: fraction(pool.idle),
      load: fraction(pool.load),
      parts: BigInt(pool.parts),
    })),
    since: report.since === null ? null : BigInt(report.since),
    until: report.until === null ? null : BigInt(report.until),
    engineers: report.engineers && fraction(report.engineers),
  };
}

const EVERYTHING = Object.freeze({ from: -Infinity, to: Infinity, model: null, rule: null, tenant: null, team: null, tag: null });
const isPart = (chosen) => ["model", "rule", "tenant", "team", "tag"].some((name) => chosen[name] !== null);

// `chosen` holds hours (`from` on and before `to`), places in the lists of names, and the name of a tag.
function picked(report, table, chosen) {
  const steps = report.steps.map(([start, end]) => start >= chosen.from && end <= chosen.to);
  const tagged = report.names.tags.map((tags) => chosen.tag === null || tags.includes(chosen.tag));
  const by = ["model", "rule", "tenant", "team"].filter((name) => chosen[name] !== null);
  const found = [];
  for (let row = 0; row < table.step.length; row += 1) {
    if (steps[table.step[row]] && tagged[table.tags[row]] && by.every((name) => table[name][row] === chosen[name])) found.push(row);
  }
  return found;
}

function summed(table, rows) {
  const sums = {};
  for (const [name, column] of Object.entries(table)) {
    if (PLACES.includes(name)) continue;
    let sum = 0n;
    for (const row of rows) sum += column[row];
    sums[name] = sum;
  }
  return sums;
}
