// Heartbeats at full speed, with a listener and a store: reports stay throttled and memory flat.
import { setImmediate as turn } from 'node:timers/promises';
import { heapUsed, MB } from '../heap.mjs';
import { loadSystole } from '../systole.mjs';

const beatsEach = 1_000;
const beatsPerTurn = 20;
const intervalMs = 50;

const options = {
  heartbeatTimeout: '10s',
  heartbeatThrottleInterval: intervalMs,
  retryPolicy: { maximumAttempts: 1 },
};

/** The point where all activities meet, so that the heap is measured while none of them runs. */
class Meeting {
  #missing;
  #arrived;
  #go;
  constructor(size) {
    this.#missing = size;
    this.all = new Promise((resolve) => (this.#arrived = resolve));
    this.over = new Promise((resolve) => (this.#go = resolve));
  }
  join() {
    if (--this.#missing === 0) this.#arrived();
    return this.over;
  }
  close() {
    this.#go();
  }
}

async function beat({ heartbeat }, file, warm, end) {
  for (let line = 1; line <= beatsEach; line++) {
    heartbeat({ file, line });
    if (line % beatsPerTurn === 0) await turn();
    if (line === beatsEach / 5) await warm.join();
  }
  await end.join();
  return beatsEach;
}

async function measureBeats(ActivityRuntime, beats) {
  const count = beats / beatsEach;
  let reports = 0;
  let writes = 0;
  const stored = new Map();
  const store = {
    get: (id) => stored.get(id),
    set: (id, text) => (writes++, stored.set(id, text)),
    delete: (id) => stored.delete(id),
  };
  const runtime = new ActivityRuntime({ logger: false, store });
  runtime.on('heartbeat', ({ details }) => (reports += details.line > 0 ? 1 : 0));

  const heapBefore = await heapUsed();
  const warm = new Meeting(count);
  const end = new Meeting(count);
  const start = performance.now();
  const runs = Array.from({ length: count }, (_, i) =>
    runtime.run(beat, { ...options, activityId: `import-${i}`, args: [`${i}.csv`, warm, end] }),
  );
  await warm.all;
  const heapWarm = await heapUsed();
  warm.close();
  const fromWarm = performance.now();
  await end.all;
  const time = ((performance.now() - fromWarm) * 1e6) / (beats * 0.8);
  const heapEnd = await heapUsed();
  end.close();
  const total = (await Promise.all(runs.splice(0))).reduce((sum, one) => sum + one, 0);
  const elapsedMs = performance.now() - start;
  const heapAfter = await heapUsed();

  // The first report goes out at once, then at most one per interval, and the last one at the end.
  const allowed = count * (2 + Math.floor(elapsedMs / intervalMs));
  if (total !== beats) throw new Error(`${total} heartbeats, not ${beats}`);
  if (reports > allowed) throw new Error(`${reports} reports, allowed ${allowed}`);
  if (reports < count) throw new Error(`${reports} reports of ${count} activities`);
  // The last report of an activity that completes is not written.
  if (writes > reports || writes < reports - count) {
    throw new Error(`${reports} reports, but ${writes} writes`);
  }
  if (stored.size > 0) throw new Error(`${stored.size} entries left in the store`);
  return {
    time,
    'reports, as a part of those allowed': reports / allowed,
    'MB more heap while beating': (heapEnd - heapWarm) / MB,
    'MB more heap afterwards': (heapAfter - heapBefore) / MB,
  };
}

export default {
  title: '1,000,000 heartbeats of 1,000 activities, listener and store attached (smoke: 20,000)',
  contenders: {
    async systole() {
      const { ActivityRuntime } = await loadSystole();
      return async (count) => {
        await measureBeats(ActivityRuntime, count / 10);
        return measureBeats(ActivityRuntime, count);
      };
    },
  },
  fresh: true,
  rounds: 3,
  count: 1_000_000,
  smokeCount: 20_000,
  rows: [
    {
      text: '1,000,000 heartbeats: reports, as a part of those the interval allows',
      of: 'systole',
      measure: 'reports, as a part of those allowed',
      atMost: 1,
      every: true,
    },
    {
      text: '1,000,000 heartbeats: heap, in MB more from a fifth of them to the last',
      of: 'systole',
      measure: 'MB more heap while beating',
      atMost: 1,
    },
    {
      text: '1,000,000 heartbeats: heap, in MB more when all activities are over',
      of: 'systole',
      measure: 'MB more heap afterwards',
      atMost: 1,
    },
  ],
};
