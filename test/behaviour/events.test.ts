/** The events that listeners get, their order, and what listeners may do. */
import { describe, expect, test, vi } from 'vitest';
import { ActivityRuntime, type ActivityContext, type ActivityEventName } from '../../src/index.js';
import { EVENT_NAMES } from '../../src/kernel/events.js';
import { Harness, never } from '../support/harness.js';
import { collectUnhandledRejections, failureOf } from '../support/outcomes.js';
import { VirtualClock } from '../support/virtual-clock.js';

const FAST = { initialInterval: 100, backoffCoefficient: 1 };

/** Goes through the events of an activity that is steered. */
const steer = (h: Harness): void => {
  const handle = h.start(never, { startDelay: '1h' });
  handle.pause();
  handle.reset();
  handle.terminate();
};

/** Goes through every kind of event: a timeout, a failure, and then success. */
const eventful = async (ctx: ActivityContext<number>): Promise<string> => {
  ctx.heartbeat(ctx.info.attempt);
  if (ctx.info.attempt === 1) await ctx.sleep('1h').catch(() => {});
  if (ctx.info.attempt === 2) throw new Error('no');
  return 'done';
};
const EVENTFUL = { heartbeatTimeout: '1s', retryPolicy: FAST } as const;

describe('the order of events', () => {
  test('from the start to success', async () => {
    const h = new Harness();
    void h.run(eventful, EVENTFUL);
    await h.advance(5_000);
    expect(h.events.map(({ name, attempt, at }) => `${name} ${attempt} @${at}`)).toEqual([
      'scheduled 0 @0',
      'started 1 @0',
      'heartbeat 1 @0',
      'attemptFailed 1 @1000',
      'attemptAbandoned 1 @1000',
      'attemptSettled 1 @1000',
      'started 2 @1100',
      'heartbeat 2 @1100',
      'attemptFailed 2 @1100',
      'started 3 @1200',
      'heartbeat 3 @1200',
      'completed 3 @1200',
    ]);
  });

  test('at the end of an attempt: last report, abort, attemptFailed, attemptAbandoned, failed, caller', async () => {
    const h = new Harness({}, false);
    const order: string[] = [];
    for (const name of EVENT_NAMES) h.engine.events.add(name, () => order.push(name), false);
    const run = h
      .run(
        (ctx) => {
          ctx.signal.addEventListener('abort', () => order.push('abort'));
          ctx.heartbeat(1);
          ctx.heartbeat(2);
          order.length = 0;
          return never();
        },
        { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 1 } },
      )
      .catch(() => order.push('caller'));
    await h.advance(1_000);
    await run;
    expect(order).toEqual([
      'heartbeat',
      'abort',
      'attemptFailed',
      'attemptAbandoned',
      'failed',
      'caller',
    ]);
  });

  test("completed is emitted before the caller's promise settles", async () => {
    const h = new Harness({}, false);
    const order: string[] = [];
    h.engine.events.add('completed', () => order.push('completed'), false);
    await h.run(() => 1).then(() => order.push('caller'));
    expect(order).toEqual(['completed', 'caller']);
  });

  test('scheduled and started are emitted before the function is called', () => {
    const h = new Harness();
    let before: string[] = [];
    void h.run(() => {
      before = h.names();
    });
    expect(before).toEqual(['scheduled', 'started']);
  });

  test('scheduled is emitted once, however many attempts there are', async () => {
    const h = new Harness();
    void h.run(eventful, EVENTFUL);
    await h.advance(5_000);
    expect(h.of('scheduled')).toHaveLength(1);
  });
});

