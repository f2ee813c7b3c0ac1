/** What crosses between a program and its workers, and what cannot. */
import { describe, expect, test } from 'vitest';
import { HeartbeatDetailsError } from '../../src/index.js';
import { fixture, once, poolOf, Recorded, rejection, retried, workers } from './pools.js';

describe.each([...workers, 'none'] as const)('to and from a %s', (isolation) => {
  test('arguments and results cross, each in a copy', async () => {
    const { activities } = poolOf(isolation);
    const args = [
      1n,
      new Map([['a', new Set([1])]]),
      new Date(0),
      /x/g,
      new Uint8Array([1]),
      { a: undefined },
    ];
    expect(await new Recorded().run(activities['echo']!, { args })).toEqual(args);
  });

  test('a value that cannot cross fails the attempt without a retry, and is named', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf(isolation);
    const args = [{ rows: [{}, { cb: () => {} }] }];
    const given = await rejection(runtime.run(activities['echo']!, { args, ...retried }));
    expect(given).toMatchObject({ attempt: 1, retryState: 'NON_RETRYABLE_FAILURE' });
    expect(given.message).toContain('args[0].rows[1].cb: function');
    const returned = await rejection(runtime.run(activities['returnsFunction']!, retried));
    expect(returned).toMatchObject({ attempt: 1, retryState: 'NON_RETRYABLE_FAILURE' });
    expect(returned.message).toContain('result.rows[1].cb: function');
    expect(await runtime.run(activities['add']!, { args: [1, 2] })).toBe(3);
  });

  test('details are refused at the call, with its line first', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf(isolation);
    const { cause } = await rejection(runtime.run(activities['badDetails']!, retried));
    expect(cause).toBeInstanceOf(HeartbeatDetailsError);
    expect(cause).toMatchObject({ path: 'details.rows[0].cb' });
    expect((cause as Error).stack!.split('\n')[1]).toMatch(/at refused \(.*activities\.mjs/);
    expect(runtime.of('heartbeat')).toMatchObject([{ details: { ok: 1 } }]);
  });

  test('an error keeps its name, stack, fields and causes; what cannot cross in it is noted', async () => {
    const { activities } = poolOf(isolation);
    const options = { args: [{ limit: 3, details: [{ a: 1 }] }], ...once };
    const { cause } = await rejection(new Recorded().run(activities['throwsError']!, options));
    expect(cause).toBeInstanceOf(Error);
    expect(cause).toMatchObject({
      name: 'QuotaError',
      message: 'too many',
      stack: expect.stringMatching(/throwsError \(.*activities\.mjs/) as string,
      limit: 3,
      details: [{ a: 1 }],
      socket: { write: '[function, which cannot leave its worker]' },
      cause: { name: 'TypeError', message: 'the cause', cause: 'text' },
    });
    expect((cause as Error).cause).toBeInstanceOf(TypeError);
  });

  test('a policy knows the name of an error’s class', async () => {
    const { activities } = poolOf(isolation);
    const failure = await rejection(
      new Recorded().run(activities['throwsError']!, {
        args: [{}],
        retryPolicy: { nonRetryableErrorTypes: ['QuotaError'] },
      }),
    );
    expect(failure).toMatchObject({ attempt: 1, retryState: 'NON_RETRYABLE_FAILURE' });
  });

  test('several errors, other values and generators are told as they are here', async () => {
    const runtime = new Recorded();
    const { activities } = poolOf(isolation);
    const thrown = async (name: string, ...args: unknown[]) =>
      (await rejection(runtime.run(activities[name]!, { args, ...once }))).cause;
    const both = await thrown('throwsAggregate');
    expect(both).toBeInstanceOf(AggregateError);
    expect(both).toMatchObject({ errors: [{ message: 'one' }, { message: 'two' }] });
    expect(await thrown('throwsValue', { code: 7 })).toMatchObject({ details: [{ code: 7 }] });
    expect(await thrown('generates')).toMatchObject({ type: 'TypeError', nonRetryable: true });
  });
});

describe.each(workers)('in a %s', (isolation) => {
  test('the context is the one that the runtime gives, with details of the attempt before', async () => {
    const runtime = new Recorded({
      store: new Map([
        [
          'id',
          '{"json":{"at":"2026-01-01T00:00:00.000Z"},"meta":{"values":{"at":["Date"]},"v":1}}',
        ],
      ]),
    });
    const { activities } = poolOf(isolation);
    const seen = await runtime.run(activities['context']!, {
      activityId: 'id',
      heartbeatTimeout: '10s',
      retryPolicy: { nonRetryableErrorTypes: [RangeError, 'Other'] },
      priority: 2,
    });
    expect(seen).toEqual({
      info: expect.objectContaining({
        activityId: 'id',
        activityType: 'context',
        attempt: 1,
        heartbeatTimeoutMs: 10_000,
        priority: 2,
        retryPolicy: expect.objectContaining({
          nonRetryableErrorTypes: ['RangeError', 'Other'],
        }) as unknown,
      }) as unknown,
      token: 'string',
      json: false,
      has: true,
      details: { at: new Date('2026-01-01') },
      aborted: false,
      shutdown: false,
      cancellation: undefined,
    });
    expect(runtime.logs).toEqual([
      {
        level: 'warn',
        message: 'said in the worker',
        more: expect.objectContaining({
          attempt: 1,
          n: 1,
          error: expect.any(RangeError) as unknown,
        }) as unknown,
      },
    ]);
  });
});

// With isolation 'none', Vitest loads the module in this repository.
test.each(workers)('a module that is TypeScript needs a loader: %s', async (isolation) => {
  const pool = poolOf(isolation, { module: fixture('typed.js') });
  const { message } = await rejection(new Recorded().run(pool.activities['add']!));
  expect(message).toMatch(
    /Cannot find module .*typed\.js'.*\. typed\.ts needs a TypeScript loader:/,
  );
});

describe.each([...workers, 'none'] as const)('with isolation %s', (isolation) => {
  test.each([
    ['is not there', 'missing.mjs', /missing\.mjs cannot be used: Cannot find module/],
    [
      'does not parse',
      'data:text/javascript,export const a = ;',
      /cannot be used: Unexpected token/,
    ],
    ['throws when it is loaded', 'throws.mjs', /throws\.mjs cannot be used: no config/],
    ['exports no function', 'nothing.mjs', /nothing\.mjs cannot be used: it exports no function/],
  ])('a module that %s fails the attempt without a retry', async (_what, name, message) => {
    const module = name.startsWith('data:') ? new URL(name) : fixture(name);
    const pool = poolOf(isolation, { module });
    const failure = await rejection(new Recorded().run(pool.activities['add']!));
    expect(failure).toMatchObject({ attempt: 1, retryState: 'NON_RETRYABLE_FAILURE' });
    expect(failure.message).toMatch(message);
    expect(pool.stats()).toEqual({ busy: 0, idle: 0, starting: 0, waiting: 0 });
  });

  test('a name that the module does not export fails the attempt, and the names are listed', async () => {
    const { activities } = poolOf(isolation);
    const failure = await rejection(new Recorded().run(activities['ad']!));
    expect(failure).toMatchObject({ attempt: 1, retryState: 'NON_RETRYABLE_FAILURE' });
    expect(failure.message).toMatch(/does not export a function "ad"; it exports .*\badd\b/);
  });
});
