/**
 * A mixed load on real time, with faults, at 10,000 activities in flight; and now and then a loop
 * that is blocked. `npm run soak -- --minutes 10`
 */
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { ActivityRuntime } from '../../../src/index.js';
import { live, noFindings, watch } from './load.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    activities: { type: 'string', default: '10000' },
  },
});
const inFlight = Number(values.activities);
const durationMs = Number(values.minutes) * 60_000;

const runtime = new ActivityRuntime({ logger: false });
watch(runtime);
const found = noFindings();
const beganAt = performance.now();
const until = beganAt + durationMs;

/** One after another, so that the same number is always in flight. */
async function lane(): Promise<void> {
  await sleep(Math.random() * 5_000); // not all in step
  while (performance.now() < until) await live(runtime, found);
}

const lanes = Array.from({ length: inFlight }, lane);
const watching = new AbortController();
const heaps: number[] = [];
const watchers = [reportEvery(10_000), blockEvery(7_000)];
await Promise.all(lanes);
const seconds = (performance.now() - beganAt) / 1_000;
watching.abort();
await Promise.all(watchers);
await runtime.shutdown();

const { done, latenessMs, ...problems } = found;
latenessMs.sort((a, b) => a - b);
const late = (part: number): string =>
  (latenessMs[Math.min(latenessMs.length - 1, Math.floor(part * latenessMs.length))] ?? 0).toFixed(
    1,
  );

console.log(`${inFlight} in flight for ${seconds.toFixed(0)} s:`, done);
console.log(`${Math.round(done.steps / seconds)} steps with a heartbeat each in a second`);
console.log(
  `timeouts: ${latenessMs.length}, late by ${late(0.5)} ms at p50, ${late(0.99)} at p99, ${late(1)} at most`,
);
console.log('MB of heap over time:', heaps.join(' '));
console.log('what must not be:', problems);
const bad = Object.values(problems).some((count) => count > 0);
if (bad || done.completed === 0 || latenessMs.length === 0) {
  console.error('FAILED');
  process.exitCode = 1;
}

async function reportEvery(ms: number): Promise<void> {
  while (await pause(ms)) {
    heaps.push(Math.round(process.memoryUsage().heapUsed / 1e6));
    const { open } = runtime.stats();
    console.log(
      `${Math.round((performance.now() - beganAt) / 1_000)} s: ${open} open,`,
      found.done,
    );
  }
}

/** Like a large JSON.parse, shorter and longer than a deadline may be late. */
async function blockEvery(ms: number): Promise<void> {
  for (let blockMs = 100; await pause(ms); blockMs = blockMs === 100 ? 1_500 : 100) {
    const end = performance.now() + blockMs;
    while (performance.now() < end);
  }
}

/** False when the soak has ended. */
async function pause(ms: number): Promise<boolean> {
  await sleep(ms, undefined, { signal: watching.signal }).catch(() => {});
  return !watching.signal.aborted;
}
