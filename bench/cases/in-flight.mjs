// Row 5: many activities in flight at once, all waiting: bytes held and time to start, each.
import { setImmediate as turn } from 'node:timers/promises';
import { heapUsed } from '../heap.mjs';
import { activityOptions, attemptByHand, retryOptions } from '../options.mjs';
import { loadSystole } from '../systole.mjs';

let gate;
let started = 0;

const wait = async () => {
  started++;
  await gate;
  return 1;
};

const waitWithSignal = async ({ signal }) => {
  started += signal.aborted ? 0 : 1;
  await gate;
  return 1;
};

async function hold(call, running) {
  const count = running.length;
  let open;
  gate = new Promise((resolve) => (open = resolve));
  started = 0;
  const before = await heapUsed();

  const start = performance.now();
  for (let i = 0; i < count; i++) running[i] = call();
  while (started < count) await turn();
  const time = ((performance.now() - start) * 1e6) / count;

  const bytes = ((await heapUsed()) - before) / count;

  open();
  let sum = 0;
  for (const result of running) sum += await result;
  if (sum !== count) throw new Error(`${count} calls gave ${sum}`);
  return { time, bytes };
}

const contender = (prepare) => async () => {
  const call = await prepare();
  return async (count) => {
    for (let i = 0; i < 5; i++) await hold(call, new Array(1_000).fill());
    return hold(call, new Array(count).fill());
  };
};

const contenders = {
  systole: contender(async () => {
    const { runActivity } = await loadSystole();
    return () => runActivity(wait, activityOptions);
  }),
  'systole, signal read': contender(async () => {
    const { runActivity } = await loadSystole();
    return () => runActivity(waitWithSignal, activityOptions);
  }),
  'bare call': contender(() => wait),
  'p-retry': contender(async () => {
    const { default: pRetry } = await import('p-retry');
    return () => pRetry(wait, retryOptions);
  }),
  'by hand': contender(async () => {
    const { default: pRetry } = await import('p-retry');
    return () => pRetry(() => attemptByHand(waitWithSignal), retryOptions);
  }),
};

export default {
  title: '100,000 in flight (smoke: 2,000), heartbeat and start-to-close armed',
  contenders,
  // Heaps must not mix: a new process for each contender and round.
  fresh: true,
  rounds: 9,
  count: 100_000,
  smokeCount: 2_000,
  rows: [
    { text: 'in flight: bytes each', of: 'systole', measure: 'bytes', atMost: 1_600 },
    {
      text: 'in flight, ctx.signal read: bytes each',
      of: 'systole, signal read',
      measure: 'bytes',
      atMost: 2_400,
    },
    {
      text: 'in flight: start, in starts by hand (which read the signal)',
      of: 'systole',
      per: 'by hand',
      atMost: 0.5,
    },
    {
      text: 'in flight, ctx.signal read: start, in starts by hand',
      of: 'systole, signal read',
      per: 'by hand',
    },
    { text: 'in flight: memory, against by hand', of: 'systole', per: 'by hand', measure: 'bytes' },
  ],
};