describe('payloads of events', () => {
  test('have the activity, the attempt and the wall time', async () => {
    const h = new Harness();
    void h.run(eventful, { ...EVENTFUL, activityId: 'an id', activityType: 'a type' });
    await h.advance(5_000);
    for (const event of h.events) {
      expect(event).toMatchObject({
        activityId: 'an id',
        activityType: 'a type',
        timestamp: VirtualClock.EPOCH + event.at,
      });
    }
  });

  test('of scheduled have the start delay, if there is one', () => {
    const h = new Harness();
    h.start(never, { startDelay: '2s' });
    h.start(never, {});
    const delays = h.of('scheduled').map((event) => event.startDelayMs);
    expect(delays).toEqual([2_000, undefined]);
  });

  test('are frozen', async () => {
    const h = new Harness({}, false);
    const frozen = new Map<string, boolean>();
    for (const name of EVENT_NAMES) {
      h.engine.events.add(name, (event) => frozen.set(name, Object.isFrozen(event)), false);
    }
    void h.run(eventful, EVENTFUL);
    h.run(never, { scheduleToCloseTimeout: '1s' }).catch(() => {});
    steer(h);
    await h.advance(5_000);
    expect(Object.fromEntries(frozen)).toEqual(
      Object.fromEntries(EVENT_NAMES.map((name) => [name, true])),
    );
  });

  test('of attemptFailed have the next attempt only if there is one', async () => {
    const h = new Harness();
    h.run(
      () => {
        throw new Error('no');
      },
      { retryPolicy: { maximumAttempts: 2 } },
    ).catch(() => {});
    await h.advance(5_000);
    const [first, second] = h.of('attemptFailed');
    expect(first!.nextAttempt).toEqual({ attempt: 2, delayMs: 1_000 });
    expect(second).not.toHaveProperty('nextAttempt');
  });

  test('of heartbeat have a copy of the details', async () => {
    const h = new Harness({}, false);
    h.engine.events.add('heartbeat', ({ details }) => ((details as { at: number }).at = -1), false);
    const run = h.watch(
      h.run((ctx: ActivityContext<{ at: number }>) => {
        if (ctx.info.attempt === 2) return ctx.heartbeatDetails;
        ctx.heartbeat({ at: 1 });
        throw new Error('no');
      }),
    );
    await h.advance(1_000);
    expect(run.outcome).toMatchObject({ value: { at: 1 } });
  });

  test('have the same generated activityId within an activity, and another one for each activity', async () => {
    const h = new Harness();
    void h.run(() => 1);
    void h.run(() => 2);
    await h.turn();
    const ids = h.of('completed').map(({ activityId }) => activityId);
    expect(new Set(ids).size).toBe(2);
    expect(new Set(h.events.map(({ activityId }) => activityId)).size).toBe(2);
  });
});

describe('a failing listener', () => {
  test.each(EVENT_NAMES)('that throws at %s does not affect the activity', async (name) => {
    const h = new Harness();
    h.engine.events.add(
      name,
      () => {
        throw new Error('listener');
      },
      false,
    );
    const done = h.watch(h.run(eventful, EVENTFUL));
    const failed = h.watch(h.run(never, { scheduleToCloseTimeout: '1s' }));
    steer(h);
    await h.advance(5_000);
    expect(done.outcome).toMatchObject({ value: 'done', at: 1_200 });
    expect(failureOf(failed).retryState).toBe('TIMEOUT');
    expect(h.logs.find(({ level }) => level === 'error')).toMatchObject({
      message: expect.stringContaining(name) as string,
      attributes: { error: new Error('listener') },
    });
  });

  test('that rejects is logged and is not an unhandled rejection', async () => {
    const unhandled = collectUnhandledRejections();
    const h = new Harness();
    h.engine.events.add('started', () => Promise.reject(new Error('async')), false);
    await h.run(() => 1);
    await h.turn();
    await h.turn();
    expect(unhandled.stop()).toEqual([]);
    expect(h.logs).toMatchObject([{ level: 'error', attributes: { error: new Error('async') } }]);
  });

  test('that throws does not keep the event from other listeners', () => {
    const h = new Harness({}, false);
    const seen: number[] = [];
    const boom = (): never => {
      throw new Error('no');
    };
    h.engine.events.add('started', () => seen.push(1), false);
    h.engine.events.add('started', boom, false);
    h.engine.events.add('started', () => seen.push(2), false);
    void h.run(never);
    expect(seen).toEqual([1, 2]);
  });
});

