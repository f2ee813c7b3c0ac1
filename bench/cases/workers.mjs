// Workers: a warm no-op beside a pool library that does the same round trip; heartbeats of a busy
// loop; from a timeout to the next attempt, when the worker has to be killed; and two cores.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { loadSystole, loadWorkers } from '../systole.mjs';

const module = new URL('../workers/activities.mjs', import.meta.url);
const GRACE_MS = 100;
const TIMEOUT_MS = 100;

async function systole(isolation, options = {}) {
  const [{ ActivityRuntime }, { workerPool }] = await Promise.all([loadSystole(), loadWorkers()]);
  const pool = workerPool(module, { isolation, gracePeriod: GRACE_MS, execArgv: [], ...options });
  return { runtime: new ActivityRuntime({ logger: false }), activities: pool.activities };
}

/** Calls before anything is measured, in every contender: a batch is too short to warm V8 up. */
const WARM_CALLS = 3_000;

async function warmed(work) {
  for (let n = 0; n < WARM_CALLS; n++) await work();
  return (count) => timed(count, work);
}

async function timed(count, work) {
  const start = performance.now();
  for (let n = 0; n < count; n++) await work();
  return { time: ((performance.now() - start) * 1e6) / count };
}

function noop(isolation) {
  return async () => {
    const { runtime, activities } = await systole(isolation, { maxWorkers: 1 });
    return warmed(() => runtime.run(activities.noop));
  };
}

/** The message that systole sends for an attempt. */
const TASK = {
  id: 1,
  name: 'noop',
  args: [],
  info: {
    activityId: 'rbBOu4JRKZLYysJVg0F6SA-1',
    activityType: 'noop',
    attempt: 1,
    scheduledTimestampMs: 1_767_225_600_000,
    currentAttemptScheduledTimestampMs: 1_767_225_600_000,
    startedTimestampMs: 1_767_225_600_000,
    heartbeatTimeoutMs: undefined,
    startToCloseTimeoutMs: undefined,
    scheduleToCloseTimeoutMs: undefined,
    retryPolicy: {
      initialIntervalMs: 1_000,
      maximumAttempts: Infinity,
      nonRetryableErrorTypes: [],
    },
    priority: 3,
  },
  details: undefined,
};

/** A round trip of that message, with what Node has alone. */
function plain(isolation) {
  return () => {
    const file = fileURLToPath(new URL('../workers/echo.mjs', import.meta.url));
    const worker =
      isolation === 'thread'
        ? new Worker(file)
        : fork(file, { serialization: 'advanced', execArgv: [] });
    const send = isolation === 'thread' ? 'postMessage' : 'send';
    let answered;
    worker.on('message', () => answered());
    const ask = () =>
      new Promise((resolve) => {
        answered = resolve;
        worker[send](TASK);
      });
    return warmed(ask);
  };
}

function library(runtime) {
  return async () => {
    const { Tinypool } = await import('tinypool');
    const filename = new URL('../workers/noop.mjs', import.meta.url).href;
    const pool = new Tinypool({ filename, runtime, minThreads: 1, maxThreads: 1 });
    return warmed(() => pool.run());
  };
}

function heartbeats(isolation) {
  return async () => {
    const { runtime, activities } = await systole(isolation, { maxWorkers: 1 });
    return async (count) => ({ time: await runtime.run(activities.beats, { args: [count] }) });
  };
}

/** How long after its timeout an attempt that hangs is followed by the next one, less the grace. */
function killed(isolation) {
  return async () => {
    const { runtime, activities } = await systole(isolation, { maxWorkers: 2 });
    return async () => {
      let timedOutAt = 0;
      runtime.once('attemptFailed', () => (timedOutAt = Date.now()));
      const next = await runtime.run(activities.hangsOnce, {
        heartbeatTimeout: TIMEOUT_MS,
        retryPolicy: { initialInterval: 1, maximumAttempts: 2 },
      });
      return { lateMs: next - timedOutAt - GRACE_MS };
    };
  };
}

function throughput(maxWorkers) {
  return async () => {
    const { runtime, activities } = await systole('process', { maxWorkers });
    return async (count) => {
      const start = performance.now();
      const four = () => Promise.all([1, 2, 3, 4].map(() => runtime.run(activities.computes)));
      for (let n = 0; n < count; n++) await four();
      return { time: ((performance.now() - start) * 1e6) / count };
    };
  };
}

const rows = ['thread', 'process'].flatMap((isolation) => [
  {
    text: `no-op in a warm ${isolation}, in round trips of the same message`,
    of: isolation,
    per: `plain ${isolation}`,
    atMost: 1.5,
  },
  {
    text: `no-op in a warm ${isolation}, in calls of tinypool`,
    of: isolation,
    per: `tinypool ${isolation}`,
  },
]);

const cases = {
  calls: {
    title: 'A no-op activity in a warm worker',
    contenders: {
      thread: noop('thread'),
      'plain thread': plain('thread'),
      'tinypool thread': library('worker_threads'),
      process: noop('process'),
      'plain process': plain('process'),
      'tinypool process': library('child_process'),
    },
    rows,
  },
  heartbeats: {
    title: 'ctx.heartbeat(number) in a loop of a worker that never yields',
    contenders: { thread: heartbeats('thread'), process: heartbeats('process') },
    count: 1_000_000,
    smokeCount: 10_000,
    rows: ['thread', 'process'].map((of) => ({
      text: `heartbeat(number) in a ${of}, in ns`,
      of,
      atMost: 1_000,
    })),
  },
  killed: {
    title: 'From a timeout to the next attempt, a worker killed in between',
    contenders: { thread: killed('thread'), process: killed('process') },
    count: 1,
    smokeCount: 1,
    rows: [
      { text: 'thread, ms after the grace', of: 'thread', measure: 'lateMs', atMost: 150 },
      { text: 'process, ms after the grace', of: 'process', measure: 'lateMs', atMost: 400 },
    ],
  },
  throughput: {
    title: 'Four activities that compute, on two cores',
    contenders: { 'one core': throughput(1), 'two cores': throughput(2) },
    count: 3,
    smokeCount: 1,
    rows: [
      {
        text: 'throughput of two cores, in that of one',
        of: 'one core',
        per: 'two cores',
        atLeast: 1.7,
      },
    ],
  },
};

export const { calls, heartbeats: beating, killed: killing, throughput: sharing } = cases;
