import { show } from '../../../src/kernel/bad-input.js';
import { describe, expect, test } from 'vitest';
import { ActivityRuntime, type ActivityEvents } from '../../../src/index.js';
import { Events } from '../../../src/kernel/events.js';
import { EVENT_NAMES } from '../../../src/kernel/events.js';
import { Harness, never } from '../../support/harness.js';
import { turn } from '../../support/virtual-clock.js';

function setUp(): { events: Events; logs: { message: string; error: unknown }[] } {
  const logs: { message: string; error: unknown }[] = [];
  const events = new Events((_, message, { error }) => logs.push({ message, error }));
  return { events, logs };
}

const event = (): ActivityEvents['started'] => ({
  activityId: 'id',
  activityType: 'type',
  attempt: 1,
  timestamp: 5,
});

describe('listeners', () => {
  test('get the events of their name, in the order they were added', () => {
    const { events } = setUp();
    const heard: string[] = [];
    events.add('started', () => heard.push('a'), false);
    events.add('started', () => heard.push('b'), false);
    events.add('scheduled', () => heard.push('other'), false);
    events.emit('started', event());
    expect(heard).toEqual(['a', 'b']);
  });

  test('are removed once by the returned function', () => {
    const { events } = setUp();
    let heard = 0;
    const listener = (): number => heard++;
    const remove = events.add('started', listener, false);
    events.add('started', listener, false);
    events.emit('started', event());
    expect(heard).toBe(2);
    remove();
    remove();
    events.emit('started', event());
    expect(heard).toBe(3);
    expect(events.has('started')).toBe(true);
  });

  test('added with once get one event, even if another one is emitted inside it', () => {
    const { events } = setUp();
    let heard = 0;
    events.add(
      'started',
      () => {
        heard++;
        events.emit('started', event());
      },
      true,
    );
    events.emit('started', event());
    events.emit('started', event());
    expect(heard).toBe(1);
    expect(events.has('started')).toBe(false);
  });

  test('that throw or reject are logged and do not stop others', async () => {
    const { events, logs } = setUp();
    const heard: string[] = [];
    const thrown = new Error('thrown');
    const rejected = new Error('rejected');
    events.add(
      'started',
      () => {
        throw thrown;
      },
      false,
    );
    events.add('started', () => Promise.reject(rejected), false);
    events.add('started', async () => undefined, false);
    events.add('started', () => heard.push('last'), false);
    events.emit('started', event());
    expect(heard).toEqual(['last']);
    await turn();
    expect(logs).toEqual([
      { message: "A listener of 'started' failed", error: thrown },
      { message: "A listener of 'started' failed", error: rejected },
    ]);
  });

  test('that throw odd values or return odd thenables do no harm', async () => {
    const { events, logs } = setUp();
    events.add(
      'started',
      () => {
        throw undefined;
      },
      false,
    );
    events.add(
      'started',
      () => ({
        get then(): never {
          throw new Error('then');
        },
      }),
      false,
    );
    events.add(
      'started',
      () => ({
        then: () => {
          throw new Error('called');
        },
      }),
      false,
    );
    events.emit('started', event());
    await turn();
    expect(logs).toHaveLength(3);
  });

  test('get a frozen payload', () => {
    const { events } = setUp();
    const payload = event();
    events.add('started', (heard) => expect(Object.isFrozen(heard)).toBe(true), false);
    events.emit('started', payload);
    expect.assertions(1);
  });

  test('may add and remove listeners, including themselves', () => {
    const { events } = setUp();
    const heard: string[] = [];
    const removeFirst = events.add(
      'started',
      () => {
        heard.push('first');
        removeFirst();
        events.add('started', () => heard.push('new'), false);
      },
      false,
    );
    events.add('started', () => heard.push('second'), false);
    events.emit('started', event());
    expect(heard.slice(0, 2)).toEqual(['first', 'second']);
    heard.length = 0;
    events.emit('started', event());
    expect(heard).toEqual(['second', 'new']);
  });

  test('for unknown events, or that are not functions, are refused', () => {
    const runtime = new ActivityRuntime();
    expect(() => runtime.on('heartbeats' as 'heartbeat', () => {})).toThrow(
      new TypeError(`No event "heartbeats"; events: ${EVENT_NAMES.join(', ')}`),
    );
    expect(() => runtime.once('toString' as 'heartbeat', () => {})).toThrow(TypeError);
    for (const listener of [undefined, null, {}, 'f']) {
      expect(() => runtime.on('heartbeat', listener as () => void)).toThrow(
        new TypeError(`on("heartbeat"): received ${show(listener)}; expected a function`),
      );
    }
  });
});