describe('a listener may', () => {
  test('run another activity', async () => {
    const h = new Harness();
    let inner: Promise<string> | undefined;
    h.engine.events.add('completed', () => (inner ??= h.run(() => 'inner')), false);
    await h.run(() => 1);
    await expect(inner).resolves.toBe('inner');
  });

  test('run another activity with the same id when the activity has closed', async () => {
    const h = new Harness();
    let again: Promise<string> | undefined;
    h.engine.events.add(
      'completed',
      () => (again ??= h.run(() => 'again', { activityId: 'x' })),
      false,
    );
    await h.run(() => 1, { activityId: 'x' });
    await expect(again).resolves.toBe('again');
  });

  test('terminate a delayed activity at started, and the activity ends once', async () => {
    const h = new Harness();
    const handle = h.start(never, { startDelay: '1s', scheduleToCloseTimeout: '5s' });
    h.engine.events.add('started', () => handle.terminate(), false);
    await h.advance(1_000);
    expect(h.clock.pending).toBe(0);
    await h.advance(60_000);
    expect(h.of('failed')).toMatchObject([{ status: 'TERMINATED', at: 1_000 }]);
    expect(h.engine.stats()).toMatchObject({
      open: 0,
      running: 0,
      waiting: 0,
      paused: 0,
      delayed: 0,
    });
  });

  test('terminate at attemptSettled when no other function runs', async () => {
    const unhandled = collectUnhandledRejections();
    const h = new Harness();
    let settle!: () => void;
    const handle = h.start(() => new Promise<void>((resolve) => (settle = resolve)), {
      startToCloseTimeout: '1s',
    });
    h.engine.events.add('attemptSettled', () => handle.terminate(), false);
    await h.advance(1_500); // into the backoff
    settle();
    await h.turn();
    expect(unhandled.stop()).toEqual([]);
    expect(h.names().slice(-2)).toEqual(['attemptSettled', 'failed']);
    await expect(handle.settled()).resolves.toBeUndefined();
  });

  test('remove itself and others while an event is emitted', () => {
    const h = new Harness({}, false);
    const seen: string[] = [];
    const offs = ['a', 'b'].map((name) =>
      h.engine.events.add(
        'started',
        () => {
          seen.push(name);
          offs.forEach((off) => off());
        },
        false,
      ),
    );
    void h.run(never);
    void h.run(never);
    expect(seen.filter((name) => name === 'a')).toHaveLength(1);
    expect(seen.length).toBeLessThanOrEqual(2);
  });
});

