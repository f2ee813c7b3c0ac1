// npm run compare -- a.json b.json: two runs side by side; a change shows in the last column.
import { readFileSync } from 'node:fs';
import { describe, number, table, withUnit } from './report.mjs';

const files = process.argv.slice(2);
if (files.length !== 2) throw new Error('usage: compare.mjs a.json b.json');
const [a, b] = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));

for (const [name, run] of [
  ['a', a],
  ['b', b],
]) {
  console.log(`${name}: ${run.date}, ${run.rounds} rounds${run.smoke ? ', SMOKE' : ''}`);
  console.log(`${describe(run)}\n`);
}

const rows = ({ cases }) =>
  Object.values(cases).flatMap((one) => one.rows.map((row) => [row.text, row]));
console.log(
  sideBySide('ratio in one round, or size', rows(a), rows(b), {
    value: ({ median }) => median,
    print: ({ median, verdict }) =>
      median === undefined ? verdict : `${number(median)}${verdict && ` ${verdict}`}`,
  }),
);

const measures = ({ cases }) =>
  Object.entries(cases).flatMap(([name, { contenders }]) =>
    Object.entries(contenders).flatMap(([contender, all]) =>
      Object.entries(all).map(([measure, { median }]) => [
        `${name}: ${contender}, ${measure}`,
        { measure, median },
      ]),
    ),
  );
console.log();
console.log(
  sideBySide('absolute, drifts with the machine', measures(a), measures(b), {
    value: ({ median }) => median,
    print: ({ measure, median }) => withUnit(measure, median),
  }),
);

function sideBySide(title, left, right, { value, print }) {
  const [first, second] = [new Map(left), new Map(right)];
  const lines = [...new Set([...first.keys(), ...second.keys()])].map((key) => {
    const [one, two] = [first.get(key), second.get(key)];
    const change = one && two ? (value(two) / value(one) - 1) * 100 : NaN;
    const percent = Number.isNaN(change) ? '' : `${change >= 0 ? '+' : ''}${change.toFixed(1)} %`;
    return [key, one ? print(one) : '', two ? print(two) : '', percent];
  });
  return table([title, 'a', 'b', 'b against a'], lines);
}
