/**
 * What the ordinary runtime does under fake timers, whoever made them: the same scenarios for
 * every framework, each telling the virtual time at which things happen.
 */
import assert from 'node:assert/strict';
import { ActivityRuntime, isTimeout } from 'systole';

/** The timers of a framework: install, uninstall, advance, count pending ones, and drop them. */
/** @typedef {{ install(): void, uninstall(): void, advance(ms: number): Promise<void>, pending(): number, clearAll(): void }} FakeTimers */

/** Time as a scenario sees it. */
/** @typedef {FakeTimers & { at(happened: number, expected: number, stages?: number): void, now(): number, exact: boolean }} Time */

const realNow = performance.now.bind(performance);
const realSetTimeout = globalThis.setTimeout;

/** A clock that is not faked trusts a timer only after a few milliseconds; a faked one is exact. */
const LATEST_MS = 10;
const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const ONCE = { maximumAttempts: 1 };

const hang = () => new Promise(() => {});

/** The state of a promise, and when it settled. */
function watch(time, promise) {
  const watched = { state: 'pending', at: NaN };
  promise.then(
    (value) => Object.assign(watched, { state: 'resolved', at: time.now(), value }),
    (error) => Object.assign(watched, { state: 'rejected', at: time.now(), error }),
  );
  return watched;
}

function assertTimedOut(watched, type) {
  assert.equal(watched.state, 'rejected');
  assert.ok(isTimeout(watched.error, type), `no ${type} timeout but ${watched.error}`);
}