describe('the end of an attempt is emitted before what its listeners cause', () => {
  /** An attempt that hangs after a report was held back. It should be paused when it times out. */
  function hung(...steps: readonly [ActivityEventName | 'abort', (handle: Handle) => void][]) {
    const h = new Harness();
    const handle = h.start(
      (ctx) => {
        ctx.heartbeat(1);
        ctx.heartbeat(2);
        ctx.signal.addEventListener('abort', () => {
          for (const [name, act] of steps) if (name === 'abort') act(handle);
        });
        return never();
      },
      { heartbeatTimeout: '1s', heartbeatThrottleInterval: '1m', retryPolicy: FAST },
    );
    h.events.length = 0;
    for (const [name, act] of steps) {
      if (name !== 'abort') h.engine.events.add(name, () => act(handle), true);
    }
    return { h, handle };
  }
  type Handle = ReturnType<Harness['start']>;
  const terminate = (handle: Handle): void => handle.terminate();
  const pause = (handle: Handle): void => handle.pause();
  const unpause = (handle: Handle): void => handle.unpause();
  const ENDED = ['heartbeat', 'attemptFailed', 'attemptAbandoned'];

  test.each(['heartbeat', 'abort', 'attemptFailed', 'attemptAbandoned'] as const)(
    'terminated at %s: failed comes last, and no attempt follows',
    async (name) => {
      const { h } = hung([name, terminate]);
      await h.advance(10_000);
      expect(h.names()).toEqual([...ENDED, 'failed']);
    },
  );

  test.each(['heartbeat', 'abort', 'attemptFailed', 'attemptAbandoned'] as const)(
    'paused at %s: paused comes afterwards, and no attempt follows',
    async (name) => {
      const { h, handle } = hung([name, pause]);
      await h.advance(10_000);
      expect(h.names()).toEqual([...ENDED, 'paused']);
      handle.unpause();
      await h.turn();
      expect(h.names()).toEqual([...ENDED, 'paused', 'unpaused', 'started', 'heartbeat']);
    },
  );

  test.each(['heartbeat', 'abort', 'attemptFailed', 'attemptAbandoned'] as const)(
    'paused before, unpaused and paused again at %s: each is emitted once, in that order',
    async (name) => {
      const { h, handle } = hung([name, unpause], [name, pause]);
      handle.pause();
      await h.advance(10_000);
      expect(h.names()).toEqual([...ENDED, 'paused', 'unpaused', 'paused']);
    },
  );

  test.each(['pause', 'reset'] as const)(
    'a %s requested by an abort listener comes afterwards, without a retry',
    async (operation) => {
      const { h } = hung(['abort', (handle) => handle[operation]()]);
      await h.advance(1_010);
      expect(h.names().slice(0, 4)).toEqual([...ENDED, operation === 'pause' ? 'paused' : 'reset']);
      expect(h.of('attemptFailed')[0]).not.toHaveProperty('nextAttempt');
    },
  );

  test('events that a listener causes come after the other events', async () => {
    const { h, handle } = hung(
      ['attemptFailed', unpause],
      ['attemptFailed', pause],
      ['unpaused', terminate],
    );
    handle.pause();
    await h.advance(10_000);
    expect(h.names()).toEqual([...ENDED, 'paused', 'unpaused', 'paused', 'failed']);
  });

  test('the end comes before a run of the same id that a listener starts', async () => {
    const h = new Harness();
    const options = { activityId: 'x', retryPolicy: FAST };
    const handle = h.start(() => Promise.reject(new Error('no')), options);
    h.engine.events.add(
      'attemptFailed',
      () => {
        handle.terminate();
        h.start(never, options);
      },
      true,
    );
    handle.pause();
    await h.turn();
    expect(h.names()).toEqual([
      'scheduled',
      'started',
      'attemptFailed',
      'paused',
      'failed',
      'scheduled',
      'started',
    ]);
  });

  test('if a listener of reset pauses, there is no unpaused event', () => {
    const h = new Harness();
    const handle = h.start(never, { startDelay: '1h' });
    h.engine.events.add('reset', () => handle.pause(), true);
    handle.pause();
    handle.reset();
    expect(h.names()).toEqual(['scheduled', 'paused', 'reset', 'paused']);
    expect(handle.describe().status).toBe('PAUSED');
  });

  test('events of other activities do not wait', async () => {
    const { h, handle } = hung(['attemptFailed', () => void h.run(() => 1)]);
    const id = handle.activityId;
    await h.advance(1_050);
    handle.terminate();
    const own = h.events.filter(({ activityId }) => activityId === id);
    expect(own.map(({ name }) => name)).toEqual([...ENDED, 'failed']);
    expect(h.names().slice(0, 4)).toEqual(['heartbeat', 'attemptFailed', 'scheduled', 'started']);
  });
});

