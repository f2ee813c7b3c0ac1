/** User code that the runtime calls in unusual places, where it may throw or act. */
import { SuperJSON } from 'superjson';
import { describe, expect, test } from 'vitest';
import {
  ActivityFailure,
  CancelledFailure,
  HeartbeatStoreError,
  TerminatedFailure,
  type ActivityContext,
  type ActivityHandle,
  type HeartbeatStore,
} from '../../src/index.js';
import { Harness, never } from '../support/harness.js';
import { collectUnhandledRejections, failureOf } from '../support/outcomes.js';

const ONCE = { maximumAttempts: 1 };
const NOTHING = { open: 0, running: 0, waiting: 0, paused: 0, delayed: 0 };

/** A native promise with its own `then`, which throws. `await` does not use it. */
function trapped<T>(value: T): Promise<T> {
  const promise = Promise.resolve(value);
  promise.then = () => {
    throw new Error('this then must not be called');
  };
  return promise;
}

describe('a native promise with its own then, which throws', () => {
  test('is awaited normally as the result of a function, and the slot becomes free', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const first = h.watch(h.run(() => trapped(1)));
    const second = h.watch(h.run(() => 2));
    await h.turn();
    expect(first.outcome).toMatchObject({ state: 'resolved', value: 1 });
    expect(second.outcome).toMatchObject({ state: 'resolved', value: 2 });
  });

  test('is awaited normally as the result of a store', async () => {
    const kept = new Map<string, string>();
    const store: HeartbeatStore = {
      get: (id) => trapped(kept.get(id)),
      set: (id, text) => trapped(kept.set(id, text)),
      delete: (id) => trapped(kept.delete(id)),
    };
    const h = new Harness({ store });
    const handle = h.start(
      (ctx) => {
        ctx.heartbeat(7);
        return never();
      },
      { activityId: 'x' },
    );
    await h.turn();
    expect([...kept.keys()]).toEqual(['x']);
    handle.terminate();
    await h.turn();
    expect([...kept.keys()]).toEqual([]);
    await expect(handle.result()).rejects.toThrow(ActivityFailure);
    expect(h.logs).toEqual([]);
  });

  test('is awaited normally as the work of keepAlive and leaves no timer', async () => {
    const h = new Harness();
    const run = h.watch(h.run((ctx) => ctx.keepAlive(() => trapped(5))));
    await h.turn();
    expect(run.outcome).toMatchObject({ state: 'resolved', value: 5 });
    expect(h.clock.pending).toBe(0);
  });

  test('does no harm as the result of a listener', async () => {
    const h = new Harness();
    h.engine.events.add('completed', () => trapped(1), false);
    await expect(h.run(() => 1)).resolves.toBe(1);
    expect(h.logs).toEqual([]);
  });
});

test('a native promise whose constructor cannot be read fails its attempt', async () => {
  const h = new Harness({ maxConcurrentActivities: 1 });
  const promise = Promise.resolve(1);
  void Object.defineProperty(promise, 'constructor', {
    get() {
      throw new Error('no constructor');
    },
  });
  const run = h.watch(h.run(() => promise, { retryPolicy: ONCE }));
  await h.turn();
  expect(failureOf(run).cause).toMatchObject({ message: 'no constructor' });
  expect(h.engine.stats()).toMatchObject(NOTHING);
});

test('a thenable for keepAlive is asked only once', async () => {
  const h = new Harness();
  let asked = 0;
  const thenable = {
    then(resolve: (value: number) => void) {
      asked++;
      resolve(3);
    },
  };
  await expect(h.run((ctx) => ctx.keepAlive(thenable as PromiseLike<number>))).resolves.toBe(3);
  expect(asked).toBe(1);
});