/** Each scenario has its own runtime, and timers that are already fake. */
const scenarios = {
  async 'a retry comes after its backoff'(time, runtime) {
    const starts = [];
    const ran = watch(
      time,
      runtime.run(() => {
        starts.push(time.now());
        if (starts.length < 4) throw new Error('again');
        return 'done';
      }),
    );
    await time.advance(8 * SECOND);
    assert.equal(ran.value, 'done');
    assert.equal(starts.length, 4);
    [0, 1, 3, 7].forEach((seconds, n) => time.at(starts[n], seconds * SECOND, n));
    time.at(ran.at, 7 * SECOND, 3);
  },

  async 'a heartbeat timeout comes 10 s after the last heartbeat'(time, runtime) {
    const options = { heartbeatTimeout: '10s', retryPolicy: ONCE };
    const silent = watch(time, runtime.run(hang, options));
    const once = watch(
      time,
      runtime.run(async (ctx) => {
        await ctx.sleep(6 * SECOND);
        ctx.heartbeat({ line: 1 });
        await hang();
      }, options),
    );
    await time.advance(9 * SECOND);
    assert.equal(silent.state, 'pending');
    await time.advance(8 * SECOND);
    assertTimedOut(silent, 'HEARTBEAT');
    time.at(silent.at, 10 * SECOND);
    assertTimedOut(once, 'HEARTBEAT');
    assert.deepEqual(once.error.cause.lastHeartbeatDetails, { line: 1 });
    time.at(once.at, 16 * SECOND, 2);
  },

  async 'each attempt has its own startToClose timeout'(time, runtime) {
    const starts = [];
    const ran = watch(
      time,
      runtime.run(
        () => {
          starts.push(time.now());
          return hang();
        },
        { startToCloseTimeout: '5s', retryPolicy: { maximumAttempts: 2 } },
      ),
    );
    await time.advance(12 * SECOND);
    assert.equal(starts.length, 2);
    time.at(starts[1], 6 * SECOND, 2);
    assertTimedOut(ran, 'START_TO_CLOSE');
    time.at(ran.at, 11 * SECOND, 3);
  },

  async 'ctx.sleep sleeps an hour'(time, runtime) {
    const slept = watch(
      time,
      runtime.run((ctx) => ctx.sleep('1h')),
    );
    await time.advance(3_599 * SECOND);
    assert.equal(slept.state, 'pending');
    await time.advance(2 * SECOND);
    assert.equal(slept.state, 'resolved');
    time.at(slept.at, 3_600 * SECOND);
  },

  async 'ctx.sleep can be longer than a host timer'(time, runtime) {
    const slept = watch(
      time,
      runtime.run((ctx) => ctx.sleep('60d')),
    );
    await time.advance(61 * DAY);
    assert.equal(slept.state, 'resolved');
    time.at(slept.at, 60 * DAY, 3);
  },

  async 'keepAlive heartbeats until the work has settled'(time, runtime) {
    const work = () => new Promise((resolve) => setTimeout(resolve, 20 * SECOND, 'done'));
    const options = { heartbeatTimeout: '3s', retryPolicy: ONCE };
    const kept = watch(
      time,
      runtime.run((ctx) => ctx.keepAlive(work), options),
    );
    const notKept = watch(time, runtime.run(work, options));
    await time.advance(21 * SECOND);
    assertTimedOut(notKept, 'HEARTBEAT');
    time.at(notKept.at, 3 * SECOND);
    assert.equal(kept.value, 'done');
    time.at(kept.at, 20 * SECOND);
  },

  async 'scheduleToClose ends an attempt, or a backoff that would be too long'(time, runtime) {
    const options = { scheduleToCloseTimeout: '5s' };
    const hanging = watch(time, runtime.run(hang, options));
    const failing = watch(
      time,
      runtime.run(() => {
        throw new Error('again');
      }, options),
    );
    await time.advance(6 * SECOND);
    assertTimedOut(hanging, 'SCHEDULE_TO_CLOSE');
    time.at(hanging.at, 5 * SECOND);
    assert.equal(failing.state, 'rejected');
    time.at(failing.at, 3 * SECOND, 2); // the next attempt would be at 7 s
  },

  async 'times are exact, and everything happens in order of time'(time, runtime) {
    const starts = [];
    const retried = runtime.run(
      (ctx) => {
        starts.push(time.now());
        if (ctx.info.attempt < 3) throw new Error('again');
      },
      { retryPolicy: { initialInterval: 50, backoffCoefficient: 1 } },
    );
    const order = [];
    const sleep = (ms) => runtime.run(async (ctx) => (await ctx.sleep(ms), order.push(ms)));
    const sleeps = [53, 49, 51, 52].map(sleep);
    const options = { startToCloseTimeout: 50, retryPolicy: ONCE };
    const late = watch(
      time,
      runtime.run((ctx) => ctx.sleep(51), options),
    );
    const inTime = watch(
      time,
      runtime.run((ctx) => ctx.sleep(49), options),
    );
    await time.advance(200);
    await Promise.all([retried, ...sleeps]);
    [0, 50, 100].forEach((ms, n) => time.at(starts[n], ms, n));
    assertTimedOut(late, 'START_TO_CLOSE');
    if (!time.exact) return; // the sleeps began at different times
    assert.deepEqual(order, [49, 51, 52, 53]);
    assert.equal(inTime.state, 'resolved');
  },

  async 'a start delay delays the first attempt'(time, runtime) {
    const started = runtime.run(() => time.now(), { startDelay: '2s' });
    await time.advance(3 * SECOND);
    time.at(await started, 2 * SECOND);
  },

  async 'reports are throttled'(time, runtime) {
    const reports = [];
    const off = runtime.on('heartbeat', ({ details }) => reports.push([details, time.now()]));
    const ran = watch(
      time,
      runtime.run(
        async (ctx) => {
          for (let n = 1; n <= 10; n++) {
            await ctx.sleep(300);
            ctx.heartbeat(n);
          }
        },
        { heartbeatThrottleInterval: '1s' },
      ),
    );
    await time.advance(4 * SECOND);
    assert.equal(ran.state, 'resolved');
    off();
    const details = reports.map(([reported]) => reported);
    assert.deepEqual(details, [1, 4, 7, 10]); // the last one is emitted before the result
    [300, 1_300, 2_300, 3_000].forEach((ms, n) => time.at(reports[n][1], ms, n + 1));
  },

  async 'starts are spaced'(time) {
    const spaced = new ActivityRuntime({ maxActivitiesPerSecond: 4, logger: false });
    const starts = await Promise.all([
      ...[1, 2, 3, 4].map(() => spaced.run(() => time.now())),
      time.advance(SECOND),
    ]);
    [0, 250, 500, 750].forEach((ms, n) => time.at(starts[n], ms, n));
  },

  async 'shutdown waits for the grace period and then for abandonAfter'(time, runtime) {
    const aborts = {};
    const listening = (ctx) => {
      ctx.shutdownSignal.addEventListener('abort', () => (aborts.shutdown = time.now()));
      ctx.signal.addEventListener('abort', () => (aborts.signal = time.now()));
      return ctx.sleep('1h');
    };
    const heeding = watch(time, runtime.run(listening));
    const deaf = new ActivityRuntime({ logger: false });
    watch(time, deaf.run(hang, { activityId: 'deaf' }));
    const shutdown = watch(time, runtime.shutdown({ gracePeriod: '5s' }));
    const deafShutdown = watch(time, deaf.shutdown({ gracePeriod: '5s' }));
    await time.advance(16 * SECOND);
    time.at(aborts.shutdown, 0);
    time.at(aborts.signal, 5 * SECOND);
    assert.equal(heeding.state, 'rejected');
    time.at(heeding.at, 5 * SECOND);
    assert.deepEqual([...shutdown.value.abandonedActivityIds], []);
    time.at(shutdown.at, 5 * SECOND);
    assert.deepEqual([...deafShutdown.value.abandonedActivityIds], ['deaf']);
    time.at(deafShutdown.at, 15 * SECOND, 2);
  },
};

