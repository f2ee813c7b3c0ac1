/** systole/context: the context without passing it around. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ActivityRuntime, type ActivityContext, type HeartbeatDetailsError } from 'systole';
import { contextInterceptor, currentContext, heartbeat, maybeContext } from 'systole/context';
import { Harness } from '../support/harness.js';
import { reportsOf } from '../support/outcomes.js';

const KEY = Symbol.for('systole.context');
const KEEP_ALL = { heartbeatThrottleInterval: 0 };

function harness(): Harness {
  return new Harness({ interceptors: [contextInterceptor] });
}

describe('inside an activity', () => {
  test('code below it finds its context, also after an await and in a callback', async () => {
    const found: unknown[] = [];
    const deep = async (): Promise<void> => {
      found.push(currentContext());
      await Promise.resolve();
      found.push(currentContext());
      await new Promise<void>((resolve) => setImmediate(resolve));
      found.push(maybeContext());
    };
    const ctx = await harness().run(async (ctx) => {
      await deep();
      return ctx;
    });
    expect(found).toEqual([ctx, ctx, ctx]);
  });

  test('heartbeats of code below it count for the activity', async () => {
    const h = harness();
    await h.run(async () => {
      heartbeat('far');
      await Promise.resolve();
      heartbeat(); // alive, and no report
      heartbeat('further');
    }, KEEP_ALL);
    expect(reportsOf(h).map(([details]) => details)).toEqual(['far', 'further']);
  });

  test('a heartbeat refuses the same details as ctx.heartbeat', async () => {
    const h = harness();
    const path = await h.run(() => {
      try {
        heartbeat({ cb: () => 1 });
      } catch (error) {
        return (error as HeartbeatDetailsError).path;
      }
      return undefined;
    });
    expect(path).toBe('details.cb');
  });

  test('each of several activities at once, and each attempt, has its own context', async () => {
    const h = harness();
    const activity = async (_ctx: ActivityContext<number>, name: string): Promise<string> => {
      await Promise.resolve();
      const { info, heartbeatDetails } = currentContext<number>();
      heartbeat(info.attempt);
      await Promise.resolve();
      if (info.attempt === 1) throw new Error('no');
      return `${name} ${info.activityId} ${String(heartbeatDetails)}`;
    };
    const runs = ['a', 'b'].map((name) => h.run(activity, { args: [name], activityId: name }));
    await h.advance(1_000);
    expect(await Promise.all(runs)).toEqual(['a a 1', 'b b 1']);
  });

  test('a nested activity has its own context, and the outer one has its own again afterwards', async () => {
    const h = harness();
    const seen = await h.run(
      async () => {
        const inner = await h.run(() => maybeContext()?.info.activityType, {
          activityType: 'inner',
        });
        return [inner, maybeContext()?.info.activityType];
      },
      { activityType: 'outer' },
    );
    expect(seen).toEqual(['inner', 'outer']);
  });

  test('a context does nothing after its attempt has ended', async () => {
    const h = harness();
    let late!: () => void;
    await h.run(() => {
      void new Promise<void>((resolve) => (late = resolve)).then(() => heartbeat('late'));
    }, KEEP_ALL);
    late();
    await h.turn();
    expect(reportsOf(h)).toEqual([]);
  });
});

describe('outside an activity', () => {
  test('there is no context, and a heartbeat does nothing', () => {
    expect(maybeContext()).toBeUndefined();
    heartbeat({ line: 1 });
    expect(() => currentContext()).toThrow(/outside an activity/);
  });

  test('the error says if no runtime has the interceptor', async () => {
    vi.resetModules();
    const kept = Reflect.get(globalThis, KEY) as unknown;
    Reflect.deleteProperty(globalThis, KEY);
    try {
      const error = await new Harness()
        .run(() => currentContext(), { retryPolicy: { maximumAttempts: 1 } })
        .catch((failure: unknown) => (failure as Error).cause);
      expect((error as Error).message).toContain('interceptors: [contextInterceptor]');
    } finally {
      Reflect.set(globalThis, KEY, kept);
    }
  });
});

describe('across copies of the package', () => {
  afterEach(() => {
    vi.resetModules();
  });

  test('the context is found', async () => {
    vi.resetModules();
    const copy = await import('systole/context');
    expect(copy.maybeContext).not.toBe(maybeContext);
    const type = await harness().run(() => copy.currentContext().info.activityType, {
      activityType: 'found',
    });
    expect(type).toBe('found');
  });
});

test('nothing is tracked until a runtime with the interceptor runs an activity', async () => {
  vi.resetModules();
  const kept = Reflect.get(globalThis, KEY) as unknown;
  Reflect.deleteProperty(globalThis, KEY);
  try {
    const copy = await import('systole/context');
    const runtime = new ActivityRuntime({ interceptors: [copy.contextInterceptor] });
    await new ActivityRuntime().run(() => copy.heartbeat());
    expect(Reflect.get(globalThis, KEY)).toBeUndefined();
    await runtime.run(() => copy.heartbeat());
    expect(Reflect.get(globalThis, KEY)).toBeDefined();
  } finally {
    Reflect.set(globalThis, KEY, kept);
  }
});
