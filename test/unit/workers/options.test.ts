/** The options of a pool, and the object that its functions are in. */
import { describe, expect, test } from 'vitest';
import { proxyActivities } from '../../../src/index.js';
import { workerPool } from '../../../src/workers.js';
import { fixture, poolOf } from '../../workers/pools.js';

test('activities of a pool can be awaited, printed and compared by mistake', async () => {
  const { activities } = poolOf('process');
  expect(await Promise.resolve(activities)).toBe(activities);
  expect(() => JSON.stringify({ pool: String(Object.getPrototypeOf(activities)) })).not.toThrow();
  expect(activities['add']).toBe(activities['add']);
  expect(activities['add']!.name).toBe('add');
});

describe('bad input is refused at the call', () => {
  const module = fixture('activities.mjs');
  test.each([
    [{ isolation: 'vm' }, "isolation: received \"vm\"; expected 'process', 'thread' or 'none'"],
    [{ maxWorkers: 0 }, 'maxWorkers: received 0; expected a whole number above 0'],
    [{ idleTimeout: '30' }, 'idleTimeout: received "30"'],
    [{ gracePeriod: -1 }, 'gracePeriod: received -1'],
    [{ memoryLimitMb: '64' }, 'memoryLimitMb: received "64"'],
    [{ env: 'PATH' }, 'env: received "PATH"'],
    [{ execArgv: '--import tsx' }, 'execArgv: received "--import tsx"'],
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
});
