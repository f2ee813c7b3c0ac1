// npm run bench -- [--smoke] [--only case,case] [--rounds n] [--save name] [--node 24] [--docs]
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import cases from './cases/index.mjs';
import { markdownTable, writePart } from './docs.mjs';
import { measure } from './measure.mjs';
import { rerunOn, withoutNode } from './node-version.mjs';
import {
  cells,
  describe,
  environment,
  figures,
  judge,
  machineText,
  number,
  table,
  versionsText,
  withUnit,
} from './report.mjs';
import { systoleVersion } from './systole.mjs';

const { values: flags } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    save: { type: 'string' },
    node: { type: 'string' },
    docs: { type: 'boolean', default: false },
  },
});
if (flags.node !== undefined) rerunOn(flags.node, withoutNode(process.argv.slice(2)));
const smoke = flags.smoke;
const rounds = flags.rounds === undefined ? (smoke ? 2 : 21) : Number(flags.rounds);
const only = flags.only?.split(',') ?? Object.keys(cases);
const unknown = only.filter((name) => !(name in cases));
if (unknown.length > 0) throw new Error(`no case ${unknown}; cases: ${Object.keys(cases)}`);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${flags.rounds}`);
if (flags.save && !/^[\w.-]+$/.test(flags.save)) throw new Error(`--save ${flags.save}`);
if (flags.docs && (smoke || flags.only)) throw new Error('--docs takes a whole run, in full');

const run = { date: new Date().toISOString(), smoke, rounds, ...environment(systoleVersion()) };
run.cases = {};
console.log(`${describe(run)}\nup to ${rounds} rounds: median (min .. max)\n`);

for (const name of only) {
  const measured = await measure(name, cases[name], { rounds, batchMs: smoke ? 2 : 50, smoke });
  const { errors } = measured;
  const { title, rows } = cases[name];
  run.cases[name] = {
    title,
    contenders: figures(measured),
    rows: rows.map((row) => judge(row, measured)),
    errors,
  };
  console.log(`${title}\n${contendersText(run.cases[name])}\n`);
}
run.loadAtEnd = Number(loadavg()[0].toFixed(2));

const results = Object.values(run.cases).flatMap(({ rows }) => rows);
const head = ['ratio in one round, size or count', 'median', 'min .. max', 'target', 'verdict'];
const lines = results.map((row) => [row.text, ...cells(row)]);
console.log(table(head, lines));
console.log(`\n${describe(run)}`);
if (smoke) console.log('\nA smoke run: it shows that everything runs, its figures mean nothing.');
else {
  const missed = results.filter(({ verdict }) => verdict === 'missed').length;
  const judged = results.filter(({ target }) => target !== '').length;
  console.log(`\n${judged} targets, ${missed} missed.`);
}

save('results', smoke ? 'smoke' : 'last');
if (flags.save) save('results/saved', flags.save);
if (flags.docs) {
  const when = `Measured ${run.date.slice(0, 10)} on ${machineText(run)}.`;
  writePart('targets', `${when}\n${versionsText(run)}.\n\n${markdownTable(head, lines)}`);
}
const failed = Object.values(run.cases).some(({ errors }) => Object.keys(errors).length > 0);
process.exitCode = failed ? 1 : 0;

function contendersText({ contenders, errors }) {
  const lines = Object.entries(contenders).flatMap(([contender, measures]) =>
    Object.entries(measures).map(([measure, { median, min, max }]) => {
      const [middle, low, high] = [median, min, max].map((value) => withUnit(measure, value));
      const range = measure === 'time' ? `${low} .. ${high}` : `${number(min)} .. ${number(max)}`;
      return `  ${contender.padEnd(38)} ${middle.padStart(14)}  (${range})`;
    }),
  );
  const failures = Object.entries(errors).map(([name, message]) => `  ${name}: ERROR ${message}`);
  return [...lines, ...failures].join('\n');
}

function save(folder, name) {
  const directory = new URL(`./${folder}/`, import.meta.url);
  mkdirSync(directory, { recursive: true });
  writeFileSync(new URL(`${name}.json`, directory), `${JSON.stringify(run, null, 2)}\n`);
}
