/** The functions on the default runtime. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  defaultRuntime,
  proxyActivities,
  runActivity,
  startActivity,
  type ActivityContext,
} from '../../../src/index.js';
import { Caller } from '../../../src/runtime/activity/caller.js';

describe('the default runtime', () => {
  test('is shared by the whole process, whichever copy of the package made it', () => {
    const runtime = defaultRuntime();
    expect(defaultRuntime()).toBe(runtime);
    const holder = globalThis as unknown as Record<symbol, unknown>;
    expect(holder[Symbol.for('systole.defaultRuntime')]).toBe(runtime);
  });

  test('runs the function of runActivity', async () => {
    let open = 0;
    const count = (): number => (open = defaultRuntime().stats().open);
    await expect(runActivity(count)).resolves.toBe(1);
    expect(open).toBe(1);
  });

  test('lists the activity of startActivity', async () => {
    const handle = startActivity((ctx) => ctx.cancelled, { activityId: 'started' });
    expect(defaultRuntime().getHandle('started').activityId).toBe('started');
    handle.terminate();
    await expect(handle.result()).rejects.toMatchObject({ activityId: 'started' });
  });

  test('runs the functions of proxyActivities with the given options', async () => {
    const { add } = proxyActivities(
      {
        add: (ctx: ActivityContext, a: number, b: number) => ({
          sum: a + b,
          type: ctx.info.activityType,
          open: defaultRuntime().stats().open,
          heartbeatTimeoutMs: ctx.info.heartbeatTimeoutMs,
        }),
      },
      { heartbeatTimeout: '5s' },
    );
    await expect(add(1, 2)).resolves.toEqual({
      sum: 3,
      type: 'add',
      open: 1,
      heartbeatTimeoutMs: 5_000,
    });
  });
});

describe('the way of a call', () => {
  const limit = Error.stackTraceLimit;
  afterEach(() => {
    Error.stackTraceLimit = limit;
    vi.restoreAllMocks();
  });

  /** The files of src on the stack. What was asked in passing and has returned is not on it. */
  function onTheWay(): string[] {
    Error.stackTraceLimit = 100;
    const frames = new Error().stack?.matchAll(/\/src\/([\w/.-]+\.ts):/g) ?? [];
    return [...new Set([...frames].map(([, file]) => file as string))];
  }

  test('leads through at most ten files, to the function and back to the caller', async () => {
    const back: string[][] = [];
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called below with its own `this`
    const { resolve } = Caller.prototype;
    vi.spyOn(Caller.prototype, 'resolve').mockImplementation(function (this: Caller, ...args) {
      back.push(onTheWay());
      resolve.apply(this, args);
    });
    const there = await runActivity(() => onTheWay());
    expect(there).toContain('runtime/activity/execution.ts');
    expect(back[0]).toContain('runtime/activity/endings.ts');
    const all = new Set([...there, ...back.flat(), 'runtime/activity/caller.ts']);
    expect(all.size, [...all].join(', ')).toBeLessThanOrEqual(10);
  });
});
