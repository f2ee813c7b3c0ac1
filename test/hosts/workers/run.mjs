// Workers of the built package: what needs a program of its own, or takes long.
// `node run.mjs`, after a build; `node run.mjs NAME` for one check.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ActivityRuntime } from 'systole';
import { workerPool } from 'systole/workers';

// In a folder of their own, where they find the built package and no settings of this repository.
const root = fileURLToPath(new URL('../../../', import.meta.url));
const programs = await realpath(await mkdtemp(join(tmpdir(), 'systole-workers-')));
await cp(new URL('./programs/', import.meta.url), programs, { recursive: true });
await mkdir(join(programs, 'node_modules'));
await symlink(root, join(programs, 'node_modules/systole'));
await symlink(join(root, 'node_modules/tsx'), join(programs, 'node_modules/tsx'));
const isolations = ['process', 'thread'];
const [major, minor] = process.versions.node.split('.').map(Number);

/** One attempt more than the first, at once. */
const again = { retryPolicy: { maximumAttempts: 2, initialInterval: 1 } };
const once1 = { retryPolicy: { maximumAttempts: 1 } };

const checks = {};

for (const isolation of isolations) {
  checks[`idle workers do not keep the program alive: ${isolation}`] = async () => {
    const start = performance.now();
    equal(await outputOf(['program.mjs', 'ends', isolation]), '3\n');
    below(performance.now() - start, 15_000);
  };

  checks[`a program lives until it hears of a module that is not there: ${isolation}`] =
    async () => {
      const text = await outputOf(['program.mjs', 'misses', isolation]);
      if (!/missing\.mjs cannot be used: Cannot find module/.test(text)) fail(text);
    };

  checks[`out of memory, and the next attempt resumes: ${isolation}`] = async () => {
    const { runtime, pool } = setUp({ isolation, memoryLimitMb: 64 });
    const failed = new Promise((resolve) => runtime.once('attemptFailed', resolve));
    equal(await runtime.run(pool.activities.fills, again), 'so far');
    const { failure } = await failed;
    equal(failure.name, 'WorkerCrashedError');
    if (isolation === 'process') equal(failure.signal, 'SIGABRT');
    if (isolation === 'process' && !failure.stderr.includes('heap')) fail(failure.stderr);
    await end(runtime, pool);
  };

  checks[`10,000,000 heartbeats in flat memory: ${isolation}`] = async () => {
    const { runtime, pool } = setUp({ isolation });
    const args = [10_000_000];
    await runtime.run(pool.activities.floods, { args: [100_000] });
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    let last;
    let reports = 0;
    runtime.on('heartbeat', ({ details }) => void ([last, reports] = [details, reports + 1]));
    const options = { args, heartbeatTimeout: '1 hour', heartbeatThrottleInterval: 0 };
    const { ms, grownMb } = await runtime.run(pool.activities.floods, options);
    const grownHereMb = (process.memoryUsage().rss - before) / 2 ** 20;
    equal(last, 10_000_000);
    note(
      `${(ms / 10).toFixed(0)} ns each, ${reports} arrived, +${grownMb.toFixed(0)} MB there, +${grownHereMb.toFixed(0)} MB here`,
    );
    below(grownMb, 40);
    below(grownHereMb, 60);
    await end(runtime, pool);
  };

  checks[`1,000 timeouts leave nothing behind: ${isolation}`] = async () => {
    const { runtime, pool } = setUp({ isolation, maxWorkers: 4, gracePeriod: 0 });
    const one = () =>
      runtime.run(pool.activities.hangs, { ...once1, startToCloseTimeout: 5 }).catch(() => {});
    await Promise.all(Array.from({ length: 20 }, one));
    const before = await held();
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 100 }, one));
    }
    const after = await held();
    equal(pool.stats(), { busy: 0, idle: 0, starting: 0, waiting: 0 });
    note(`${JSON.stringify(before)} before, ${JSON.stringify(after)} after`);
    for (const name of ['children', 'descriptors', 'handles', 'listeners']) {
      below(after[name], before[name] + 3);
    }
    await end(runtime, pool);
  };
}

for (const [name, what] of [
  ['children die with a parent that was killed', 'computes'],
  ['processes that a waiting function has started die with a parent that was killed', 'starts'],
]) {
  checks[name] = async () => {
    const child = start(['program.mjs', what, 'process']);
    const pids = JSON.parse(await line(child));
    const start_ = performance.now();
    child.kill('SIGKILL');
    try {
      // They have its output, so it closes when the last of them is dead.
      await once(child, 'close', { signal: AbortSignal.timeout(5_000) });
    } catch {
      pids.forEach((pid) => isAlive(pid) && process.kill(pid, 'SIGKILL'));
      fail('they live on');
    }
    note(`${(performance.now() - start_).toFixed(1)} ms after the signal`);
  };
}

