// What must hold wherever the package runs: on real time, by its public names, without a test
// framework. Needs nothing of its host but ES2022, timers and AbortController, so that one file
// serves Node, Bun, Deno and a page.

/** The longest that a check waits for something. */
const LONGEST_MS = 15_000;
const host = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };

/**
 * Runs every check that the host has what it needs for.
 *
 * @param build.systole `systole`
 * @param build.testing `systole/testing`
 * @param build.other `systole` in the other module format, where there is one
 * @param build.web `systole/web`
 * @param build.progress `systole/progress`, where it can be loaded
 * @param build.inspector `systole/inspect`, likewise
 * @param build.context `systole/context`, where it can be loaded
 * @param build.node `systole/node`, likewise
 * @param build.files what the checks of `fileStore` need: `folder`, `list()` and `damage()`
 * @returns how many passed, and what went wrong
 */
export async function everywhere(build) {
  const failed = [];
  let passed = 0;
  for (const { name, fn } of checks(build)) {
    try {
      await inTime(fn());
      passed += 1;
    } catch (error) {
      failed.push({ name, error: String(error?.stack ?? error) });
    }
  }
  return { passed, failed };
}

function checks({ systole, testing, other, context, node, web, progress, inspector, files }) {
  const {
    ActivityFailure,
    ActivityNotFoundError,
    ActivityRuntime,
    ApplicationFailure,
    CancelledFailure,
    HeartbeatDetailsError,
    HeartbeatStoreError,
    RuntimeShutdownError,
    TerminatedFailure,
    TimeoutFailure,
  } = systole;
  const { TestActivityEnvironment, crashAtEveryHeartbeat, timeline } = testing;

  const all = [];
  const check = (name, fn) => all.push({ name, fn });
  const quiet = (options) => new ActivityRuntime({ logger: false, ...options });
  /** As often as needed, without waiting. */
  const atOnce = { initialInterval: 1, backoffCoefficient: 1 };
  const once = { maximumAttempts: 1 };

  /** The reports of the first attempt that the second attempt gets. */
  async function returned(details) {
    return quiet().run(
      (ctx) => {
        if (ctx.hasHeartbeatDetails) return ctx.heartbeatDetails;
        ctx.heartbeat(details);
        throw new Error('again');
      },
      { retryPolicy: atOnce },
    );
  }

  // ── Running ─────────────────────────────────────────────────────────────────────────────────

  check('runActivity calls the function in the same turn and resolves to its result', async () => {
    let called = false;
    const result = systole.runActivity(
      async (ctx, a, b) => {
        called = true;
        await ctx.sleep(1);
        return a + b;
      },
      { args: [20, 22] },
    );
    equal(called, true);
    equal(await result, 42);
  });

  check('startActivity returns a handle that describes the activity', async () => {
    const handle = systole.startActivity((ctx) => ctx.sleep(5).then(() => 'done'));
    equal(handle.describe().runState, 'STARTED');
    equal(await handle.result(), 'done');
    await handle.settled();
    equal(handle.describe().status, 'COMPLETED');
  });

  check('events come in their order, with frozen payloads', async () => {
    const runtime = quiet();
    const seen = [];
    const names = ['scheduled', 'started', 'heartbeat', 'attemptFailed', 'completed'];
    for (const name of names) {
      runtime.on(name, (event) => seen.push(`${name} ${event.attempt} ${Object.isFrozen(event)}`));
    }
    await runtime.run(
      (ctx) => {
        ctx.heartbeat(ctx.info.attempt);
        if (ctx.info.attempt === 1) throw new TypeError('a bug, or a bad line: retried');
      },
      { retryPolicy: atOnce },
    );
    equal(seen, [
      'scheduled 0 true',
      'started 1 true',
      'heartbeat 1 true',
      'attemptFailed 1 true',
      'started 2 true',
      'heartbeat 2 true',
      'completed 2 true',
    ]);
  });

  check('proxyActivities runs the methods of an object, which keep their this', async () => {
    class Greeter {
      greeting = 'hello';
      async greet(ctx, name) {
        return `${this.greeting} ${name} from ${ctx.info.activityType}`;
      }
    }
    const { greet } = systole.proxyActivities(new Greeter(), { startToCloseTimeout: '1m' });
    equal(await greet('ada'), 'hello ada from greet');
  });

  check('a bad option is refused by a TypeError that names it', async () => {
    const error = await rejection(systole.runActivity(() => 1, { heartbeatTimeout: '10 parsecs' }));
    equal(error instanceof TypeError, true);
    equal(/heartbeatTimeout.*10 parsecs/.test(error.message), true);
    const unknown = await rejection(systole.runActivity(() => 1, { retries: 3 }));
    equal(/retryPolicy\.maximumAttempts/.test(unknown.message), true);
  });

  // ── What comes back of a heartbeat ──────────────────────────────────────────────────────────

  check('a retry resumes from a Map, a Set, a Date, a RegExp and a URL', async () => {
    const details = {
      map: new Map([['a', new Set([1, 2])]]),
      date: new Date(86_400_000),
      pattern: /^line (\d+)$/gu,
      url: new URL('https://example.com/a?b=c#d'),
    };
    equal(await returned(details), details);
  });

  check('a retry resumes from bigint, undefined, NaN, infinities and -0', async () => {
    const details = [2n ** 70n, undefined, NaN, Infinity, -Infinity, -0, null, '\u2028\ud800'];
    equal(await returned(details), details);
  });

  check('a retry resumes from typed arrays', async () => {
    const details = [
      Uint8Array.of(0, 255),
      Int16Array.of(-5),
      Float32Array.of(0.5, -0, NaN),
      Float64Array.of(1e300),
    ];
    equal(await returned(details), details);
  });

  check(
    'a retry resumes from a tree: what is met twice is copied twice, a cycle is refused',
    async () => {
      const shared = { n: 1 };
      const details = { left: shared, right: shared, many: new Map([['same', shared]]) };
      const back = await returned(details);
      equal(back, { left: { n: 1 }, right: { n: 1 }, many: new Map([['same', { n: 1 }]]) });
      equal(back.left === back.right || back.many.get('same') === back.left, false);
      details.self = details;
      const error = await returned(details).catch((failure) => failure.cause);
      equal([error.name, error.path], ['HeartbeatDetailsError', 'details.self']);
    },
  );

  check('a retry resumes from an Error and its cause', async () => {
    const back = await returned(new RangeError('too far', { cause: new Error('the root') }));
    equal([back.name, back.message, back.cause.message], ['RangeError', 'too far', 'the root']);
    equal(back instanceof Error, true);
  });

  check('details are copied at the call, and refused there with their path', async () => {
    const details = { lines: [1] };
    const back = quiet().run(
      (ctx) => {
        if (ctx.hasHeartbeatDetails) return ctx.heartbeatDetails;
        ctx.heartbeat(details);
        details.lines.push(2);
        const error = thrown(() => ctx.heartbeat({ rows: [{ cb: () => 1 }] }));
        equal(error instanceof HeartbeatDetailsError, true);
        equal(error.path, 'details.rows[0].cb');
        throw new Error('again');
      },
      { retryPolicy: { ...atOnce, maximumAttempts: 2 } },
    );
    equal(await back, { lines: [1] });
  });

  check('reports are throttled, and the next attempt still has the newest details', async () => {
    const runtime = quiet();
    const reports = [];
    runtime.on('heartbeat', ({ attempt, details }) => reports.push([attempt, details]));
    const result = await runtime.run(
      (ctx) => {
        if (ctx.info.attempt === 2) return ctx.heartbeatDetails;
        for (let line = 1; line <= 100; line++) ctx.heartbeat(line);
        equal(reports, [[1, 1]]);
        throw new Error('again');
      },
      { retryPolicy: atOnce, heartbeatThrottleInterval: '1 hour' },
    );
    equal(result, 100);
    equal(reports, [
      [1, 1],
      [1, 100],
    ]);
  });

  check('a throttle interval ends with a report of the newest details', async () => {
    const runtime = quiet();
    const second = new Promise((resolve) => {
      runtime.on('heartbeat', ({ details }) => details !== 1 && resolve(details));
    });
    const handle = runtime.start(
      async (ctx) => {
        for (let line = 1; line <= 9; line++) ctx.heartbeat(line);
        await ctx.sleep('1 hour');
      },
      { heartbeatThrottleInterval: 20, cancellationDelivery: 'immediate' },
    );
    equal(await second, 9);
    handle.cancel();
    await handle.settled();
  });

  // ── Timeouts ────────────────────────────────────────────────────────────────────────────────

  check('a hung attempt times out and no longer counts, and the next one resumes', async () => {
    const runtime = quiet();
    const abandoned = next(runtime, 'attemptAbandoned');
    const settled = next(runtime, 'attemptSettled');
    let zombie;
    const hang = new Promise((resolve) => (zombie = resolve));
    let reason;
    const result = await runtime.run(
      async (ctx) => {
        if (ctx.info.attempt === 2) return ctx.heartbeatDetails;
        ctx.heartbeat('first');
        await hang;
        reason = ctx.signal.reason;
        ctx.heartbeat('of a zombie');
        return 'of a zombie';
      },
      { heartbeatTimeout: 40, retryPolicy: atOnce },
    );
    equal(result, 'first');
    equal((await abandoned).attempt, 1);
    zombie();
    equal((await settled).result, 'of a zombie');
    equal(reason instanceof CancelledFailure && reason.message, 'TIMED_OUT');
    equal(reason.cause instanceof TimeoutFailure && reason.cause.timeoutType, 'HEARTBEAT');
  });

  check('a final heartbeat timeout reaches the caller with the last details', async () => {
    const failure = await rejection(
      quiet().run(
        async (ctx) => {
          ctx.heartbeat({ line: 7 });
          await ctx.cancelled;
        },
        { heartbeatTimeout: 30, retryPolicy: once },
      ),
    );
    equal(failure instanceof ActivityFailure, true);
    equal(failure.retryState, 'MAXIMUM_ATTEMPTS_REACHED');
    equal(systole.isTimeout(failure, 'HEARTBEAT'), true);
    equal(failure.cause.lastHeartbeatDetails, { line: 7 });
  });

  check('heartbeats keep an attempt alive beyond its heartbeat timeout', async () => {
    const beats = await quiet().run(
      async (ctx) => {
        for (let beat = 1; beat <= 12; beat++) {
          await ctx.sleep(10);
          ctx.heartbeat(beat);
        }
        return ctx.info.attempt;
      },
      { heartbeatTimeout: 80, retryPolicy: once },
    );
    equal(beats, 1);
  });

  check('startToCloseTimeout ends an attempt, scheduleToCloseTimeout the activity', async () => {
    const runtime = quiet();
    const result = await runtime.run(
      (ctx) => (ctx.info.attempt === 1 ? ctx.sleep('1 hour') : 'in time'),
      { startToCloseTimeout: 30, retryPolicy: atOnce },
    );
    equal(result, 'in time');
    const failure = await rejection(
      runtime.run((ctx) => ctx.sleep('1 hour'), { scheduleToCloseTimeout: 30 }),
    );
    equal(systole.isTimeout(failure, 'SCHEDULE_TO_CLOSE'), true);
  });

  check('progressTimeout ends an attempt that is alive but stuck', async () => {
    const stuck = async (ctx) => {
      for (;;) {
        ctx.heartbeat({ line: 3 });
        await ctx.sleep(5);
      }
    };
    const options = { heartbeatTimeout: '1m', progressTimeout: 50, retryPolicy: once };
    const failure = await rejection(quiet().run(stuck, options));
    equal(systole.isTimeout(failure, 'PROGRESS'), true);
  });

  check('keepAlive heartbeats for a promise that cannot', async () => {
    const result = await quiet().run(
      (ctx) => ctx.keepAlive(() => later(150, 'slow'), { every: 10 }),
      { heartbeatTimeout: 60, retryPolicy: once },
    );
    equal(result, 'slow');
  });

  check('a delay that is too long for a host timer does not fire at once', async () => {
    const handle = quiet().start(() => 'too early', { startDelay: '60 days' });
    await later(20);
    equal(handle.describe().runState, 'SCHEDULED');
    handle.cancel();
    equal(systole.isCancellation(await rejection(handle.result())), true);
  });

  // ── Cancellation and steering ───────────────────────────────────────────────────────────────

  check('an outside signal reaches the function before abort() returns', async () => {
    const controller = new AbortController();
    let signal;
    const result = quiet().run(
      (ctx) => {
        signal = ctx.signal;
        return ctx.sleep('1 hour');
      },
      { signal: controller.signal },
    );
    controller.abort('enough');
    equal(signal.aborted && signal.reason instanceof CancelledFailure, true);
    equal([signal.reason.message, signal.reason.cause], ['CANCELLED', 'enough']);
    const failure = await rejection(result);
    equal([failure.retryState, failure.cause.message], ['CANCEL_REQUESTED', 'CANCELLED']);
  });

  check('cancel() is delivered inside the next heartbeat', async () => {
    let goOn;
    const gate = new Promise((resolve) => (goOn = resolve));
    const seen = [];
    const handle = quiet().start(
      async (ctx) => {
        ctx.heartbeat();
        await gate;
        seen.push(ctx.signal.aborted);
        ctx.heartbeat();
        seen.push(ctx.signal.aborted, ctx.cancellationDetails.cancelRequested);
        ctx.signal.throwIfAborted();
      },
      { cancellationType: 'WAIT_CANCELLATION_COMPLETED' },
    );
    handle.cancel('enough');
    equal(handle.describe().runState, 'CANCEL_REQUESTED');
    goOn();
    equal((await rejection(handle.result())).cause.cause, 'enough');
    equal(seen, [false, true, true]);
    equal(handle.describe().status, 'CANCELED');
  });

  check("cancel() with 'immediate' delivery aborts at once", async () => {
    let signal;
    const handle = quiet().start(
      (ctx) => {
        signal = ctx.signal;
        return ctx.sleep('1 hour');
      },
      { cancellationDelivery: 'immediate' },
    );
    handle.cancel();
    equal(signal.aborted, true);
    equal(systole.isCancellation(await rejection(handle.result())), true);
    await handle.settled();
  });

  check('pause parks an activity, unpause resumes it', async () => {
    const runtime = quiet();
    const paused = next(runtime, 'paused');
    const handle = runtime.start(async (ctx) => {
      if (ctx.info.attempt === 2) return ctx.heartbeatDetails;
      for (let line = 1; ; line++) {
        ctx.heartbeat(line);
        await ctx.sleep(1);
      }
    });
    handle.pause();
    await paused;
    equal(handle.describe().status, 'PAUSED');
    const { heartbeatDetails } = handle.describe();
    handle.unpause();
    equal(await handle.result(), heartbeatDetails);
  });

  check('terminate ends an activity whatever its function does', async () => {
    const handle = quiet().start(() => new Promise(() => {}));
    handle.terminate('gone wrong');
    const { cause } = await rejection(handle.result());
    equal(cause instanceof TerminatedFailure && cause.message, 'gone wrong');
  });

  check('an activity is completed from outside by its task token', async () => {
    const runtime = quiet();
    let token;
    const handle = runtime.start((ctx) => {
      token = ctx.info.taskToken;
      ctx.completeAsync();
    });
    equal(/^[\w-]{22}$/.test(token), true);
    await runtime.completion.heartbeat(token, { step: 1 });
    equal(handle.describe().heartbeatDetails, { step: 1 });
    await runtime.completion.complete(token, 'by a webhook');
    equal(await handle.result(), 'by a webhook');
    const late = await rejection(runtime.completion.complete(token, 'twice'));
    equal(late instanceof ActivityNotFoundError, true);
  });

  // ── Limits, stores, the end ─────────────────────────────────────────────────────────────────

  check('slots limit the attempts that run at once, by priority', async () => {
    const runtime = quiet({ maxConcurrentActivities: 2 });
    const { work, most, order } = counted();
    const run = (name, priority) => runtime.run(work, { args: [name], priority });
    await Promise.all([run('a', 3), run('b', 3), run('c', 5), run('d', 3), run('e', 1)]);
    equal(most(), 2);
    equal(order, ['a', 'b', 'e', 'd', 'c']);
    await runtime.idle();
    equal(runtime.stats().open, 0);
  });

  check('a concurrency key limits its own activities only', async () => {
    const runtime = quiet({ maxConcurrentPerKey: 1 });
    const { work, most, order } = counted();
    const run = (name, concurrencyKey) => runtime.run(work, { args: [name], concurrencyKey });
    await Promise.all([run('a1', 'a'), run('a2', 'a'), run('b1', 'b'), run('b2', 'b')]);
    equal(most(), 2);
    equal(order.slice(0, 2), ['a1', 'b1']);
  });

  check('a Map as store: the same activityId resumes in another runtime', async () => {
    const store = new Map();
    const options = { activityId: 'import', retryPolicy: once };
    const work = (ctx) => {
      if (ctx.hasHeartbeatDetails) return ctx.heartbeatDetails;
      ctx.heartbeat(new Map([['line', 3]]));
      throw new Error('power cut');
    };
    await rejection(quiet({ store }).run(work, options));
    equal(typeof store.get('import'), 'string');
    equal(await quiet({ store }).run(work, options), new Map([['line', 3]]));
    equal(store.size, 0);
  });

  check('shutdown waits for the grace period and then cancels', async () => {
    const runtime = quiet();
    const seen = [];
    const polite = runtime.run(async (ctx) => {
      await new Promise((resolve) => ctx.shutdownSignal.addEventListener('abort', resolve));
      seen.push(ctx.signal.aborted);
      return 'finished in the grace';
    });
    const busy = runtime.run((ctx) => ctx.sleep('1 hour'));
    const over = Promise.all([polite, rejection(busy)]);
    equal(await runtime.shutdown({ gracePeriod: 40 }), { abandonedActivityIds: [] });
    const [result, failure] = await over;
    equal(
      [result, failure.cause.message, seen],
      ['finished in the grace', 'WORKER_SHUTDOWN', [false]],
    );
    const refused = await rejection(runtime.run(() => 1));
    equal(refused instanceof RuntimeShutdownError, true);
  });

  check('shutdown with drain still runs waiting activities', async () => {
    const runtime = quiet({ maxConcurrentActivities: 1 });
    const results = [1, 2, 3].map((n) => runtime.run((ctx) => ctx.sleep(2).then(() => n)));
    await runtime.shutdown({ drain: true });
    equal(await Promise.all(results), [1, 2, 3]);
  });

  check('await using: Symbol.asyncDispose shuts the runtime down', async () => {
    equal(typeof Symbol.asyncDispose, 'symbol');
    const runtime = quiet();
    const failure = rejection(runtime.run((ctx) => ctx.sleep('1 hour')));
    await runtime[Symbol.asyncDispose]();
    equal((await failure).cause.message, 'WORKER_SHUTDOWN');
  });

  check('no timer is left behind', async () => {
    const timers = countTimers();
    try {
      const runtime = quiet();
      await runtime.run(
        async (ctx) => {
          ctx.heartbeat(1);
          await ctx.sleep(1);
          if (ctx.info.attempt === 1) throw new Error('again');
        },
        { heartbeatTimeout: '1m', startToCloseTimeout: '1h', retryPolicy: atOnce },
      );
      const hung = runtime.start((ctx) => ctx.sleep('1h'), { cancellationDelivery: 'immediate' });
      hung.cancel();
      await hung.settled();
      equal(timers.ever() > 0, true);
      await later(150);
      equal(timers.live(), 0);
    } finally {
      timers.restore();
    }
  });

  // ── Failures ────────────────────────────────────────────────────────────────────────────────

  check('an ApplicationFailure controls retries, and is the cause unchanged', async () => {
    const declined = ApplicationFailure.nonRetryable('card declined', 'CardError', { code: 51 });
    const failure = await rejection(
      quiet().run((ctx) => {
        if (ctx.info.attempt === 2) throw declined;
        throw ApplicationFailure.create({ message: 'busy', nextRetryDelay: 1 });
      }),
    );
    equal(failure.cause === declined, true);
    equal([failure.attempt, failure.retryState], [2, 'NON_RETRYABLE_FAILURE']);
    equal(
      [declined.name, declined.type, declined.details],
      ['ApplicationFailure', 'CardError', [{ code: 51 }]],
    );
  });

  if (other) {
    check(
      'the ES module and the CommonJS build know their failures, and share a runtime',
      async () => {
        equal(other.ApplicationFailure === ApplicationFailure, false);
        const theirs = other.ApplicationFailure.nonRetryable('theirs');
        equal(theirs instanceof ApplicationFailure && !(theirs instanceof TimeoutFailure), true);
        const failure = await rejection(
          quiet().run(() => {
            throw theirs;
          }),
        );
        equal(failure.attempt, 1);
        equal(failure instanceof other.ActivityFailure, true);
        equal(other.isTimeout(new TimeoutFailure('late', { timeoutType: 'HEARTBEAT' })), true);
        equal(other.defaultRuntime() === systole.defaultRuntime(), true);
      },
    );
  }

  // ── systole/testing ─────────────────────────────────────────────────────────────────────────

  check('TestActivityEnvironment: an hour of backoff takes no time', async () => {
    const env = new TestActivityEnvironment();
    env.failOnHeartbeat(2, new Error('connection lost'));
    const work = async (ctx, end) => {
      let line = ctx.heartbeatDetails ?? 0;
      while (line < end) ctx.heartbeat(++line);
      return line;
    };
    equal(await env.run(work, { args: [4], retryPolicy: { initialInterval: '1h' } }), 4);
    equal(env.now(), 3_600_000);
    equal(
      env.attempts.map(({ heartbeatDetails, outcome }) => [heartbeatDetails, outcome]),
      [
        [undefined, 'FAILED'],
        [2, 'COMPLETED'],
      ],
    );
    equal(/retry in 1 h/.test(timeline(env)), true);
    await env[Symbol.asyncDispose]();
  });

  check('crashAtEveryHeartbeat resumes at each heartbeat', async () => {
    const resumedAt = [];
    const work = async (ctx, rows, done) => {
      for (let line = ctx.heartbeatDetails ?? 0; line < rows; line++) {
        await ctx.sleep('1 minute');
        done.push(line);
        ctx.heartbeat(line + 1);
      }
    };
    let done;
    const crashes = await crashAtEveryHeartbeat(
      work,
      () => ({ args: [3, (done = [])] }),
      ({ heartbeatDetails }) => {
        resumedAt.push(heartbeatDetails);
        equal(done, [0, 1, 2]);
      },
    );
    equal([crashes, resumedAt], [3, [1, 2, 3]]);
  });

  check("semantics: 'temporal' loses throttled details at a timeout", async () => {
    const resumedFrom = async (options) => {
      const env = new TestActivityEnvironment(options);
      env.timeoutOnHeartbeat(3);
      const work = (ctx) => {
        for (let line = ctx.heartbeatDetails ?? 0; line < 4; line++) ctx.heartbeat(line + 1);
      };
      await env.run(work, { heartbeatTimeout: '10s' });
      return env.attempts[1].heartbeatDetails;
    };
    equal(await resumedFrom({}), 3);
    equal(await resumedFrom({ semantics: 'temporal' }), 1);
  });

  // ── systole/web, systole/progress, systole/inspect ──────────────────────────────────────────

  check('systole/web: a Response follows the heartbeats of an activity', async () => {
    const handle = quiet().start(
      async (ctx) => {
        for (let row = 1; row <= 2; row++) {
          ctx.heartbeat({ row });
          await later(2);
        }
      },
      { heartbeatThrottleInterval: 0 },
    );
    const response = web.heartbeatResponse(handle);
    equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    const text = await response.text();
    equal(/"details":\{"row":2\}[^]*event: completed/.test(text), true);
    const headers = new Headers({ 'last-event-id': /id: (closed-\d+)/.exec(text)[1] });
    equal(web.heartbeatResponse(handle, { request: { headers } }).status, 204);
  });

  if (progress) {
    check('systole/progress: a terminal shows what is open, and is left as it was', async () => {
      const runtime = quiet();
      let written = '';
      const write = (text) => (written += text);
      const stream = { isTTY: true, columns: 80, rows: 24, write };
      const shown = progress.showProgress(runtime, { stream });
      const handle = runtime.start(
        async (ctx) => {
          ctx.heartbeat({ done: 1, total: 4 });
          await ctx.sleep('1h');
        },
        { activityId: 'big.csv', activityType: 'rows' },
      );
      while (!/rows big\.csv {2}.* {2}25 % {2}1\/4/.test(written)) await later(20);
      shown.close();
      equal(stream.write === write, true);
      handle.terminate();
    });
  }

  // In Deno, the suite runs without --allow-net.
  if (inspector && globalThis.Deno === undefined) {
    check('systole/inspect: the page and its stream are served, with the token only', async () => {
      const runtime = quiet();
      const handle = runtime.start(() => new Promise(() => {}), { activityId: 'hangs' });
      const page = await inspector.inspect(runtime);
      equal((await fetch(page.url)).status, 200);
      equal((await fetch(new URL('/', page.url))).status, 403);
      const reader = (await fetch(`${page.url}events`)).body.getReader();
      let text = '';
      while (!text.includes('"id":"hangs"')) {
        text += new TextDecoder().decode((await reader.read()).value);
      }
      await reader.cancel();
      await page.close();
      handle.terminate();
    });
  }

  // ── systole/context, systole/node ───────────────────────────────────────────────────────────

  if (context) {
    check('systole/context: deep code heartbeats for the activity it runs in', async () => {
      const { contextInterceptor, currentContext, heartbeat, maybeContext } = context;
      const deep = async (name) => {
        await later(2);
        heartbeat({ name });
      };
      const runtime = quiet({ interceptors: [contextInterceptor] });
      const reports = [];
      runtime.on('heartbeat', ({ activityId, details }) => reports.push([activityId, details]));
      const run = (activityId) =>
        runtime.run(
          async (ctx) => {
            await deep(activityId);
            equal(currentContext() === ctx, true);
          },
          { activityId },
        );
      await Promise.all([run('a'), run('b')]);
      equal(reports.sort(), [
        ['a', { name: 'a' }],
        ['b', { name: 'b' }],
      ]);
      await deep('outside');
      equal([maybeContext(), reports.length], [undefined, 2]);
    });
  }

  if (node) {
    check('systole/node: fileStore resumes, cleans up and refuses damaged files', async () => {
      const store = node.fileStore(files.folder);
      const options = { activityId: 'Import/ä', retryPolicy: once };
      const work = (ctx) => {
        if (ctx.hasHeartbeatDetails) return ctx.heartbeatDetails;
        ctx.heartbeat({ line: 3n, seen: new Set(['a']) });
        throw new Error('power cut');
      };
      await rejection(quiet({ store }).run(work, options));
      equal((await files.list()).length, 1);
      equal(await quiet({ store }).run(work, options), { line: 3n, seen: new Set(['a']) });
      equal(await files.list(), []);

      await rejection(quiet({ store }).run(work, options));
      await files.damage();
      const { cause } = await rejection(quiet({ store }).run(work, options));
      equal(cause instanceof HeartbeatStoreError, true);
      equal((await files.list()).length, 1);
    });
  }

  return all;
}

