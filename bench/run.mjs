// npm run bench -- [--smoke] [--only case,case] [--rounds n] [--save name]
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import cases from './cases/index.mjs';
import { measure } from './measure.mjs';
import { describe, environment, figures, judge, number, table, withUnit } from './report.mjs';

const { values: flags } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    save: { type: 'string' },
  },
});
const smoke = flags.smoke;
const rounds = flags.rounds === undefined ? (smoke ? 3 : 21) : Number(flags.rounds);
const only = flags.only?.split(',') ?? Object.keys(cases);
const unknown = only.filter((name) => !(name in cases));
if (unknown.length > 0) throw new Error(`no case ${unknown}; cases: ${Object.keys(cases)}`);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${flags.rounds}`);
if (flags.save && !/^[\w.-]+$/.test(flags.save)) throw new Error(`--save ${flags.save}`);

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

const results = Object.values(run.cases).flatMap(({ rows }) => rows);
console.log(
  table(
    ['ratio in one round, or size', 'median', 'min .. max', 'target', 'verdict'],
    results.map(({ text, median, min, max, target, verdict }) =>
      verdict === 'error'
        ? [text, '', '', target, verdict]
        : [text, number(median), `${number(min)} .. ${number(max)}`, target, verdict],
    ),
  ),
);
if (smoke) console.log('\nA smoke run: it shows that everything runs, its figures mean nothing.');

save('results', 'last');
if (flags.save) save('results/saved', flags.save);
process.exitCode = Object.values(run.cases).some(({ errors }) => Object.keys(errors).length)
  ? 1
  : 0;

function contendersText({ contenders, errors }) {
  const lines = Object.entries(contenders).flatMap(([contender, measures]) =>
    Object.entries(measures).map(([measure, { median, min, max }]) => {
      const [middle, low, high] = [median, min, max].map((value) => withUnit(measure, value));
      return `  ${contender.padEnd(38)}${middle.padStart(14)}  (${low} .. ${high})`;
    }),
  );
  const failed = Object.entries(errors).map(([name, message]) => `  ${name}: ERROR ${message}`);
  return [...lines, ...failed].join('\n');
}

function save(folder, name) {
  const directory = new URL(`./${folder}/`, import.meta.url);
  mkdirSync(directory, { recursive: true });
  writeFileSync(new URL(`${name}.json`, directory), `${JSON.stringify(run, null, 2)}\n`);
}

function systoleVersion() {
  if (process.env.SYSTOLE_ENTRY) return '(another build)';
  const manifest = new URL('../package.json', import.meta.url);
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest)).version : 'none';
}