checks['Ctrl+C in a terminal reaches the program first'] = async () => {
  // `script` gives the program a terminal, and passes the key on.
  const command = [process.execPath, 'program.mjs', 'interrupted', 'process'].join(' ');
  const child = spawn('script', ['-qefc', command, '/dev/null'], { cwd: programs, env });
  const text = collect(child);
  while (!/\[\d+,\d+\]/.test(text())) await once(child.stdout, 'data');
  const pids = JSON.parse(/\[\d+,\d+\]/.exec(text())[0]);
  child.stdin.write('\x03');
  await once(child, 'close');
  if (!text().includes('stopped in peace 0 {"busy":0,"idle":0,"starting":0,"waiting":0}'))
    fail(text());
  equal(pids.filter(isAlive), []);
};

checks['TypeScript under tsx'] = async () => {
  equal(await outputOf(['--import', 'tsx', 'typed.ts']), '42\n42\n');
};

if (major > 22 || (major === 22 && minor >= 18)) {
  checks["TypeScript under Node's type stripping"] = async () => {
    equal(await outputOf(['--no-warnings', 'typed.ts']), '42\n42\n');
  };
}

checks['CommonJS'] = async () => equal(await outputOf(['required.cjs']), '42\n42\n42\n');

checks['a bundled program'] = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'systole-bundled-'));
  try {
    await build({
      entryPoints: ['typed.ts', 'typed.activities.ts'].map((file) => join(programs, file)),
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      define: { MODULE: '"./typed.activities.mjs"' },
      logLevel: 'silent',
    });
    equal(await outputOf([join(folder, 'typed.mjs')]), '42\n42\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

// ── How they are run ───────────────────────────────────────────────────────────────────────────

const [only] = process.argv.slice(2);
let failures = 0;
let passed = 0;
let said = '';
const env = { ...process.env, NODE_OPTIONS: '' };

for (const [name, check] of Object.entries(checks)) {
  if (only !== undefined && !name.includes(only)) continue;
  said = '';
  const begun = performance.now();
  try {
    await check();
    passed++;
    console.log(`ok    ${name} (${((performance.now() - begun) / 1_000).toFixed(1)} s)${said}`);
  } catch (error) {
    failures++;
    console.error(`FAIL  ${name}: ${error.stack}`);
  }
}
console.log(`tested: ${passed} checks of workers on Node ${process.versions.node}`);
process.exitCode = failures > 0 ? 1 : 0;
await rm(programs, { recursive: true, force: true });

function setUp(options) {
  const module = new URL('./programs/activities.mjs', import.meta.url);
  return {
    runtime: new ActivityRuntime({ logger: false }),
    pool: workerPool(module, { execArgv: [], ...options }),
  };
}

async function end(runtime, pool) {
  await runtime.shutdown();
  await pool.close();
}

/** What this process holds, after what has ended has been cleared away. */
async function held() {
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  globalThis.gc?.();
  const stat = await readdir('/proc/self/fd').catch(() => []);
  const tasks = await readdir('/proc/self/task').catch(() => []);
  const children = await Promise.all(
    tasks.map((task) => readFile(`/proc/self/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return {
    children: children.join(' ').split(' ').filter(Boolean).length,
    threads: tasks.length,
    descriptors: stat.length,
    handles: process.getActiveResourcesInfo().length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
}

function start(args) {
  return spawn(process.execPath, args, {
    cwd: programs,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function outputOf(args) {
  const child = start(args);
  const text = collect(child);
  await once(child, 'close');
  return text();
}

function collect({ stdout }) {
  let text = '';
  stdout.setEncoding('utf8').on('data', (more) => (text += more));
  return () => text;
}

async function line(child) {
  const text = collect(child);
  while (!text().includes('\n')) await once(child.stdout, 'data');
  return text();
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function note(words) {
  said = `: ${words}`;
}

function equal(found, expected) {
  const [a, b] = [found, expected].map((one) => JSON.stringify(one));
  if (a !== b) fail(`${a} is not ${b}`);
}

function below(found, limit) {
  if (!(found <= limit)) fail(`${found} is over ${limit}`);
}

function fail(why) {
  throw new Error(why);
}
