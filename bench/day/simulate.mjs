// Runs a planned day on fake time, and checks that it went as planned.
import { deepStrictEqual, strictEqual } from 'node:assert';
import { FakeTime } from '../fake-time.mjs';
import { loadSystole } from '../systole.mjs';
import { drawPlan } from './plan.mjs';

// Both are read before time is replaced: a turn of the real loop, and real time.
const turn = () => new Promise((resolve) => setImmediate(resolve));
const realNow = performance.now.bind(performance);

const heartbeatTimeout = 30_000;
const zombieMs = 10 * 60_000;

/** Returns what happened. Throws if anything is not as planned. */
export async function simulate(count, seed) {
  const systole = await loadSystole();
  const plan = drawPlan(count, seed);
  const time = new FakeTime();
  const began = realNow();
  time.install();
  try {
    const runtime = new systole.ActivityRuntime({ logger: false });
    const seen = watch(runtime);
    const outcomes = play(plan, runtime, systole);
    while (time.step()) await turn();
    const realMs = realNow() - began;
    await prove(plan, { ...seen, outcomes, runtime, time });
    return { count, realMs, virtualMs: time.now, timers: time.fired, ...summarise(plan, seen) };
  } finally {
    time.uninstall();
  }
}

/** Counts every event, and records how each activity ended, for each of its ends. */
function watch(runtime) {
  const events = {};
  const endings = new Map();
  const calls = new Map();
  const end = (id, status) => endings.set(id, [...(endings.get(id) ?? []), status]);
  const on = (name, listener = () => {}) => {
    events[name] = 0;
    runtime.on(name, (event) => {
      events[name]++;
      listener(event);
    });
  };
  for (const name of ['scheduled', 'heartbeat', 'attemptFailed']) on(name);
  for (const name of ['attemptAbandoned', 'attemptSettled']) on(name);
  on('started', ({ activityId }) => calls.set(activityId, (calls.get(activityId) ?? 0) + 1));
  on('completed', ({ activityId }) => end(activityId, 'COMPLETED'));
  on('failed', ({ activityId, status }) => end(activityId, status));
  return { events, endings, calls };
}

/** Starts the activities, each at its time, with one timer for the next. Returns their outcomes. */
function play(plan, runtime, systole) {
  const outcomes = [];
  const startDue = () => {
    const due = performance.now();
    while (outcomes.length < plan.length && plan[outcomes.length].startAt <= due) {
      outcomes.push(start(plan[outcomes.length], runtime, systole));
    }
    const next = plan[outcomes.length];
    if (next !== undefined) setTimeout(startDue, next.startAt - due);
  };
  startDue();
  return outcomes;
}

async function start(life, runtime, systole) {
  const handle = runtime.start(live, {
    args: [life, systole.ApplicationFailure],
    activityId: life.id,
    heartbeatTimeout,
    startToCloseTimeout: '2h',
    scheduleToCloseTimeout: life.scheduleToCloseTimeout,
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retryPolicy: {
      initialInterval: life.initialInterval ?? 1_000,
      maximumAttempts: life.maximumAttempts,
    },
  });
  if (life.cancelAfterMs !== undefined) setTimeout(() => handle.cancel(), life.cancelAfterMs);
  if (life.terminateAfterMs !== undefined) {
    setTimeout(() => handle.terminate('planned'), life.terminateAfterMs);
  }
  try {
    return { result: await handle.result() };
  } catch (failure) {
    return { failure };
  }
}

/**
 * The function of every activity. It works in steps and resumes at the step after the last
 * heartbeat.
 */
async function live(ctx, life, ApplicationFailure) {
  const { attempt } = ctx.info;
  const wait = life.deaf ? (ms) => new Promise((resolve) => setTimeout(resolve, ms)) : ctx.sleep;
  if (life.failsAtOnce) throw new Error('planned');
  for (let step = ctx.heartbeatDetails ?? 0; step < life.steps; step++) {
    await wait(life.stepMs);
    life.done = (life.done ?? 0) + 1;
    beat(ctx, step + 1, life);
    if (step % 2 === 0) continue;
    if (life.nonRetryable) throw ApplicationFailure.nonRetryable('planned');
    if (attempt <= life.failures) throw new Error('planned');
    if (attempt <= life.hangs) return hang(ctx);
  }
  if (attempt <= life.failures) throw new Error('planned');
  if (attempt <= life.hangs) return hang(ctx);
  return life.steps;
}

function beat(ctx, step, { deaf }) {
  ctx.heartbeat(step);
  if (!deaf) ctx.signal.throwIfAborted();
}

/** Returns long after its attempt has ended, and must change neither the value nor the details. */
async function hang(ctx) {
  await new Promise((resolve) => setTimeout(resolve, zombieMs));
  ctx.heartbeat(-1);
  return -1;
}

async function prove(plan, { events, endings, calls, outcomes, runtime, time }) {
  strictEqual(outcomes.length, plan.length, 'activities started');
  strictEqual(events.scheduled, plan.length, 'activities scheduled');
  strictEqual(endings.size, plan.length, 'activities closed');
  const settled = await Promise.all(outcomes);
  for (const [i, { id, kind, ending, attempts, steps, done }] of plan.entries()) {
    const label = `${id}, which ${kind}`;
    const [status, retryState] = ending;
    deepStrictEqual(endings.get(id), [status], `${label}: its one ending`);
    strictEqual(calls.get(id), attempts, `${label}: attempts`);
    if (status === 'COMPLETED') strictEqual(done, steps, `${label}: each step done once`);
    const { result, failure } = settled[i];
    const told = status === 'COMPLETED' ? steps : undefined;
    strictEqual(result, told, `${label}: what the caller was given`);
    strictEqual(failure?.retryState, retryState, `${label}: what the caller was told`);
  }
  strictEqual(events.attemptSettled, events.attemptAbandoned, 'functions left running');
  const { open, running, waiting } = runtime.stats();
  deepStrictEqual({ open, running, waiting }, { open: 0, running: 0, waiting: 0 }, 'still open');
  strictEqual(time.pending, 0, 'timers left');
}

function summarise(plan, { events, calls }) {
  const kinds = {};
  for (const { kind, ending } of plan) {
    const entry = (kinds[kind] ??= { ending: ending.join(', '), count: 0 });
    entry.count++;
  }
  const attempts = [...calls.values()].reduce((sum, one) => sum + one, 0);
  const total = Object.values(events).reduce((sum, one) => sum + one, 0);
  return { kinds, events, attempts, totalEvents: total };
}
