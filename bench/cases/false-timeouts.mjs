// Row 8: live activities that time out although only the event loop was blocked.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { retryOptions } from '../options.mjs';
import { loadSystole } from '../systole.mjs';

const timeoutMs = 100;

/** Blocks with one turn of the event loop between them, in timeouts. */
const patterns = [
  [3],
  [3, 3, 3],
  [0.5, 0.5],
  [0.505, 0.505],
  [0.99, 0.03],
  Array(12).fill(0.5),
  Array(6).fill(0.505),
  Array(40).fill(0.1),
  [0.7, 0.2, 1.3, 0.51, 0.1, 2, 0.95, 0.06],
];

/** A live activity heartbeats in every turn: from an immediate, from a timer, or when I/O comes. */
const ways = [() => turn(), () => sleep(0), (io) => io.arrival()];

async function live(heartbeat, nth, io, state, onBeat) {
  const wait = ways[nth % ways.length];
  while (!state.over) {
    await wait(io);
    heartbeat();
    onBeat();
  }
}

/** A connection on which a byte arrives in every turn. */
async function openIo() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const here = connect(server.address().port, '127.0.0.1');
  const [there] = await once(server, 'connection');
  server.close();
  let waiting = [];
  there.on('data', () => {
    const all = waiting;
    waiting = [];
    here.write('.');
    for (const resolve of all) resolve();
  });
  here.write('.');
  return {
    arrival: () => new Promise((resolve) => waiting.push(resolve)),
    close() {
      here.destroy();
      there.destroy();
    },
  };
}

/** `run(fn)` calls fn(heartbeat) and rejects when it notices that the heartbeats have stopped. */
async function countFalse(count, run) {
  const io = await openIo();
  const state = { over: false };
  let beats = 0;
  const onBeat = () => beats++;
  const all = Array.from({ length: count }, (_, nth) =>
    run((heartbeat) => live(heartbeat, nth, io, state, onBeat)),
  );
  const outcomes = Promise.allSettled(all);
  for (const [i, blocks] of patterns.entries()) {
    // The first block comes in an immediate, in a timer, or among the I/O.
    await ways[i % ways.length](io);
    for (const part of blocks) {
      block(part * timeoutMs);
      await turn();
    }
    for (const enough = beats + 3 * count; beats < enough;) await sleep(1);
  }
  state.over = true;
  const timedOut = (await outcomes).filter(({ status }) => status === 'rejected');
  io.close();
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
      // A monitor that never times out is useless.
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

/** A watchdog timer that every heartbeat restarts. */
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
  title: '1,000 live activities (smoke: 50), the loop blocked in nine patterns',
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