test('an emitter knows for which events it has listeners', () => {
  const { events } = setUp();
  expect(events.has('started')).toBe(false);
  const remove = events.add('started', () => {}, false);
  expect(events.has('started')).toBe(true);
  expect(events.has('failed')).toBe(false);
  remove();
  expect(events.has('started')).toBe(false);
});

test('a runtime has no method emit', () => {
  expect('emit' in new ActivityRuntime()).toBe(false);
});

describe('events of a runtime', () => {
  test('on returns a function that removes the listener, and once gets one event', async () => {
    const runtime = new ActivityRuntime({ logger: false });
    const heard: string[] = [];
    const remove = runtime.on('completed', ({ result }) => heard.push(`on ${String(result)}`));
    runtime.once('completed', ({ result }) => heard.push(`once ${String(result)}`));
    await runtime.run(() => 1);
    await runtime.run(() => 2);
    remove();
    await runtime.run(() => 3);
    expect(heard).toEqual(['on 1', 'once 1', 'on 2']);
  });

  test('every payload is frozen and has id, type, attempt and wall time', async () => {
    const harness = new Harness();
    const payloads: object[] = [];
    for (const name of EVENT_NAMES) {
      harness.engine.events.add(name, (payload) => payloads.push(payload), false);
    }
    let wake!: () => void;
    harness.watch(
      harness.run(
        (ctx) => {
          ctx.heartbeat(1);
          if (ctx.info.attempt === 1) throw new Error('again');
          if (ctx.info.attempt === 2) return new Promise<void>((resolve) => (wake = resolve));
          return undefined;
        },
        { activityId: 'id', activityType: 'type', heartbeatTimeout: 1_000 },
      ),
    );
    await harness.advance(5_000);
    wake();
    await harness.turn();
    await expect(
      harness.run(() => Promise.reject(new Error('no')), {
        activityId: 'id',
        activityType: 'type',
        retryPolicy: { maximumAttempts: 1 },
      }),
    ).rejects.toThrow();
    const steered = harness.start(() => 1, {
      activityId: 'id',
      activityType: 'type',
      startDelay: '1h',
    });
    steered.pause();
    steered.reset();
    steered.terminate();
    expect(new Set(harness.names())).toEqual(new Set(EVENT_NAMES));
    for (const payload of payloads) {
      expect(Object.isFrozen(payload)).toBe(true);
      expect(payload).toMatchObject({ activityId: 'id', activityType: 'type' });
      expect(payload).toHaveProperty('attempt', expect.any(Number));
      expect(payload).not.toHaveProperty('args');
    }
    for (const { at, timestamp } of harness.events) {
      expect(timestamp).toBe(harness.clock.wallNow() - harness.clock.now() + at);
    }
    for (const { nextAttempt } of harness.of('attemptFailed')) {
      if (nextAttempt !== undefined) expect(Object.isFrozen(nextAttempt)).toBe(true);
    }
  });

  test('a listener that throws at every event changes no outcome', async () => {
    const harness = new Harness();
    for (const name of EVENT_NAMES) {
      harness.engine.events.add(
        name,
        () => {
          throw new Error(name);
        },
        false,
      );
    }
    const ran = harness.watch(
      harness.run(
        (ctx) => {
          ctx.heartbeat(ctx.info.attempt);
          if (ctx.info.attempt === 1) return never();
          return ctx.heartbeatDetails;
        },
        { startToCloseTimeout: 100 },
      ),
    );
    await harness.advance(2_000);
    expect(ran.outcome).toMatchObject({ state: 'resolved', value: 1 });
    const blamed = harness.logs.filter(({ level }) => level === 'error');
    expect(blamed).toHaveLength(harness.events.length);
  });

  test('a logger that throws or rejects changes no outcome', async () => {
    for (const fail of [
      () => {
        throw new Error('log');
      },
      () => Promise.reject(new Error('log')),
    ]) {
      const harness = new Harness({ logger: { debug: fail, info: fail, warn: fail, error: fail } });
      const ran = harness.watch(
        harness.run((ctx) => {
          ctx.log.info('hello');
          if (ctx.info.attempt === 1) throw new Error('again');
          return 'done';
        }),
      );
      await harness.advance(1_500);
      await harness.turn();
      expect(ran.outcome).toMatchObject({ state: 'resolved', value: 'done' });
    }
  });
});
