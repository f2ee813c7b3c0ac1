// Row 7: how late heartbeat timeouts come on an idle loop, and whether one ever comes early.
import { setTimeout as sleep } from 'node:timers/promises';
import { loadSystole } from '../systole.mjs';

/**
 * `count` live activities beat once each, spread evenly, and then never again: so their deadlines
 * are spread as evenly, and the loop is idle when they come.
 * `start(timeoutMs, onTimeout)` gives `{ beat(), over }`.
 */
async function measureLateness(count, start) {
  const spreadMs = count / 5;
  const timeoutMs = spreadMs + 500;
  const lateness = [];
  const activities = Array.from({ length: count }, () => {
    const late = () => lateness.push(performance.now() - activity.beatAt - timeoutMs);
    const activity = start(timeoutMs, late);
    return activity;
  });

  const begin = performance.now();
  for (let next = 0; next < count; await sleep(1)) {
    const due = Math.min(count, ((performance.now() - begin) / spreadMs) * count);
    for (; next < due; next++) {
      activities[next].beatAt = performance.now();
      activities[next].beat();
      activities[next].beat = undefined; // otherwise what has timed out would be kept until the end
    }
  }
  await Promise.all(activities.map(({ over }) => over));

  if (lateness.length !== count) throw new Error(`${lateness.length} of ${count} timed out`);
  const sorted = lateness.sort((a, b) => a - b);
  return {
    'ms late at p99': sorted[Math.ceil(count * 0.99) - 1],
    'ms late at p50': sorted[count >> 1],
    'ms late at the least': sorted[0],
    'ms late at the most': sorted.at(-1),
  };
}

const contenders = {
  async systole() {
    const { ActivityRuntime } = await loadSystole();
    const runtime = new ActivityRuntime({ logger: false });
    const retryPolicy = { maximumAttempts: 2, initialInterval: 1 };
    const start = (heartbeatTimeout, onTimeout) => {
      const started = {};
      let attempts = 0;
      const fn = ({ heartbeat, signal }) => {
        if (++attempts > 1) return undefined;
        return new Promise((_, reject) => {
          started.beat = heartbeat;
          signal.addEventListener('abort', () => {
            onTimeout();
            reject(signal.reason);
          });
        });
      };
      const over = runtime.run(fn, { heartbeatTimeout, retryPolicy });
      return Object.assign(started, { over });
    };
    return (count) => measureLateness(count, start);
  },
  /** One timer each: it aborts, the attempt rejects, and the next one starts. */
  'by hand'() {
    const start = (timeoutMs, onTimeout) => {
      const started = {};
      const attempt = (number) => {
        if (number > 1) return undefined;
        const controller = new AbortController();
        const timer = setTimeout(() => controller.abort(new Error('timed out')), timeoutMs);
        started.beat = () => timer.refresh();
        return new Promise((_, reject) => {
          controller.signal.addEventListener('abort', () => {
            onTimeout();
            reject(controller.signal.reason);
          });
        });
      };
      const run = async () => {
        try {
          await attempt(1);
        } catch {
          await sleep(1);
          await attempt(2);
        }
      };
      return Object.assign(started, { over: run() });
    };
    return (count) => measureLateness(count, start);
  },
  'a bare timer each'() {
    const start = (timeoutMs, onTimeout) => {
      let timer;
      const over = new Promise((resolve) => {
        timer = setTimeout(() => {
          onTimeout();
          resolve();
        }, timeoutMs);
      });
      return { beat: () => timer.refresh(), over };
    };
    return (count) => measureLateness(count, start);
  },
};

export default {
  title: '10,000 heartbeat timeouts spread over 2 s (smoke: 500 over 0.1 s)',
  contenders,
  fresh: true,
  rounds: 3,
  count: 10_000,
  smokeCount: 500,
  rows: [
    {
      text: 'heartbeat timeout: lateness at p99, against by hand',
      of: 'systole',
      per: 'by hand',
      measure: 'ms late at p99',
      atMost: 3,
    },
    {
      text: 'heartbeat timeout: the earliest, in ms after its deadline',
      of: 'systole',
      measure: 'ms late at the least',
      atLeast: 0,
      every: true,
    },
    {
      text: 'heartbeat timeout: lateness at p99, in ms',
      of: 'systole',
      measure: 'ms late at p99',
    },
    {
      text: 'heartbeat timeout: the same by hand, in ms',
      of: 'by hand',
      measure: 'ms late at p99',
    },
    {
      text: 'heartbeat timeout: the same with a bare timer each, in ms',
      of: 'a bare timer each',
      measure: 'ms late at p99',
    },
  ],
};
