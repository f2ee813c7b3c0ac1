// From samples to figures, and from figures to text.
import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';

/** Median and range of numbers. */
export function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** Each contender's measures: { contender: { time: summary, ... } }. */
export function figures({ samples }) {
  const result = {};
  for (const [contender, rounds] of Object.entries(samples)) {
    if (rounds.length === 0) continue;
    result[contender] = {};
    for (const measure of Object.keys(rounds[0])) {
      result[contender][measure] = summary(rounds.map((round) => round[measure]));
    }
  }
  return result;
}

/** One row of the table: the summary over the rounds, the target, and whether it is met. */
export function judge(row, { samples, errors }) {
  const { text, of, per, less, against, measure = 'time', atMost, atLeast, every = false } = row;
  const bound =
    atMost !== undefined ? `<= ${number(atMost)}` : atLeast !== undefined ? `>= ${atLeast}` : '';
  const target = bound && `${bound}${every ? ', always' : ''}`;
  const error = errors[of] ?? errors[per] ?? errors[less];
  if (error !== undefined) return { text, target, verdict: 'error', error };
  const ratio = (i, of, per) => samples[of][i][measure] / (per ? samples[per][i][measure] : 1);
  const more = (i) => (samples[of][i][measure] - samples[less][i][measure]) / 1000;
  const values = samples[of].map((_, i) =>
    less ? more(i) : ratio(i, of, per) / (against ? ratio(i, against.of, against.per) : 1),
  );
  const value = summary(values);
  const [low, high] = every ? [value.min, value.max] : [value.median, value.median];
  const holds = high <= (atMost ?? Infinity) && low >= (atLeast ?? -Infinity);
  return { text, ...value, target, verdict: target && (holds ? 'holds' : 'missed') };
}

export function environment(systoleVersion) {
  const own = JSON.parse(readFileSync(new URL('./package.json', import.meta.url)));
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    load: Number(loadavg()[0].toFixed(2)),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    v8: process.versions.v8,
    memory: Math.round(totalmem() / 2 ** 30),
    versions: { systole: systoleVersion, ...own.dependencies },
  };
}

/** The machine on one line, the packages on the next. */
export function describe(run) {
  return `${machineText(run)}\n${versionsText(run)}`;
}

export function machineText({ cpu, cores, memory, load, loadAtEnd, platform, node }) {
  const size = memory === undefined ? '' : `, ${memory} GB`;
  const end = loadAtEnd === undefined ? '' : `, ${loadAtEnd} at the end`;
  return `${cpu}, ${cores} cores${size} (load ${load} at the start${end}), ${platform}, Node ${node}`;
}

export function versionsText({ versions }) {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}

/** Three significant digits, without an exponent. */
export function number(value) {
  if (Math.abs(value) < 0.0005) return '0';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

export function withUnit(measure, value) {
  if (measure !== 'time') return `${number(value)} ${measure}`;
  return value < 1000 ? `${number(value)} ns` : `${number(value / 1000)} us`;
}

/** The cells of a judged row: median, range, target, verdict. */
export function cells({ median, min, max, target, verdict }) {
  if (verdict === 'error') return ['', '', target, verdict];
  return [number(median), `${number(min)} .. ${number(max)}`, target, verdict];
}

/** Columns as wide as necessary. The first is aligned left, the others right. */
export function table(head, rows) {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const print = (line) =>
    line.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ');
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [print(head), rule, ...rows.map(print)].map((line) => line.trimEnd()).join('\n');
}
