// Row 6: does a call cost more when very many others are in flight?
import { isNode20 } from '../node-version.mjs';
import { setImmediate as turn } from 'node:timers/promises';
import { attemptByHand, patientOptions, retryOptions } from '../options.mjs';
import { loadSystole } from '../systole.mjs';

let gate = new Promise(() => {});
let started = 0;

const wait = async () => {
  started++;
  await gate;
  return 1;
};
const noop = async () => 1;

/** The minimum number of measured calls. With fewer, a few turns of the collector would decide. */
const callsMeasured = 400_000;

/**
 * Fills the runtime, several times if the number is small, and runs calls to their end beside the
 * last.
 */
const contender = (part, prepare) => async () => {
  const call = await prepare();
  return async (count) => {
    const inFlight = Math.round(count * part);
    const measured = Math.min(callsMeasured, count);
    await cycles(call, Math.min(inFlight, measured / 10), 10); // warms up
    const fills = Math.max(1, Math.round(measured / inFlight));
    const startNs = await cycles(call, inFlight, fills - 1);
    const lastNs = await fill(call, inFlight, []);
    await runToTheEnd(call, measured / 5);
    const callNs = await runToTheEnd(call, measured);
    return {
      'us to start': (startNs * (fills - 1) + lastNs) / fills / 1e3,
      'us for one more call': callNs / 1e3,
    };
  };
};

/** Fills and empties the runtime repeatedly, and returns the mean time of a start. */
async function cycles(call, inFlight, times) {
  let sum = 0;
  for (let i = 0; i < times; i++) {
    let open;
    gate = new Promise((resolve) => (open = resolve));
    const running = [];
    sum += await fill(call, inFlight, running);
    open();
    await Promise.all(running);
  }
  return times && sum / times;
}

async function fill(call, count, running) {
  started = 0;
  const start = performance.now();
  for (let i = 0; i < count; i++) running.push(call(wait));
  while (started < count) await turn();
  return ((performance.now() - start) * 1e6) / count;
}

async function runToTheEnd(call, count) {
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < count; i++) sum += await call(noop);
  if (sum !== count) throw new Error(`${count} calls gave ${sum}`);
  return ((performance.now() - start) * 1e6) / count;
}

const systole = async () => {
  const { runActivity } = await loadSystole();
  return (fn) => runActivity(fn, patientOptions);
};
const byHand = async () => {
  const { default: pRetry } = await import('p-retry');
  // By hand, the function needs a signal, which it reads.
  return (fn) => pRetry(() => attemptByHand(({ signal }) => fn(signal)), retryOptions);
};

const hundredth = 1 / 100;

export default {
  title: '1,000,000 in flight against 10,000 (smoke: 10,000 against 100)',
  contenders: {
    'systole, few': contender(hundredth, systole),
    'systole, many': contender(1, systole),
    'by hand, few': contender(hundredth, byHand),
    'by hand, many': contender(1, byHand),
  },
  fresh: true,
  rounds: 5,
  count: 1_000_000,
  smokeCount: 10_000,
  // A million activities do not fit into Node's default heap.
  execArgv: ['--max-old-space-size=8192'],
  // On Node 26 ten thousand activities fit into the young generation, which is never collected then.
  rows: ['us to start', 'us for one more call'].flatMap((measure) => {
    const what = measure === 'us to start' ? 'a start' : 'one more call';
    const systole = { of: 'systole, many', per: 'systole, few' };
    const byHand = { of: 'by hand, many', per: 'by hand, few' };
    return [
      {
        text: `growth: ${what} with 1,000,000 in flight, in those with 10,000`,
        ...systole,
        measure,
      },
      { text: `growth: ${what} by hand, the same`, ...byHand, measure },
      {
        text: `growth: ${what}, against by hand`,
        ...systole,
        against: byHand,
        measure,
        atMost: isNode20 ? 1.3 : undefined,
      },
    ];
  }),
};
