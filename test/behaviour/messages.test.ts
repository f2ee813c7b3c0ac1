/**
 * Names, errors and values of users appear in messages on one line, short and without control
 * characters.
 */
import { inspect } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ActivityRuntime, type ActivityContext } from '../../src/index.js';
import { Harness, never } from '../support/harness.js';

const HOSTILE = 'one\r\ntwo\u001b[31mred\u007f\u009b\u2028\u202e';
const LONG = `long${'x'.repeat(1_000_000)}`;
const ONCE = { retryPolicy: { maximumAttempts: 1 } };

const messageOf = async (calling: unknown): Promise<string> => {
  try {
    await calling;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it did not fail');
};

const attempt = (call: () => unknown): Promise<unknown> =>
  new Promise((resolve) => resolve(call()));

const fail =
  (message: string, name = 'Error') =>
  (): never => {
    throw Object.assign(new Error(message), { name });
  };

const places: Record<string, (text: string) => unknown> = {
  activityType: (text) => new Harness().run(fail('no'), { ...ONCE, activityType: text }),
  'the message of an error': (text) => new Harness().run(fail(text), ONCE),
  'the name of an error': (text) => new Harness().run(fail('no', text), ONCE),
  'a string that was thrown': (text) =>
    new Harness().run(() => {
      throw text;
    }, ONCE),
  'an object that was thrown': (text) =>
    new Harness().run(() => {
      throw { [text]: text };
    }, ONCE),
  'the reason of terminate': (text) => {
    const handle = new Harness().start(never);
    handle.terminate(text);
    return handle.result();
  },
  'an activityId that is in use': (text) => {
    const h = new Harness();
    void h.run(never, { activityId: text });
    return h.run(never, { activityId: text });
  },
  'an unknown activityId': (text) => attempt(() => new Harness().engine.find(text)),
  'the activityId of a closed activity': (text) =>
    attempt(() => {
      const handle = new Harness().start(never, { activityId: text });
      handle.terminate();
      handle.pause();
    }),
  'the activityId of a store that cannot be read': (text) =>
    new Harness({ store: { get: fail(text), set: () => {}, delete: () => {} } }).run(never, {
      activityId: text,
    }),
  'the name of an option': (text) => new Harness().run(never, { [text]: 1 }),
  'the value of an option': (text) => new Harness().run(never, { heartbeatTimeout: text as '1s' }),
  'the name of a function': (text) =>
    new Harness().run(never, {
      heartbeatTimeout: Object.defineProperty(() => 1, 'name', { value: text }) as never,
    }),
  'the name of an event': (text) =>
    attempt(() => new ActivityRuntime().on(text as 'failed', () => {})),
  'the path of details': (text) =>
    new Harness().run(
      (ctx: ActivityContext) => ctx.heartbeat({ [text]: { [text]: () => 1 } }),
      ONCE,
    ),
};

describe.each(Object.entries(places))('a message with %s', (_, use) => {
  test('has no control characters', async () => {
    const message = await messageOf(use(HOSTILE));
    expect(message).toMatch(/two/);
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
  });

  test('is shortened', async () => {
    expect((await messageOf(use(LONG))).length).toBeLessThan(3_000);
  });
});

test('a bigint of a million digits is not written out', async () => {
  const options = { priority: (10n ** 1_000_000n) as unknown as number };
  expect(await messageOf(new Harness().run(never, options))).toMatch(/received a huge bigint/);
});

describe('a log line', () => {
  test('about a retry has no control characters', async () => {
    const h = new Harness();
    h.run(fail(HOSTILE), { activityType: HOSTILE, retryPolicy: { maximumAttempts: 2 } }).catch(
      () => {},
    );
    await h.advance(2_000);
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    expect(h.logs[0]?.message).not.toMatch(/[\u0000-\u001f]/);
  });

  const written: unknown[][] = [];
  afterEach(() => {
    vi.restoreAllMocks();
    written.length = 0;
  });

  async function printed(error: unknown): Promise<string> {
    vi.spyOn(console, 'warn').mockImplementation((...line) => void written.push(line));
    const retryPolicy = { maximumAttempts: 2, initialInterval: 1 };
    const run = new ActivityRuntime().run(() => Promise.reject(error), { retryPolicy });
    await run.catch(() => {});
    expect(written).toHaveLength(1);
    return written[0]!.map((part) => (typeof part === 'string' ? part : inspect(part))).join(' ');
  }

  test('shows a harmless error as it is by default', async () => {
    const error = new Error('no\nway', { cause: new AggregateError([new Error('one')], 'some') });
    await printed(error);
    expect(written[0]![1]).toMatchObject({ error });
    expect((written[0]![1] as { error: unknown }).error).toBe(error);
  });

  const cyclic = new Error('c');
  cyclic.cause = new Error(HOSTILE, { cause: cyclic });
  const chain = Array.from({ length: 1_000 }).reduce<Error>(
    (cause) => new Error('c', { cause }),
    new Error(HOSTILE),
  );
  const unreadable = new Error('x');
  Object.defineProperty(unreadable, 'stack', {
    get() {
      throw new Error('no');
    },
  });

  test.each([
    ['with control characters', new Error(HOSTILE)],
    ['whose cause has control characters', new Error('x', { cause: new Error(HOSTILE) })],
    ['with a cycle and control characters', cyclic],
    ['with many causes, the last with control characters', chain],
    ['with errors that have control characters', new AggregateError([new Error(HOSTILE)], 'x')],
    ['of a megabyte', new Error(LONG)],
    ['that cannot be read', unreadable],
  ])('shows an error %s as text by default', async (_, error) => {
    const text = await printed(error);
    expect(text).toMatch(/two|long|x|c/);
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    expect(text).not.toMatch(/[\u001b\u007f\u009b]/);
    expect(text.length).toBeLessThan(30_000);
  });
});
