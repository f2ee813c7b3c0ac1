/** What a store returns may be damaged or forged. */
import { afterEach, describe, expect, test } from 'vitest';
import { ActivityFailure, ActivityRuntime, HeartbeatStoreError } from 'systole';

/** The details that an activity resumes from. */
function resume(snapshot: string): Promise<unknown> {
  const runtime = new ActivityRuntime({ logger: false, store: new Map([['id', snapshot]]) });
  return runtime.run((ctx) => ctx.heartbeatDetails, {
    activityId: 'id',
    retryPolicy: { maximumAttempts: 1 },
  });
}

const withMeta = (meta: string): string => `{"json":{"a":"1"},"meta":${meta}}`;

afterEach(() => {
  expect('polluted' in {}).toBe(false);
  expect('polluted' in Object).toBe(false);
});

describe('is refused, and does no harm', () => {
  test.each([
    ['no JSON', 'nonsense'],
    ['no snapshot', '[]'],
    ['a prototype', '{"json":{"__proto__":{"polluted":1},"a":1}}'],
    ['a prototype further down', '{"json":{"a":{"__proto__":{"polluted":1}}}}'],
    ['a prototype in an escape', '{"json":{"\\u005f_proto__":{"polluted":1}}}'],
    [
      'a prototype of an instance',
      '{"json":{"@@systole":"instance","value":{"__proto__":{"polluted":1}},"of":{}}}',
    ],
    ['a constructor', '{"json":{"constructor":{"prototype":{"polluted":1}}}}'],
    ['a value on __proto__', withMeta('{"values":{"__proto__":{"polluted":["Date"]}}}')],
    ['a path to __proto__', withMeta('{"values":{"__proto__.polluted":["Date"]}}')],
    ['a path to a prototype', withMeta('{"values":{"constructor.prototype.polluted":["bigint"]}}')],
    [
      'a reference on __proto__',
      withMeta('{"referentialEqualities":{"a":["__proto__.polluted"]}}'),
    ],
    ['an unknown class', withMeta('{"values":[["class","Function"]]}')],
    ['an unknown transformer', withMeta('{"values":[["custom","x"]]}')],
    ['a view of something else', '{"json":{"@@systole":"view","value":["1"],"of":"Function"}}'],
    ['a view of no list', '{"json":{"@@systole":"view","value":{"length":1e9},"of":"Int8Array"}}'],
    ['a nesting without end', `{"json":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('%s', async (_, snapshot) => {
    const failure = await resume(snapshot).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ActivityFailure);
    expect((failure as ActivityFailure).cause).toBeInstanceOf(HeartbeatStoreError);
  });
});