test('a store.get result that throws when it is read fails the activity, and the id is free', async () => {
  const stored = {
    get then(): never {
      throw new Error('do not look');
    },
  };
  const h = new Harness({ store: { get: () => stored, set: () => {}, delete: () => {} } });
  const run = h.watch(h.run(() => 1, { activityId: 'x' }));
  await h.turn();
  expect(failureOf(run).cause).toBeInstanceOf(HeartbeatStoreError);
  expect(failureOf(run).cause).toMatchObject({ cause: { message: 'do not look' } });
  expect(h.engine.stats()).toMatchObject(NOTHING);
});

// ── While heartbeat details are taken ────────────────────────────────────────────────────────────

describe('code that ends the activity during its heartbeat', () => {
  const endings: Record<string, (handle: ActivityHandle) => void> = {
    complete: (handle) => handle.complete('done'),
    terminate: (handle) => handle.terminate(),
    fail: (handle) => handle.fail(new Error('from outside')),
  };
  const names = ['complete', 'terminate', 'fail'] as const;
  const LAST = { complete: 'completed', terminate: 'failed', fail: 'failed' };

  function stage(options: { readonly serializer?: SuperJSON } = {}) {
    const kept = new Map<string, string>();
    const h = new Harness({ store: kept, ...options });
    const heartbeat = (details: unknown): ActivityHandle => {
      const handle = h.start(
        async (ctx) => {
          await ctx.sleep(10);
          ctx.heartbeat(details);
          return never();
        },
        { activityId: 'x', retryPolicy: ONCE },
      );
      handle.result().catch(() => {});
      return handle;
    };
    return { h, kept, heartbeat };
  }

  test.each(names)('may be a getter in the details, with %s', async (name) => {
    const { h, kept, heartbeat } = stage();
    const handle = heartbeat({
      get line() {
        endings[name]?.(handle);
        return 1;
      },
    });
    await h.advance(100);
    expect(h.names()).not.toContain('heartbeat');
    expect(h.names()).toContain(LAST[name]);
    expect([...kept]).toEqual([]);
  });

  test.each(names)('may be a class of the serializer, with %s', async (name) => {
    class Cursor {
      readonly line = 1;
    }
    const serializer = new SuperJSON();
    serializer.registerCustom<Cursor, string>(
      {
        isApplicable: (value): value is Cursor => value instanceof Cursor,
        serialize: () => {
          endings[name]?.(handle);
          return 'cursor';
        },
        deserialize: () => new Cursor(),
      },
      'Cursor',
    );
    const { h, kept, heartbeat } = stage({ serializer });
    const handle = heartbeat(new Cursor());
    await h.advance(100);
    expect(h.names()).not.toContain('heartbeat');
    expect(h.names()).toContain(LAST[name]);
    expect([...kept]).toEqual([]);
  });

  test.each(names)(
    'may be the store, with %s: no heartbeat is emitted after the end',
    async (name) => {
      const kept = new Map<string, string>();
      const store: HeartbeatStore = {
        get: () => undefined,
        set: (id, text) => {
          kept.set(id, text);
          endings[name]?.(handle);
        },
        delete: (id) => kept.delete(id),
      };
      const h = new Harness({ store });
      const handle = h.start(
        async (ctx) => {
          await ctx.sleep(10);
          ctx.heartbeat(1);
          return never();
        },
        { activityId: 'x', retryPolicy: ONCE },
      );
      handle.result().catch(() => {});
      await h.advance(100);
      expect(h.names().at(-1)).toBe(LAST[name]);
    },
  );

  test('may be the store, with cancel at the last report: it is emitted before the end', async () => {
    let writes = 0;
    const set = (): void => {
      if (++writes === 2) handle.cancel();
    };
    const h = new Harness({ store: { get: () => undefined, set, delete: () => {} } });
    const handle = h.start(
      (ctx) => {
        ctx.heartbeat(1);
        ctx.heartbeat(2);
        return Promise.reject(new Error('no'));
      },
      { activityId: 'x', heartbeatThrottleInterval: '1m' },
    );
    handle.result().catch(() => {});
    await h.turn();
    expect(h.names().slice(-3)).toEqual(['heartbeat', 'attemptFailed', 'failed']);
  });

  test('may be the logger, at a warning about the size', async () => {
    const kept = new Map<string, string>();
    const logger = {
      debug() {},
      info() {},
      error() {},
      warn: () => {
        handle.terminate();
      },
    };
    const h = new Harness({ store: kept, logger });
    const handle: ActivityHandle = h.start(
      async (ctx) => {
        await ctx.sleep(10);
        ctx.heartbeat('x'.repeat(300 * 1024));
      },
      { activityId: 'x' },
    );
    handle.result().catch(() => {});
    await h.advance(100);
    expect(h.names()).not.toContain('heartbeat');
    expect([...kept]).toEqual([]);
  });

  test('may be the serializer, while details are copied for a timeout', async () => {
    class Cursor {
      readonly line = 1;
    }
    const serializer = new SuperJSON();
    let armed = false;
    serializer.registerCustom<Cursor, string>(
      {
        isApplicable: (value): value is Cursor => value instanceof Cursor,
        serialize: () => {
          if (armed) handle.terminate('by the serializer');
          armed = false;
          return 'cursor';
        },
        deserialize: () => new Cursor(),
      },
      'Cursor',
    );
    const h = new Harness({ serializer });
    const handle = h.start(
      (ctx) => {
        ctx.heartbeat(new Cursor());
        throw new Error('no');
      },
      { scheduleToCloseTimeout: '10s', retryPolicy: { initialInterval: '9s' } },
    );
    const result = h.watch(handle.result());
    await h.advance(5_000);
    handle.pause();
    armed = true;
    await h.advance(5_000);
    expect(failureOf(result).cause).toBeInstanceOf(TerminatedFailure);
    expect(h.of('failed')).toHaveLength(1);
    expect(h.engine.stats()).toMatchObject(NOTHING);
  });
});

