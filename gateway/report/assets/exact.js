// Exact arithmetic: nano-USD are BigInt, fractions are [numerator, denominator] with a denominator above 0.
const HOUR_US = 3600000000n, NANO_PER_USD = 1000000000n, HOURS_PER_MONTH = 730n;
const ZERO = [0n, 1n], ONE = [1n, 1n];

const fraction = ([n, d]) => [BigInt(n), BigInt(d)];
const plus = ([a, b], [c, d]) => [a * d + c * b, b * d];
const times = ([a, b], [c, d]) => [a * c, b * d];
const over = (part, whole) => (whole[0] === 0n ? ZERO : [part[0] * whole[1], part[1] * whole[0]]);
const isLess = ([a, b], [c, d]) => a * d < c * b;
const asNumber = ([n, d]) => Number((n * 1000000000000n) / d) / 1e12;
const biggest = (one, other) => (one > other ? one : other);
const smallest = (one, other) => (one < other ? one : other);

function floored(n, d) {
  const whole = n / d;
  return n % d < 0n ? whole - 1n : whole;
}

// The nearest whole number, halves upwards.
const rounded = ([n, d]) => floored(2n * n + d, 2n * d);

// An amount in whole parts in proportion to weights, equal where all are 0: largest remainders get what is left.
function split(amount, weights) {
  let total = weights.reduce((sum, weight) => sum + weight, 0n);
  if (total === 0n) {
    weights = weights.map(() => 1n);
    total = BigInt(weights.length);
  }
  const parts = weights.map((weight) => floored(amount * weight, total));
  const remainders = weights.map((weight, place) => amount * weight - parts[place] * total);
  const order = weights.map((_, place) => place).sort((one, other) => compare(remainders[other], remainders[one]) || one - other);
  const left = Number(amount - parts.reduce((sum, part) => sum + part, 0n));
  for (const place of order.slice(0, left)) parts[place] += 1n;
  return parts;
}

const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