// ── Help ──────────────────────────────────────────────────────────────────────────────────────

/** Work that takes a moment, the largest number that ran at once, and the order of the starts. */
function counted() {
  const order = [];
  let running = 0;
  let most = 0;
  const work = async (ctx, name) => {
    order.push(name);
    most = Math.max(most, ++running);
    await ctx.sleep(5);
    running -= 1;
  };
  return { work, order, most: () => most };
}

/** Counts what the library sets on the host's `setTimeout`, until `restore()`. */
function countTimers() {
  const pending = new Set();
  let ever = 0;
  globalThis.setTimeout = (callback, ms) => {
    const timer = host.setTimeout.call(
      globalThis,
      () => {
        pending.delete(timer);
        callback();
      },
      ms,
    );
    pending.add(timer);
    ever += 1;
    return timer;
  };
  globalThis.clearTimeout = (timer) => {
    pending.delete(timer);
    host.clearTimeout.call(globalThis, timer);
  };
  return {
    live: () => pending.size,
    ever: () => ever,
    restore: () => Object.assign(globalThis, host),
  };
}

function next(runtime, event) {
  return new Promise((resolve) => runtime.once(event, resolve));
}

function later(ms, value) {
  return new Promise((resolve) => {
    host.setTimeout.call(globalThis, () => resolve(value), ms);
  });
}

