// Row 8: live activities that are timed out because the event loop was blocked, not they.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { retryOptions } from '../options.mjs';
import { loadSystole } from '../systole.mjs';

const timeoutMs = 100;
const blocks = 4;

/** The function of a live activity: it beats a few turns after each block, and is content. */
async function live(heartbeat, nth, blocked, onBeat) {
  for (const over of blocked) {
    heartbeat();
    await over;
    for (let i = 0; i <= nth % 5; i++) await (nth % 2 === 0 ? turn() : sleep(0));
    heartbeat();
    onBeat();
  }
}

/** `run(fn)` calls fn(heartbeat) and rejects when it finds that the beats have stopped. */
async function countFalse(count, run) {
  const opened = Array.from({ length: blocks }, deferred);
  const blocked = opened.map(({ promise }) => promise);
  let beats = 0;
  const onBeat = () => beats++;
  const all = Array.from({ length: count }, (_, nth) =>
    run((heartbeat) => live(heartbeat, nth, blocked, onBeat)),
  );
  const outcomes = Promise.allSettled(all);
  for (const [i, { resolve }] of opened.entries()) {
    // Timers that fell due meanwhile come next if the block was in an immediate, and may come in
    // the very same turn if it was in a timer.
    await (i % 2 === 0 ? turn() : sleep(1));
    block(3 * timeoutMs);
    resolve();
    while (beats < (i + 1) * count) await sleep(1); // one block at a time, on a busy machine too
  }
  const timedOut = (await outcomes).filter(({ status }) => status === 'rejected');
  return { 'false timeouts': timedOut.length };
}

function block(ms) {
  for (const until = performance.now() + ms; performance.now() < until;);
}

function deferred() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

const contenders = {
  async systole() {
    const { ActivityRuntime } = await loadSystole();
    const runtime = new ActivityRuntime({ logger: false });
    const options = { heartbeatTimeout: timeoutMs, retryPolicy: { maximumAttempts: 1 } };
    const run = (fn) => runtime.run(({ heartbeat }) => fn(heartbeat), options);
    return async (count) => {
      const result = await countFalse(count, run);
      // Never timing out would be no merit.
      const hung = await Promise.allSettled([run(() => new Promise(() => {}))]);
      if (hung[0].status !== 'rejected') throw new Error('a hung activity has completed');
      return result;
    };
  },
  async 'by hand'() {
    const { default: pRetry } = await import('p-retry');
    const run = (fn) => pRetry(() => watchedByHand(fn), { ...retryOptions, retries: 0 });
    return (count) => countFalse(count, run);
  },
};

/** A watchdog timer that every heartbeat puts off. */
async function watchedByHand(fn) {
  const { promise, resolve } = deferred();
  const timer = setTimeout(() => resolve('timed out'), timeoutMs);
  const done = fn(() => timer.refresh());
  try {
    if ((await Promise.race([promise, done])) === 'timed out') throw new Error('timed out');
  } finally {
    clearTimeout(timer);
  }
}

export default {
  title: '1,000 live activities (smoke: 50), the loop blocked for 3 timeouts, 4 times',
  contenders,
  fresh: true,
  rounds: 3,
  count: 1_000,
  smokeCount: 50,
  rows: [
    {
      text: 'blocked loop: false timeouts',
      of: 'systole',
      measure: 'false timeouts',
      atMost: 0,
      every: true,
    },
    {
      text: 'blocked loop: false timeouts of a watchdog timer each, of 1,000',
      of: 'by hand',
      measure: 'false timeouts',
    },
  ],
};
