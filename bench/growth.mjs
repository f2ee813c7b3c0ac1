// npm run growth -- [--smoke] [--rounds n] [--node 24] [--docs]: costs from 1,000 activities in
// flight to 1,000,000; `--docs` draws them into docs/.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { docs, markdownTable, writePart } from './docs.mjs';
import { chart } from './growth/chart.mjs';
import { lives } from './growth/lives.mjs';
import { rerunOn, withoutNode } from './node-version.mjs';
import { environment, machineText, number, summary, table } from './report.mjs';
import { systoleVersion } from './systole.mjs';

const { values: flags } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    node: { type: 'string' },
    docs: { type: 'boolean', default: false },
  },
});
if (flags.node !== undefined) rerunOn(flags.node, withoutNode(process.argv.slice(2)));
const rounds = Number(flags.rounds ?? (flags.smoke ? 1 : 3));
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${flags.rounds}`);
if (flags.docs && flags.smoke) throw new Error('--docs takes a whole run');
const sizes = flags.smoke ? [100, 1_000] : [1_000, 10_000, 100_000, 1_000_000];

/** A size that takes minutes is measured in the first round only. */
const onceFrom = 1_000_000;

const worker = fileURLToPath(new URL('./growth/worker.mjs', import.meta.url));
const run = { date: new Date().toISOString(), rounds, ...environment(systoleVersion()), sizes };
console.log(`${machineText(run)}, systole ${run.versions.systole}, ${rounds} rounds\n`);

/** { measure: { size: [a figure of each round] } } */
const samples = {};
for (let round = 0; round < rounds; round++) {
  for (const size of sizes) {
    if (round > 0 && size >= onceFrom) continue;
    for (const life of Object.keys(lives)) {
      for (const [measure, value] of Object.entries(await liveApart(life, size))) {
        ((samples[measure] ??= {})[size] ??= []).push(value);
      }
    }
  }
}
run.loadAtEnd = Number(loadavg()[0].toFixed(2));
run.measures = Object.fromEntries(
  Object.entries(samples).map(([measure, bySize]) => [
    measure,
    sizes.map((size) => summary(bySize[size])),
  ]),
);

const unit = (measure) => (measure === 'memory' ? 'bytes' : 'us');
const growth = (one) => one.at(-1).median / one[0].median;
const nLogN = Math.log(sizes.at(-1)) / Math.log(sizes[0]);
const head = ['per activity', ...sizes.map((n) => n.toLocaleString('en-US')), 'last / first'];
const rows = Object.entries(run.measures).map(([measure, one]) => [
  `${measure}, ${unit(measure)}`,
  ...one.map(({ median, min, max }) =>
    min === max ? number(median) : `${number(median)} (${number(min)} .. ${number(max)})`,
  ),
  number(growth(one)),
]);
rows.push(['n log n, for comparison', ...sizes.map(() => ''), number(nLogN)]);
console.log(table(head, rows));
if (flags.smoke) console.log('\nA smoke run: its figures mean nothing.');

const results = new URL('./results/', import.meta.url);
mkdirSync(results, { recursive: true });
const name = flags.smoke ? 'growth-smoke.json' : 'growth.json';
writeFileSync(new URL(name, results), `${JSON.stringify(run, null, 2)}\n`);
if (flags.docs) draw();

async function liveApart(life, size) {
  const node = ['--expose-gc', '--max-old-space-size=8192'];
  const args = [worker, life, String(size), flags.smoke ? '2' : '50'];
  const { stdout } = await promisify(execFile)(process.execPath, [...node, ...args]);
  return JSON.parse(stdout);
}

function draw() {
  const panels = Object.entries(run.measures).map(([measure, one]) => ({
    title: `${measure}, ${unit(measure)}`,
    points: one.map(({ median }, i) => [sizes[i], median]),
    text: number,
  }));
  const description = 'Cost per activity with 1,000 to 1,000,000 activities in flight';
  writeFileSync(new URL('pictures/growth.svg', docs), chart(panels, description));
  const version = `systole ${run.versions.systole}, ${rounds} rounds (one at the largest size): median (min .. max)`;
  const when = `Measured ${run.date.slice(0, 10)} on ${machineText(run)}, ${version}.`;
  writePart('growth', `${when}\n\n${markdownTable(head, rows)}`);
}
