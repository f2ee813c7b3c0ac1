/** Mistakes with durable stores: each is told at once, in words that say what to do. */
import { expect, test } from 'vitest';
import { durableStore } from '../../../src/durable.js';
import { fileStore } from '../../../src/node.js';
import { never } from '../../support/harness.js';
import { MemoryDisk } from '../../support/ledger-store.js';
import { processOn } from '../../support/processes.js';

const files = fileStore('unused');

test.each([
  ['get', () => files.get(undefined as never)],
  ['set', () => files.set(undefined as never, '')],
  ['delete', () => files.delete(undefined as never)],
  ['close', () => files.close(undefined as never)],
])('fileStore refuses %s without an id', async (name, call) => {
  await expect(call()).rejects.toThrow(
    `fileStore.${name}: received undefined; expected the activityId of an activity`,
  );
});

test('a store with only some of the methods for leases is refused', () => {
  const whole = new MemoryDisk().store();
  const store = { ...whole };
  delete store.renew;
  delete store.release;
  expect(() => durableStore(store)).toThrow(
    'durableStore: received a store with claim; expected all of claim, renew and release, or none of them',
  );
});

test('an activity that recover could not find by its name is logged', async () => {
  const h = processOn(new MemoryDisk());
  h.start((ctx) => ctx.cancelled, { activityId: 'nameless' })
    .result()
    .catch(() => {});
  h.start((ctx) => ctx.cancelled, { activityId: 'named', activityType: 'wait' })
    .result()
    .catch(() => {});
  await h.turn();
  const warned = h.logs.filter(({ message }) => message.includes('has no name'));
  expect(warned.map(({ attributes }) => attributes['activityId'])).toContain('nameless');
  expect(warned.map(({ attributes }) => attributes['activityId'])).not.toContain('named');
  expect(warned[0]?.message).toBe(
    'The activity has no name, so recover() cannot find its function: name it, or pass activityType',
  );
});

test('the refusal of an id that another process runs shows the line that awaits it', async () => {
  const disk = new MemoryDisk();
  const [first, second] = [processOn(disk), processOn(disk)];
  void first.run(never, { activityId: 'x' });
  await first.turn();
  disk.rows.get('x')!.owner = 'process 4711 (started 123, machine abc, runtime def)';
  const refused = await (async function caller() {
    await second.run(never, { activityId: 'x' });
  })().catch((error: unknown) => error as Error);
  expect((refused as Error).stack?.split('\n').find((line) => line.includes(' at '))).toMatch(
    /caller .*mistakes\.test\.ts/,
  );
  expect((refused as Error).message).toBe(
    'activityId "x" is being run by process 4711 until 1970-01-01T00:00:30.000Z or longer; end that one, or wait',
  );
});
