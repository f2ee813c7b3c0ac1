// A service that is killed again and again: it recovers what others have left, and starts some new
// activities. It writes what happens to a file of its own, line by line, which survives its death.
import { appendFileSync, readdirSync, readFileSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ActivityRuntime } from '../../../dist/index.js';
import { fileStore } from '../../../dist/node.js';
import { sqliteStore } from '../../../dist/sqlite.js';
import { random } from './random.mjs';

const { kind, folder, seed, from, to, most, drain } = JSON.parse(process.argv[2]);
const draw = random(seed);
const file = openSync(join(folder, 'spans', `${process.pid}-${seed}.jsonl`), 'a');
const say = (what, id, more = {}) => {
  const at = Number(process.hrtime.bigint() / 1000n);
  writeSync(file, `${JSON.stringify({ at, pid: process.pid, what, id, ...more })}\n`);
};
process.on('uncaughtException', (error) => {
  appendFileSync(join(folder, 'crashes.txt'), `${process.pid}: ${error.stack}\n`);
  process.exit(1);
});

const store =
  kind === 'sqlite' ? sqliteStore(join(folder, 'jobs.db')) : fileStore(join(folder, 'jobs'));
/** Says what the store has taken, once it has. */
const watched = {
  ...store,
  async set(id, snapshot, ...claim) {
    await store.set(id, snapshot, ...claim);
    say('stored', id, { n: JSON.parse(snapshot).json.n });
  },
  async close(id, ...claim) {
    await store.close(id, ...claim);
    say('closed', id);
  },
};
const quiet = {
  debug() {},
  info() {},
  warn() {},
  error: (message, more) => say('error', more?.activityId, { message, error: String(more?.error) }),
};
const runtime = new ActivityRuntime({ store: watched, logger: quiet, maxConcurrentActivities: 20 });

/** Counts up to `steps`. Each attempt says when it begins, at each step, and when it is over. */
async function work(ctx, steps) {
  const { activityId: id, attempt } = ctx.info;
  let n = ctx.heartbeatDetails?.n ?? 0;
  say('begin', id, { attempt, n });
  try {
    while (n < steps) {
      await ctx.sleep(1 + Math.floor(draw() * 15));
      n++;
      say('step', id, { attempt, n });
      ctx.heartbeat({ n });
      if (draw() < 0.05) throw new Error('a failed attempt');
    }
    return n;
  } finally {
    say('end', id, { attempt, n });
  }
}

const activities = { work };
const follow = (id, result) => {
  result.then(
    (n) => say('result', id, { n }),
    (error) =>
      say('failure', id, {
        error: error.cause?.message ?? error.message,
        name: error.cause?.name ?? error.name,
        state: error.retryState,
      }),
  );
};

const options = (id) => ({
  activityId: id,
  args: [3 + Math.floor(draw() * 12)],
  heartbeatTimeout: '10s',
  heartbeatThrottleInterval: draw() < 0.5 ? 0 : 30,
  retryPolicy: { initialInterval: 5, maximumInterval: 50 },
});

let meddling;
let isOver = false;
process.once('SIGTERM', async () => {
  isOver = true;
  clearInterval(meddling);
  say('sigterm');
  await runtime.shutdown({ gracePeriod: 20 });
  say('shutdown');
  process.exit(0);
});

say('up');
const recover = async () => {
  const { recovered, unknown, held } = await runtime.recover(activities);
  for (const handle of recovered) {
    say('recovered', handle.activityId);
    follow(handle.activityId, handle.result());
  }
  if (unknown.length > 0) say('unknown', unknown[0].activityId, { reason: unknown[0].reason });
  return held.length;
};
try {
  await recover();
} catch (error) {
  if (!isOver) throw error;
}
setInterval(
  () => {
    recover().catch((error) => {
      if (!isOver) say('error', undefined, { message: String(error) });
    });
  },
  drain ? 5_000 : 500,
).unref();

// Some of the own activities that nobody has started: their entry was not written, or never will be.
const listed = new Set((await store.list()).map(({ activityId }) => activityId));
const seen = new Set(
  readdirSync(join(folder, 'spans')).flatMap((name) =>
    readFileSync(join(folder, 'spans', name), 'utf8')
      .split('\n')
      .flatMap((line) => /"what":"(?:begin|cancel)","id":"([^"]*)"/.exec(line)?.[1] ?? []),
  ),
);
let started = 0;
for (let index = from; index < to && started < most && !isOver; index++) {
  const id = `job ${index}`;
  if (listed.has(id) || seen.has(id)) continue;
  started++;
  const handle = runtime.start(work, options(id));
  follow(id, handle.result());
}

const meddle = () => {
  const open = runtime.list();
  const one = open[Math.floor(draw() * open.length)];
  if (one === undefined) return;
  const handle = runtime.getHandle(one.activityId);
  const dice = draw();
  try {
    if (drain) {
      for (const { activityId, runState } of open) {
        if (runState.startsWith('PAUSE')) runtime.getHandle(activityId).unpause();
      }
    } else if (dice < 0.1) {
      say('cancel', one.activityId);
      handle.cancel();
    } else if (dice < 0.4) handle.pause();
    else if (dice < 0.7) handle.unpause();
  } catch {
    // It was not in the state for that.
  }
};
// A list of a thousand activities takes some milliseconds.
meddling = setInterval(meddle, drain ? 500 : 15);

if (drain) {
  // Everything that is left, also what a dead process has: until the ledger is empty.
  const until = Date.now() + 300_000;
  const isDone = async () => runtime.stats().open === 0 && [...(await store.list())].length === 0;
  while (Date.now() < until && !(await isDone())) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  clearInterval(meddling);
  isOver = true;
  await runtime.shutdown();
  say('drained', undefined, { left: [...(await store.list())].length });
  process.exit(0);
} else {
  setInterval(() => {}, 1000); // it lives until it is killed
}