async function inTime(work) {
  let timer;
  const late = new Promise((_, reject) => {
    const error = new Error(`not over after ${LONGEST_MS} ms`);
    timer = host.setTimeout.call(globalThis, () => reject(error), LONGEST_MS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    host.clearTimeout.call(globalThis, timer);
  }
}

function rejection(promise) {
  return promise.then(
    (value) => Promise.reject(new Error(`resolved to ${show(value)}, and should have rejected`)),
    (error) => error,
  );
}

function thrown(fn) {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error('threw nothing');
}

function equal(actual, expected) {
  const [is, should] = [show(actual), show(expected)];
  if (is !== should) throw new Error(`is ${is}\nand should be ${should}`);
}

/** A text that is equal for two values only if types, contents and cycles are equal. */
function show(value, seen = new Map()) {
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (seen.has(value)) return `#${seen.get(value)}`;
  seen.set(value, seen.size);
  const type = Object.prototype.toString.call(value).slice(8, -1);
  const list = (items) => [...items].map((item) => show(item, seen)).join(', ');
  if (type === 'Array') return `[${list(value)}]`;
  if (type === 'Map' || type === 'Set' || ArrayBuffer.isView(value))
    return `${type}(${list(value)})`;
  if (type === 'Date') return `Date(${value.getTime()})`;
  if (type === 'RegExp' || type === 'URL') return `${type}(${String(value)})`;
  return `${type}{${list(Object.entries(value))}}`;
}