// ── While an attempt ends ────────────────────────────────────────────────────────────────────────

describe('an abort listener that runs the same id again', () => {
  const endings: Record<string, (handle: ActivityHandle, h: Harness) => unknown> = {
    'a timeout': (_, h) => h.advance(1_000),
    terminate: (handle) => handle.terminate(),
    'a completion from outside': (handle) => handle.complete('done'),
    'a failure from outside': (handle) => handle.fail(new Error('no')),
    'a shutdown that abandons it': (_, h) => {
      void h.engine.shutdown({ abandonAfter: '1s' });
      return h.advance(1_000);
    },
  };

  test.each(Object.keys(endings))(
    'at %s: the old end is emitted before the new start',
    async (how) => {
      const h = new Harness();
      const again: string[] = [];
      const handle: ActivityHandle = h.start(
        (ctx) => {
          ctx.signal.addEventListener('abort', () => {
            void h
              .run(() => 'new', { activityId: 'x' })
              .then(
                (result) => again.push(result),
                (error: unknown) => again.push(String(error)),
              );
          });
          return never();
        },
        { activityId: 'x', startToCloseTimeout: '1s', retryPolicy: ONCE },
      );
      handle.result().catch(() => {});
      await endings[how]?.(handle, h);
      await h.turn();
      const names = h.names().filter((name) => !name.startsWith('attempt'));
      const first = names.findIndex((name) => name === 'completed' || name === 'failed');
      const second = names.indexOf('scheduled', 1);
      expect(again).toHaveLength(1);
      if (second > 0) expect(first).toBeLessThan(second);
      expect(h.engine.stats()).toMatchObject(NOTHING);
    },
  );

  test('at the end of the last attempt: its failures and the abandonment are emitted first', async () => {
    const h = new Harness();
    let starts = 0;
    const restart = (ctx: ActivityContext): Promise<never> => {
      if (++starts === 1) {
        ctx.signal.addEventListener('abort', () => void h.start(restart, { activityId: 'x' }));
      }
      return never();
    };
    h.start(restart, { activityId: 'x', startToCloseTimeout: '1s', retryPolicy: ONCE });
    await h.advance(1_000);
    expect(h.names()).toEqual([
      'scheduled',
      'started',
      'attemptFailed',
      'attemptAbandoned',
      'failed',
      'scheduled',
      'started',
    ]);
  });

  test('at a completion from outside: the new run starts without the old details and keeps its own', async () => {
    const kept = new Map<string, string>();
    const h = new Harness({ store: kept });
    let found: unknown = 'not asked';
    const again = (ctx: ActivityContext<number>): Promise<never> => {
      found = ctx.heartbeatDetails;
      ctx.heartbeat(2);
      return never();
    };
    const handle: ActivityHandle = h.start(
      (ctx) => {
        ctx.heartbeat(1);
        ctx.signal.addEventListener('abort', () => void h.start(again, { activityId: 'x' }));
        return never();
      },
      { activityId: 'x' },
    );
    await h.turn();
    handle.complete('done');
    await h.turn();
    expect(found).toBeUndefined();
    expect(kept.get('x')).toContain('2');
  });
});

