// npm run day -- [--activities n] [--seed n] [--node 24]: 24 hours of activities in one minute.
import { parseArgs } from 'node:util';
import { simulate } from './day/simulate.mjs';
import { rerunOn, withoutNode } from './node-version.mjs';
import { environment, machineText, number, table } from './report.mjs';
import { systoleVersion } from './systole.mjs';

const { values: flags } = parseArgs({
  options: {
    activities: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    node: { type: 'string' },
  },
});
if (flags.node !== undefined) rerunOn(flags.node, withoutNode(process.argv.slice(2)));
const [count, seed] = [Number(flags.activities), Number(flags.seed)];
if (!Number.isInteger(count) || count < 1) throw new Error(`--activities ${flags.activities}`);
if (!Number.isInteger(seed)) throw new Error(`--seed ${flags.seed}`);

const run = environment(systoleVersion());
console.log(`${machineText(run)}, systole ${run.versions.systole}, seed ${seed}\n`);
const day = await simulate(count, seed);

const kinds = Object.entries(day.kinds).sort(([, a], [, b]) => b.count - a.count);
const rows = kinds.map(([kind, { ending, count: of }]) => [kind, ending, number(of)]);
console.log(table(['activity that', 'ended as', 'number'], rows));

const events = Object.entries(day.events).map(([name, times]) => `${number(times)} ${name}`);
const seconds = day.realMs / 1e3;
console.log(`
${number(day.count)} activities, ${number(day.attempts)} attempts: ${(day.virtualMs / 3.6e6).toFixed(1)} hours in ${seconds.toFixed(1)} s
${number(day.totalEvents)} events: ${events.join(', ')}
${number(day.totalEvents / seconds)} events, ${number(day.timers / seconds)} timers fired per second of real time
Every activity closed exactly once, as planned; no timer and no function is left.`);
