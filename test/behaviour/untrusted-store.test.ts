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

const withMeta = (meta: string): string =>
  `{"json":{"a":"1"},"meta":${meta.replace(/}$/, ',"v":1}')}}`;

afterEach(() => {
  expect('polluted' in {}).toBe(false);
  expect('polluted' in Object).toBe(false);
});

describe('a forged text is refused without harm', () => {
  test.each([
    ['no JSON', 'nonsense'],
    ['no snapshot', '[]'],
    ['a value on __proto__', withMeta('{"values":{"__proto__":{"polluted":["Date"]}}}')],
    ['a path to __proto__', withMeta('{"values":{"__proto__.polluted":["Date"]}}')],
    ['a path to a prototype', withMeta('{"values":{"constructor.prototype.polluted":["bigint"]}}')],
    [
      'a reference on __proto__',
      withMeta('{"referentialEqualities":{"a":["__proto__.polluted"]}}'),
    ],
    ['an unknown class', withMeta('{"values":[["class","Function"]]}')],
    ['an unknown transformer', withMeta('{"values":[["custom","x"]]}')],
    [
      'a view of something else',
      '{"json":["Function",1],"meta":{"values":[["custom","~view"]],"v":1}}',
    ],
    [
      'a view of no list',
      '{"json":{"length":1e9},"meta":{"values":[["typed-array","Int8Array"]],"v":1}}',
    ],
    ['a view of a length', '{"json":4294967295,"meta":{"values":[["typed-array","Uint8Array"]]}}'],
    ['a set of no list', '{"json":{"length":4294967295},"meta":{"values":["set"],"v":1}}'],
    ['references', '{"json":{"a":[],"b":0},"meta":{"referentialEqualities":{"a":["b"]},"v":1}}'],
    ['endless nesting', `{"json":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('%s', async (_, snapshot) => {
    const failure = await resume(snapshot).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ActivityFailure);
    expect((failure as ActivityFailure).cause).toBeInstanceOf(HeartbeatStoreError);
  });
});

test.each([
  '{"__proto__":{"polluted":1},"a":1}',
  '{"a":{"__proto__":{"polluted":1}}}',
  '{"\\u005f_proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
])('a stored text with %s is only data', async (json) => {
  const details = await resume(`{"json":${json}}`);
  expect(JSON.stringify(details)).toBe(JSON.stringify(JSON.parse(json)));
  expect(Object.getPrototypeOf(details)).toBe(Object.prototype);
});

test('the message quotes only the beginning of a forged text', async () => {
  for (const [json, note] of [
    ['z'.repeat(1_000_000), ['custom', '~bigint']],
    [`/(${'z'.repeat(1_000_000)}/`, 'regexp'],
    ['z', ['custom', 'z'.repeat(1_000_000)]],
  ]) {
    const text = JSON.stringify({ json, meta: { values: [note], v: 1 } });
    const failure: unknown = await resume(text).catch((error: unknown) => error);
    const { cause } = failure as ActivityFailure;
    expect(cause).toBeInstanceOf(HeartbeatStoreError);
    expect((cause as Error).message.length).toBeLessThan(600);
  }
});
