// What is timed at each size. Every life starts `count` activities, so that all are in flight at
// once, and gives the cost of what happens to them, in us (or bytes) per activity.
import { setImmediate as turn } from 'node:timers/promises';
import { FakeTime } from '../fake-time.mjs';
import { heapUsed } from '../heap.mjs';
import { patientOptions } from '../options.mjs';

// Read before time is replaced.
const realNow = performance.now.bind(performance);

/** Returns how long `work` takes, in us per activity. */
async function perActivity(count, work) {
  const start = realNow();
  await work();
  return ((realNow() - start) * 1e3) / count;
}

function openGate() {
  let open;
  const gate = new Promise((resolve) => (open = resolve));
  return { gate, open };
}

/** Start, what is held, heartbeats while throttled, and completion. */
async function succeed({ runtime, count }) {
  const { gate, open } = openGate();
  const contexts = new Array(count).fill();
  const running = new Array(count).fill();
  let started = 0;
  const wait = async (ctx) => {
    contexts[started++] = ctx;
    await gate;
    return 1;
  };
  const before = await heapUsed();
  const start = await perActivity(count, () => {
    for (let i = 0; i < count; i++) running[i] = runtime.run(wait, patientOptions);
  });
  const memory = ((await heapUsed()) - before) / count;

  const beatAll = () => {
    for (let i = 0; i < count; i++) contexts[i].heartbeat(i);
  };
  beatAll(); // this one is reported, the others are held back
  beatAll();
  const heartbeat = await perActivity(count, beatAll);

  const completion = await perActivity(count, async () => {
    open();
    await Promise.all(running);
  });
  return { start, memory, heartbeat, completion };
}

/** One abort of a signal that all of them follow. */
async function cancelAll({ runtime, count }) {
  const controller = new AbortController();
  const { signal } = controller;
  const stop = ({ cancelled }) => cancelled;
  const running = Array.from({ length: count }, () =>
    runtime.run(stop, { ...patientOptions, signal }),
  );
  await turn();
  const settled = Promise.allSettled(running);
  const time = await perActivity(count, async () => {
    controller.abort(new Error('enough'));
    await settled;
  });
  expect(await settled, 'rejected', count);
  return { 'cancel all': time };
}

/** Heartbeat timeouts on fake time, the same number per 4 ms at every size. */
async function timeOut({ ActivityRuntime, count }) {
  const time = new FakeTime();
  time.install();
  try {
    const runtime = new ActivityRuntime({ logger: false });
    const { gate, open } = openGate();
    const stepMs = 4 / 50;
    const options = {
      heartbeatTimeout: count * stepMs + 10_000,
      startToCloseTimeout: '1d',
      retryPolicy: { maximumAttempts: 1 },
    };
    const running = [];
    while (running.length < count) {
      running.push(runtime.run(() => gate, options));
      const now = time.now + stepMs;
      while (time.step(now)); // the clock must not pass its timers, or the loop looks blocked
      time.now = now;
    }
    const settled = Promise.allSettled(running);
    const cost = await perActivity(count, async () => {
      while (time.step()) await turn();
      await settled;
    });
    open(); // the abandoned functions end too
    expect(await settled, 'rejected', count);
    return { 'heartbeat timeout': cost };
  } finally {
    time.uninstall();
  }
}

function expect(settled, status, count) {
  const found = settled.filter((one) => one.status === status).length;
  if (found !== count) throw new Error(`${found} of ${count} ${status}`);
}

export const lives = { succeed, cancelAll, timeOut };
