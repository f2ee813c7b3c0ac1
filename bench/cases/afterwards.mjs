// Row 11: what is left when many runs have ended.
import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { heapUsed, MB } from '../heap.mjs';
import { activityOptions } from '../options.mjs';
import { loadSystole } from '../systole.mjs';

const atOnce = 1_000;

/**
 * Uses everything that could leave something behind: a heartbeat, the signal, a wait, some retries.
 */
async function work({ heartbeat, info, signal, sleep: wait }, nth) {
  heartbeat({ nth });
  if (signal.aborted) throw new Error('aborted');
  if (nth % 10 === 0) await wait(1);
  if (nth % 100 === 0 && info.attempt === 1) throw new Error('first attempt');
  return 1;
}

async function runAll(runtime, signal, count) {
  const retryPolicy = { initialInterval: 1, maximumAttempts: 3 };
  for (let done = 0; done < count;) {
    const wave = [];
    for (; wave.length < atOnce && done < count; done++) {
      wave.push(runtime.run(work, { ...activityOptions, retryPolicy, signal, args: [done] }));
    }
    await Promise.all(wave);
  }
}

export default {
  title: 'After 100,000 runs on one shared signal (smoke: 2,000)',
  contenders: {
    async systole() {
      const { ActivityRuntime } = await loadSystole();
      return async (count) => {
        const runtime = new ActivityRuntime({ logger: false });
        const { signal } = new AbortController();
        await runAll(runtime, signal, count / 5);
        const before = await heapUsed();
        await runAll(runtime, signal, count);
        await sleep(50);
        const listeners = getEventListeners(signal, 'abort').length;
        const timers = process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
        return { timers, listeners, 'MB more heap': ((await heapUsed()) - before) / MB };
      };
    },
  },
  fresh: true,
  rounds: 3,
  count: 100_000,
  smokeCount: 2_000,
  rows: [
    {
      text: 'after 100,000 runs: timers 50 ms later',
      of: 'systole',
      measure: 'timers',
      atMost: 0,
      every: true,
    },
    {
      text: 'after 100,000 runs: listeners on the shared signal',
      of: 'systole',
      measure: 'listeners',
      atMost: 0,
      every: true,
    },
    {
      text: 'after 100,000 runs: heap, in MB more than before',
      of: 'systole',
      measure: 'MB more heap',
      atMost: 0.5,
    },
  ],
};
