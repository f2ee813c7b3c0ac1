/** The context of the running function in a worker, for `systole/context`. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { maybeContext } from '../../../../src/context.js';
import type { ActivityContext } from '../../../../src/index.js';

const KEY = Symbol.for('systole.context');
const before = Reflect.get(globalThis, KEY) as unknown;

beforeEach(() => vi.resetModules());
afterEach(() => void Reflect.set(globalThis, KEY, before));

const context = (name: string): ActivityContext => ({ name }) as unknown as ActivityContext;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function far() {
  const { farAmbient, provideFarAmbient } = await import('../../../../src/workers/far/ambient.js');
  provideFarAmbient();
  return farAmbient;
}

test('a function has its own context from the first time that it asks', async () => {
  const ambient = await far();
  const [first, second] = [context('first'), context('second')];
  const asks = async (): Promise<unknown[]> => {
    const now = maybeContext();
    await turn();
    return [now, maybeContext()];
  };
  expect(await ambient.run(first, asks)).toEqual([first, first]);
  ambient.end();
  expect(maybeContext()).toBeUndefined();
  expect(await ambient.run(second, asks)).toEqual([second, second]);
});

test('code that an earlier function has left behind has no later context', async () => {
  const ambient = await far();
  let late: unknown = 'not asked';
  const leaves = async (): Promise<void> => {
    maybeContext();
    void turn().then(() => (late = maybeContext()));
  };
  await ambient.run(context('first'), leaves);
  ambient.end();
  await ambient.run(context('second'), turn);
  await turn();
  expect(late).toBeUndefined();
});
