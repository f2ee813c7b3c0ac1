/** Times as people write them. */

const UNITS: readonly [ms: number, name: string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** A time in the largest unit that needs no more than three decimals. */
export function time(ms: number): string {
  for (const [size, name] of UNITS) {
    const value = ms / size;
    if (value >= 1 && Number.isInteger(Math.round(value * 1e6) / 1e3)) return `${value} ${name}`;
  }
  return `${Math.round(ms * 1e3) / 1e3} ms`;
}

/** A moment in two units at most, for labels: `3 h 4 s` rather than `10804 s`. */
export function moment(ms: number): string {
  const parts: string[] = [];
  let rest = ms;
  for (const [size, name] of UNITS) {
    if (rest < size || parts.length === 2) continue;
    const count = size === 1_000 ? Math.round(rest) / 1_000 : Math.floor(rest / size);
    parts.push(`${count} ${name}`);
    rest = size === 1_000 ? 0 : rest - count * size;
  }
  return parts.length === 0 ? time(ms) : parts.join(' ');
}