describe('an error whose getters act on the activity while it is classified', () => {
  class Nosy extends Error {
    constructor(act: () => void) {
      super('nosy');
      Object.defineProperty(this, 'constructor', {
        get() {
          act();
          return Error;
        },
      });
    }
  }
  const policy = { initialInterval: '1s', nonRetryableErrorTypes: ['Other'] } as const;

  function nosy(act: (handle: ActivityHandle) => void) {
    const h = new Harness();
    let acted = false;
    const handle: ActivityHandle = h.start(
      async (ctx) => {
        await ctx.sleep(10);
        throw new Nosy(() => {
          if (!acted) act(handle);
          acted = true;
        });
      },
      { retryPolicy: policy },
    );
    const result = h.watch(handle.result());
    return { h, handle, result };
  }

  test('can cancel it, and nothing is retried', async () => {
    const { h, result } = nosy((handle) => handle.cancel());
    await h.advance(60_000);
    expect(failureOf(result).retryState).toBe('CANCEL_REQUESTED');
    expect(h.of('started')).toHaveLength(1);
    expect(h.engine.stats()).toMatchObject(NOTHING);
  });

  test('can pause it', async () => {
    const { h, handle } = nosy((handle) => handle.pause());
    await h.advance(60_000);
    expect(handle.describe().status).toBe('PAUSED');
    expect(h.of('started')).toHaveLength(1);
  });

  test('can reset it', async () => {
    const { h } = nosy((handle) => handle.reset());
    await h.advance(20);
    expect(h.of('reset')).toHaveLength(1);
    expect(h.of('started').map(({ attempt }) => attempt)).toEqual([1, 1]);
  });
});

// ── Outside signals, and ctx.signal ──────────────────────────────────────────────────────────────

describe('an outside signal that throws', () => {
  test('when a listener is added: nothing is scheduled, and the next call follows it', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = () => {
      throw new Error('not now');
    };
    await expect(h.run(never, { signal })).rejects.toThrow('not now');
    expect(h.names()).toEqual([]);
    signal.addEventListener = add;
    const run = h.watch(h.run(never, { signal }));
    controller.abort();
    await h.turn();
    expect(failureOf(run).cause).toBeInstanceOf(CancelledFailure);
  });

  test('when the listener is removed: the activity still closes', async () => {
    const h = new Harness({ maxConcurrentActivities: 1 });
    const { signal } = new AbortController();
    signal.removeEventListener = () => {
      throw new Error('not now');
    };
    const first = h.watch(h.run(() => 1, { signal }));
    const second = h.watch(h.run(() => 2));
    await h.turn();
    expect(first.outcome).toMatchObject({ state: 'resolved', value: 1 });
    expect(second.outcome).toMatchObject({ state: 'resolved', value: 2 });
  });

  test('when its reason is read: all activities that follow it are cancelled', async () => {
    const h = new Harness();
    const controller = new AbortController();
    const { signal } = controller;
    Object.defineProperty(signal, 'reason', {
      get() {
        throw new Error('no reason');
      },
    });
    const runs = [1, 2].map(() => h.watch(h.run(never, { signal })));
    controller.abort();
    await h.turn();
    for (const run of runs) expect(failureOf(run).cause).toBeInstanceOf(CancelledFailure);
  });
});