/** Real timers, right after a runtime has been in fake time. */
async function realRun(runtime) {
  const before = realNow();
  const options = { heartbeatTimeout: 15, retryPolicy: ONCE };
  await assert.rejects(runtime.run(hang, options), (error) => isTimeout(error, 'HEARTBEAT'));
  const elapsed = realNow() - before;
  assert.ok(elapsed > 13, `15 ms of real time took ${elapsed} ms`);
  await runtime.run((ctx) => ctx.sleep(1), { heartbeatTimeout: 1_000 });
}

/**
 * The host's clock goes on where `performance` is not faked, so things may come earlier there by
 * the real time that has passed meanwhile.
 */
function timeOf(timers, performanceFaked) {
  const start = Date.now();
  const realStart = realNow();
  const now = () => Date.now() - start;
  const at = (happened, expected, stages = 1) => {
    const early = performanceFaked ? 0 : realNow() - realStart;
    const late = performanceFaked ? 0 : stages * LATEST_MS;
    const range = [expected - early, expected + late];
    const message = `at ${happened} ms; expected ${expected} (${range.join(' to ')})`;
    assert.ok(happened >= range[0] && happened <= range[1], message);
  };
  return { ...timers, now, at, exact: performanceFaked };
}

async function movesPerformance(timers) {
  const before = performance.now();
  await timers.advance(10 * SECOND);
  return performance.now() - before > 9 * SECOND;
}

/** Runs a scenario in fake time, and again in the same runtime after a while in real time. */
async function inFakeTime(timers, expected, scenario, runtime) {
  timers.install();
  try {
    const performanceFaked = await movesPerformance(timers);
    if (expected !== undefined) assert.equal(performanceFaked, expected, 'performance is faked');
    await scenario(timeOf(timers, performanceFaked), runtime);
    await timers.advance(50);
    assert.equal(timers.pending(), 0, 'an idle runtime holds no timer');
  } finally {
    timers.uninstall();
  }
}

/**
 * Declares the tests for one way to fake timers.
 * @param framework `describe` and `test`
 * @param kind its name
 * @param timers `FakeTimers`
 * @param performanceFaked what `performance.now()` should do; undefined: whatever it does
 */
export function runtimeTests({ describe, test }, kind, timers, performanceFaked) {
  describe(`the runtime, ${kind}`, () => {
    for (const [name, scenario] of Object.entries(scenarios)) {
      test(name, () =>
        inFakeTime(timers, performanceFaked, scenario, new ActivityRuntime({ logger: false })),
      );
    }

    test('fake timers may be installed and removed while it is idle', async () => {
      const runtime = new ActivityRuntime({ logger: false });
      const names = Object.keys(scenarios).filter((name) => !name.startsWith('shutdown'));
      for (const name of [...names, ...names]) {
        await inFakeTime(timers, performanceFaked, scenarios[name], runtime);
        await realRun(runtime);
      }
    });

    test('it continues after all timers have been dropped between two tests', async () => {
      const runtime = new ActivityRuntime({ logger: false });
      timers.install();
      try {
        for (let round = 0; round < 3; round++) {
          const time = timeOf(timers, performanceFaked === true);
          const ran = watch(
            time,
            runtime.run(hang, { heartbeatTimeout: '10s', retryPolicy: ONCE }),
          );
          const slept = watch(
            time,
            runtime.run((ctx) => ctx.sleep('5s')),
          );
          await timers.advance(11 * SECOND);
          assertTimedOut(ran, 'HEARTBEAT');
          assert.equal(slept.state, 'resolved');
          await runtime.run(() => round, { heartbeatTimeout: '10s' });
          timers.clearAll();
        }
      } finally {
        timers.uninstall();
      }
      await realRun(runtime);
    });

    test('fake timers may be installed right after a run and removed right after one', async () => {
      const runtime = new ActivityRuntime({ logger: false });
      for (let round = 0; round < 3; round++) {
        // The short timer that an idle runtime keeps is one of the host's still.
        await runtime.run(() => 1, { heartbeatTimeout: '10s' });
        timers.install();
        try {
          const time = timeOf(timers, performanceFaked === true);
          const late = watch(
            time,
            runtime.run(hang, { heartbeatTimeout: '10s', retryPolicy: ONCE }),
          );
          await new Promise((resolve) => realSetTimeout(resolve, 30));
          await timers.advance(0);
          assert.equal(late.state, 'pending');
          await timers.advance(11 * SECOND);
          assertTimedOut(late, 'HEARTBEAT');
          if (performanceFaked !== undefined) time.at(late.at, 10 * SECOND);
          await runtime.run(() => 1, { heartbeatTimeout: '10s' });
        } finally {
          timers.uninstall();
        }
        await realRun(runtime);
      }
    });
  });
}
