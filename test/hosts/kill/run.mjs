// Proof by killing: programs share a store, are killed at random moments and start again, until each
// of many activities has ended. Then their traces are read: see check.mjs.
//
//   npm run test:kill                                one minute: both stores, alone and two at once
//   npm run test:kill -- --minutes 60                an hour
//   npm run test:kill -- --seed 7 --store sqlite --programs 2 --jobs 1000 --kills 100
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { check } from './check.mjs';
import { ended, watchDatabase } from './database.mjs';
import { random } from './random.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    store: { type: 'string' },
    programs: { type: 'string' },
    jobs: { type: 'string' },
    kills: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const program = fileURLToPath(new URL('program.mjs', import.meta.url));
/** better-sqlite3 is found from there, where Node has no SQLite. */
const cwd = fileURLToPath(new URL('../sqlite', import.meta.url));
const hasSqlite =
  process.getBuiltinModule?.('node:sqlite') !== undefined ||
  existsSync(join(cwd, 'node_modules/better-sqlite3/build/Release'));

/** One run: as many programs at once, until so many were killed and everything has ended. */
async function run({ kind, programs, jobs, kills, seed }) {
  const folder = mkdtempSync(join(tmpdir(), 'systole-kill-'));
  mkdirSync(join(folder, 'spans'));
  const draw = random(seed);
  const figures = { killed: 0, terminated: 0 };
  if (kind === 'sqlite') watchDatabase(folder, cwd);
  let next = 1;
  const start = (more) => {
    const args = { kind, folder, seed: seed * 100_003 + next++, from: 0, to: 0, most: 0, ...more };
    const env = { ...process.env, NODE_NO_WARNINGS: '1' };
    return spawn(process.execPath, [program, JSON.stringify(args)], { cwd, env, stdio: 'inherit' });
  };
  const line = async (index) => {
    const share = Math.ceil(jobs / programs);
    const range = { from: index * share, to: Math.min(jobs, (index + 1) * share) };
    while (figures.killed + figures.terminated < kills) {
      const child = start({ ...range, most: Math.ceil((1.5 * jobs) / kills) });
      const exit = once(child, 'exit');
      const lives = 150 + draw() ** 2 * 1_200;
      const isOver = await Promise.race([exit, new Promise((wait) => setTimeout(wait, lives))]);
      if (isOver !== undefined) throw new Error(`a program has ended by itself: ${isOver}`);
      const signal = draw() < 0.7 ? 'SIGKILL' : 'SIGTERM';
      figures[signal === 'SIGKILL' ? 'killed' : 'terminated']++;
      child.kill(signal);
      await exit;
    }
  };
  await Promise.all(Array.from({ length: programs }, (_, index) => line(index)));
  const last = start({ drain: true, to: jobs, most: jobs });
  const [code] = await once(last, 'exit');
  const checked = check(folder, jobs);
  const wrong = [...checked.wrong];
  if (code !== 0) wrong.push(`the last program ended with ${code}`);
  const crashes = join(folder, 'crashes.txt');
  if (existsSync(crashes)) wrong.push(readFileSync(crashes, 'utf8'));
  // It was cancelled before it was entered, and its caller was told so.
  const wasNeverEntered = (id) => {
    const own = checked.byId.get(id) ?? [];
    return own.some(({ what }) => what === 'cancel') && !own.some(({ what }) => what === 'begin');
  };
  if (kind === 'sqlite') wrong.push(...ended(folder, cwd, jobs, wasNeverEntered));
  const drained = [...checked.byId].length;
  const all = { activities: drained, ...figures, ...checked.figures };
  const shown = Object.entries(all)
    .map(([name, value]) => `${value} ${name}`)
    .join(', ');
  console.log(
    `tested ${kind}, ${programs} at once, seed ${seed}: ${shown}; wrong: ${wrong.length}`,
  );
  for (const one of wrong.slice(0, 20)) console.log(`  ${one}`);
  if (wrong.length > 0 || values.keep) console.log(`  kept in ${folder}`);
  else rmSync(folder, { recursive: true });
  return wrong.length === 0;
}

const until = Date.now() + Number(values.minutes) * 60_000;
const kinds = values.store === undefined ? ['sqlite', 'file'] : [values.store];
if (!hasSqlite && kinds.includes('sqlite')) {
  console.log(
    'left out: sqliteStore, because this Node has no SQLite and better-sqlite3 is not there',
  );
  kinds.splice(kinds.indexOf('sqlite'), 1);
}
let seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
let good = true;
do {
  for (const kind of kinds) {
    for (const programs of values.programs === undefined ? [1, 2] : [Number(values.programs)]) {
      const isShort = Number(values.minutes) <= 1 && values.kills === undefined;
      const kills = Number(values.kills ?? (isShort ? 12 : 100));
      const jobs = Number(values.jobs ?? (isShort ? 120 : 1_000));
      good = (await run({ kind, programs, jobs, kills, seed: seed++ })) && good;
    }
  }
} while (values.seed === undefined && Date.now() < until);
process.exitCode = good ? 0 : 1;