describe('on and once', () => {
  test('once handles one event, even if another listener causes a second one meanwhile', () => {
    const h = new Harness({}, false);
    const heard: unknown[] = [];
    h.engine.events.add('scheduled', () => void h.run(never, { activityId: 'inner' }), true);
    h.engine.events.add('scheduled', ({ activityId }) => heard.push(activityId), true);
    void h.run(never, { activityId: 'outer' });
    expect(heard).toEqual(['inner']);
  });

  test('a listener that another one has just removed is not called', () => {
    const h = new Harness({}, false);
    h.engine.events.add('started', () => off(), false);
    const off = h.engine.events.add('started', () => expect.unreachable(), false);
    void h.run(never);
    expect(h.logs).toEqual([]);
  });

  test('once handles one event only', () => {
    const h = new Harness({}, false);
    const seen: number[] = [];
    h.engine.events.add('started', ({ attempt }) => seen.push(attempt), true);
    void h.run(never);
    void h.run(never);
    expect(seen).toEqual([1]);
  });

  test('once handles one event, even if it starts another activity', () => {
    const h = new Harness({}, false);
    let heard = 0;
    h.engine.events.add(
      'started',
      () => {
        heard++;
        void h.run(never);
      },
      true,
    );
    void h.run(never);
    expect(heard).toBe(1);
  });

  test('the function that on returns removes that listener and may be called twice', () => {
    const h = new Harness({}, false);
    const seen: string[] = [];
    const listener = (): void => void seen.push('x');
    const offs = [1, 2].map(() => h.engine.events.add('started', listener, false));
    offs[0]!();
    offs[0]!();
    void h.run(never);
    expect(seen).toEqual(['x']);
  });

  test('are methods of the runtime', async () => {
    const runtime = new ActivityRuntime();
    const seen: string[] = [];
    const off = runtime.on('completed', ({ result }) => seen.push(`on ${String(result)}`));
    runtime.once('completed', ({ result }) => seen.push(`once ${String(result)}`));
    await runtime.run(() => 1);
    await runtime.run(() => 2);
    off();
    await runtime.run(() => 3);
    expect(seen).toEqual(['on 1', 'once 1', 'on 2']);
  });

  test('refuse an unknown event', () => {
    expect(() => new ActivityRuntime().on('finished' as ActivityEventName, () => {})).toThrow(
      /finished.*completed/,
    );
  });

  test('refuse a listener that is not a function', () => {
    expect(() => new ActivityRuntime().on('completed', 1 as never)).toThrow(TypeError);
  });

  test('do not expose emit', () => {
    expect(new ActivityRuntime()).not.toHaveProperty('emit');
  });
});

describe('no payload is made', () => {
  test('without any listeners', async () => {
    const h = new Harness({}, false);
    const wallNow = vi.spyOn(h.clock, 'wallNow');
    void h.run(
      (ctx: ActivityContext<number>) => {
        ctx.heartbeat(1);
        if (h.clock.now() === 0) throw new Error('no');
      },
      { retryPolicy: FAST },
    );
    await h.advance(5_000);
    expect(wallNow).not.toHaveBeenCalled();
  });

  test('for events without listeners', async () => {
    const h = new Harness({}, false);
    const wallNow = vi.spyOn(h.clock, 'wallNow');
    h.engine.events.add('completed', () => {}, false);
    void h.run((ctx: ActivityContext<number>) => ctx.heartbeat(1));
    await h.advance(0);
    expect(wallNow).toHaveBeenCalledTimes(1);
  });

  test('after the last listener has been removed', async () => {
    const h = new Harness({}, false);
    const wallNow = vi.spyOn(h.clock, 'wallNow');
    h.engine.events.add('started', () => {}, false)();
    await h.run(() => 1);
    expect(wallNow).not.toHaveBeenCalled();
  });
});

test.each<[string, (handle: ReturnType<Harness['start']>) => unknown]>([
  ['terminates', (handle) => handle.terminate()],
  ['completes', (handle) => handle.complete(5)],
])(
  'a listener of started that %s the activity keeps its function from being called',
  async (_, end) => {
    const h = new Harness();
    let called = false;
    const handle = h.start(() => (called = true), {
      activityId: 'one',
      startDelay: '1s',
      cancellationDelivery: 'immediate',
    });
    void handle.result().catch(() => {});
    h.engine.events.add('started', () => end(handle), true);
    await h.advance(2_000);
    expect(called).toBe(false);
    const { running, open } = h.engine.stats();
    expect({ running, open }).toEqual({ running: 0, open: 0 });
    expect(h.events.map(({ name }) => name)).not.toContain('attemptAbandoned');
    await handle.settled();
    expect(handle.describe().abandonedAttempts).toBe(0);
  },
);