test('a ctx.signal whose dispatchEvent throws does not keep a sleep from ending', async () => {
  const h = new Harness();
  const handle = h.start(
    async (ctx) => {
      ctx.signal.dispatchEvent = () => {
        throw new Error('no events');
      };
      await ctx.sleep('1h');
    },
    { cancellationDelivery: 'immediate' },
  );
  const result = h.watch(handle.result());
  handle.cancel();
  await h.turn();
  expect(failureOf(result).cause).toBeInstanceOf(CancelledFailure);
  expect(h.engine.stats()).toMatchObject(NOTHING);
  expect(h.clock.pending).toBe(0);
});

test('a shutdownSignal whose dispatchEvent throws does not keep the runtime from shutting down', async () => {
  const h = new Harness();
  const run = h.watch(
    h.run(async (ctx) => {
      ctx.shutdownSignal.dispatchEvent = () => {
        throw new Error('no events');
      };
      await ctx.sleep('1h');
    }),
  );
  await expect(h.engine.shutdown()).resolves.toEqual({ abandonedActivityIds: [] });
  expect(failureOf(run).cause).toMatchObject({ message: 'WORKER_SHUTDOWN' });
});

// ── Options with getters ─────────────────────────────────────────────────────────────────────────

describe('options with getters', () => {
  test('of reset are read at the call, not while an attempt ends', async () => {
    const h = new Harness();
    const handle = h.start(
      async (ctx) => {
        await ctx.sleep(100);
        throw new Error('no');
      },
      { cancellationDelivery: 'heartbeat' },
    );
    let reads = 0;
    handle.reset({
      get resetHeartbeat() {
        reads++;
        return false;
      },
      get keepPaused() {
        reads++;
        return false;
      },
    });
    expect(reads).toBe(2);
    await h.advance(200);
    expect(reads).toBe(2);
  });

  test.each(['reset', 'updateOptions'] as const)(
    'of %s may end the activity, and then the operation is refused',
    (operation) => {
      const h = new Harness();
      const handle = h.start(never);
      handle.result().catch(() => {});
      const getter = {
        get() {
          handle.terminate();
          return undefined;
        },
        enumerable: true,
      };
      const options = Object.defineProperty(
        {},
        operation === 'reset' ? 'jitter' : 'priority',
        getter,
      );
      expect(() => handle[operation](options)).toThrow(/TERMINATED/);
      expect(h.names()).toEqual(['scheduled', 'started', 'attemptAbandoned', 'failed']);
    },
  );
});

// ── The stack ────────────────────────────────────────────────────────────────────────────────────

test.each([0, 1, 2, 5, 13])(
  'activities that start each other until the stack overflows leave none open (%d frames between)',
  async (frames) => {
    const unhandled = collectUnhandledRejections();
    const h = new Harness();
    let deepest: unknown;
    const start = (left: number): Promise<void> =>
      left === 0 ? h.run(nest, { heartbeatTimeout: '1s', retryPolicy: ONCE }) : start(left - 1);
    const nest = async (): Promise<void> => {
      try {
        await start(frames);
      } catch (error) {
        deepest ??= error;
      }
    };
    await h.run(nest, { retryPolicy: ONCE });
    expect(deepest).toBeInstanceOf(RangeError); // refused before it was scheduled
    expect(h.of('completed')).toHaveLength(h.of('scheduled').length);
    expect(h.engine.stats()).toMatchObject(NOTHING);
    expect(unhandled.stop()).toEqual([]);
  },
);
