/** The options of a pool, and the object that its functions are in. */
import { describe, expect, test } from 'vitest';
import { proxyActivities } from '../../../src/index.js';
import { workerPool } from '../../../src/workers.js';
import { namesIn } from '../../../src/workers/load.js';
import { resolvePool } from '../../../src/workers/options.js';
import { fixture, poolOf } from '../../workers/pools.js';

test('activities of a pool can be awaited, printed and compared by mistake', async () => {
  const { activities } = poolOf('process');
  expect(await Promise.resolve(activities)).toBe(activities);
  expect(() => JSON.stringify({ pool: String(Object.getPrototypeOf(activities)) })).not.toThrow();
  expect(activities['add']).toBe(activities['add']);
  expect(activities['add']!.name).toBe('add');
});

test('the functions of a pool are those that its module exports, whatever was asked for', () => {
  const { activities } = poolOf('process');
  expect(activities['absent']!.name).toBe('absent');
  expect(['absent', 'add', 'toString', 'then'].filter((name) => name in activities)).toEqual([
    'add',
  ]);
  expect(Object.hasOwn(activities, 'absent')).toBe(false);
  expect(Object.keys(activities)).not.toContain('absent');
  expect(Object.entries(activities)).toContainEqual(['add', activities['add']]);
});

describe('bad input is refused at the call', () => {
  const module = fixture('activities.mjs');
  test.each([
    [
      { isolation: 'vm' },
      "workerPool: isolation: received \"vm\"; expected 'process', 'thread' or 'none'",
    ],
    [{ maxWorkers: 0 }, 'workerPool: maxWorkers: received 0; expected a whole number above 0'],
    [{ idleTimeout: '30' }, 'workerPool: idleTimeout: received "30"'],
    [{ gracePeriod: -1 }, 'workerPool: gracePeriod: received -1'],
    [{ memoryLimitMb: '64' }, 'workerPool: memoryLimitMb: received "64"'],
    [{ env: 'PATH' }, 'workerPool: env: received "PATH"; expected an object of strings'],
    [{ env: { PORT: 80 } }, 'workerPool: env.PORT: received 80; expected a string'],
    [{ env: ['A=1'] }, 'workerPool: env: received an array of 1; expected an object of strings'],
    [{ execArgv: ['--import', 7] }, 'workerPool: execArgv[1]: received 7; expected a string'],
    [{ execArgv: '--import tsx' }, 'workerPool: execArgv: received "--import tsx"'],
    [{ threads: 4 }, "here it is isolation: 'thread', and maxWorkers"],
    [{ maxWorker: 4 }, 'did you mean "maxWorkers"?'],
  ])('%o', (options, message) => {
    expect(() => workerPool(module, options as never)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  test.each([['./my.activities.js'], [undefined], [{}]])('the module %o', (bad) => {
    expect(() => workerPool(bad as never)).toThrow(/module: .*import\.meta\.url/);
  });

  test('the stack begins with the user’s line', () => {
    let error: unknown;
    try {
      workerPool(module, { maxWorkers: -1 });
    } catch (thrown) {
      error = thrown;
    }
    expect((error as Error).stack!.split('\n')[1]).toContain('options.test.ts');
  });

  test('all functions of a module that cannot be loaded', () => {
    const pool = poolOf('process', { module: fixture('throws.mjs') });
    expect(() => proxyActivities(pool.activities)).toThrow(/throws\.mjs cannot be used: no config/);
  });

  test.each(['https://example.org/a.js', 'node:fs', 'blob:nodedata:1'])(
    'a module at %s',
    (address) => {
      const expected = 'expected the address of a module of activities';
      expect(() => workerPool(new URL(address))).toThrow(expected);
      expect(() => workerPool(address)).toThrow(expected);
    },
  );

  test('all functions of a module that ends the process that lists them', () => {
    const module = 'data:text/javascript,process.exit(3); export const a = () => {};';
    expect(() => proxyActivities(workerPool(new URL(module), { execArgv: [] }).activities)).toThrow(
      /^workerPool: the process that lists the functions of data:.* has ended \(exit code 3\); run the module alone to see why$/,
    );
  });

  test('all functions of a module that never loads', () => {
    const module = 'data:text/javascript,for (;;); export const a = () => {};';
    expect(() => namesIn(resolvePool(module, { execArgv: [] }), 300)).toThrow(
      'cannot be used: it has not loaded within 0.3 s; a top-level await in it may never settle',
    );
  });
});

describe('a call without the context of an attempt', () => {
  const direct = async (...given: unknown[]): Promise<Error> => {
    const { activities } = poolOf('none');
    try {
      await (activities['add'] as (...args: unknown[]) => Promise<unknown>)(...given);
    } catch (error) {
      return error as Error;
    }
    throw new Error('it was not refused');
  };

  test.each([
    ['received "photos"', ['photos', 4]],
    ['received undefined', []],
    ['received an object', [{ signal: AbortSignal.abort() }]],
  ])('is refused: %s', async (received, given) => {
    const error = await direct(...given);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(
      `pool.activities.add: ctx: ${received}; expected the ctx of an activity; do not call it, but ` +
        'pass it to a runtime: runActivity(pool.activities.add, { args: [...] })',
    );
    expect(error.stack?.split('\n')[1]).toContain('options.test.ts');
  });
});
