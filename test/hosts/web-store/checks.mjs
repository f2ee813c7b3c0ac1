// What must hold for webStore in a real browser. Each check gets `open`, which opens a tab on a
// database of its own, `notes`, which has what all tabs of the check have told, in order, and
// `silence`, which waits for a request to /silence and resolves to the function that answers it.
import assert from 'node:assert/strict';

const many = Array.from({ length: 20 }, (_, i) => `job ${i}`);
const UNTIL = 12;

/** Far less than a lease that has to run out. */
const AT_ONCE_MS = 5_000;

const told = (notes, what, id) => notes.filter(([kind, of]) => kind === what && of === id);

async function until(what, isSo) {
  const limit = performance.now() + 30_000;
  while (!(await isSo())) {
    assert.ok(performance.now() < limit, `still waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Recovers until there is something: the browser needs a moment to see that a tab is gone. */
async function recoverAll(tab, ids) {
  const started = performance.now();
  const recovered = [];
  await until('all are recovered', async () => {
    recovered.push(...(await tab.evaluate(() => globalThis.tab.recover())).recovered);
    return recovered.length >= ids.length;
  });
  assert.deepEqual(recovered.sort(), [...ids].sort());
  const ms = performance.now() - started;
  assert.ok(ms < AT_ONCE_MS, `took ${ms.toFixed(0)} ms to recover`);
  return ms;
}

/** Each went on from a report that was written, did all steps, and completed once. */
async function allComplete(tab, notes, written) {
  await until('all have completed', () => many.every((id) => told(notes, 'completed', id).length));
  for (const id of many) {
    const [[, , first], [, , second], ...more] = told(notes, 'from', id);
    assert.deepEqual([first, more], [0, []], `${id} ran more than twice`);
    assert.ok(second >= written[id], `${id} went back to ${second} from ${written[id]}`);
    const steps = told(notes, 'step', id).map(([, , step]) => step);
    assert.deepEqual(
      [...new Set(steps)],
      Array.from({ length: UNTIL }, (_, i) => i + 1),
    );
    assert.equal(told(notes, 'completed', id).length, 1);
  }
  assert.deepEqual(
    notes.filter(([kind]) => kind === 'failed'),
    [],
  );
  assert.deepEqual(await tab.evaluate(() => globalThis.tab.list()), {});
  await until('no lock is held', async () => {
    return (await tab.evaluate(() => globalThis.tab.locks())).length === 0;
  });
}

/** Two tabs; the first runs many activities and is in the middle of them. */
async function midway(open, notes) {
  const [first, second] = [await open(), await open()];
  await first.evaluate(([ids, last]) => globalThis.tab.start(ids, last), [many, UNTIL]);
  await until('all are midway', () => many.every((id) => told(notes, 'step', id).length >= 3));
  const { recovered, held } = await second.evaluate(() => globalThis.tab.recover());
  assert.deepEqual([recovered, held.length], [[], many.length]);
  assert.match(held[0], /^page \/ \(runtime [\w-]{22}\)$/);
  const written = await second.evaluate(() => globalThis.tab.list());
  assert.ok(Object.values(written).every((step) => step >= 1 && step < UNTIL));
  return { first, second, written };
}

async function takesOver(open, notes, end) {
  const { first, second, written } = await midway(open, notes);
  await end(first);
  const ms = await recoverAll(second, many);
  await allComplete(second, notes, written);
  return `taken over after ${ms.toFixed(0)} ms`;
}

export const checks = {
  'what a tab leaves when it is closed, another one completes at once, from the last report': (
    open,
    notes,
  ) => takesOver(open, notes, (tab) => tab.close()),

  'what a tab leaves when it crashes, another one completes at once, from the last report': (
    open,
    notes,
  ) =>
    takesOver(open, notes, async (tab) => {
      const crashed = new Promise((resolve) => tab.once('crash', resolve));
      tab.goto('chrome://crash').catch(() => {});
      await crashed;
    }),

  'what a tab leaves when it goes to another page, another one completes at once': (open, notes) =>
    takesOver(open, notes, (tab) => tab.goto('about:blank')),

  'a tab that is reloaded continues from its last report': async (open, notes) => {
    const { first, written } = await midway(open, notes);
    await first.reload();
    const ms = await recoverAll(first, many);
    await allComplete(first, notes, written);
    return `recovered after ${ms.toFixed(0)} ms`;
  },

  'of two tabs that run one id, the second is refused until the first has ended': async (
    open,
    notes,
  ) => {
    const [first, second] = [await open(), await open()];
    const run = ([id, last]) => globalThis.tab.run(id, last);
    const running = first.evaluate(run, ['x', 20]);
    await until('it runs', () => told(notes, 'step', 'x').length > 0);
    const refused = await second.evaluate(run, ['x', 20]);
    assert.equal(refused.name, 'ActivityAlreadyStartedError');
    assert.match(refused.message, /activityId "x" is being run by page \/ until/);
    assert.equal(await running, 20);
    assert.equal(await second.evaluate(run, ['x', 3]), 3);
    const races = await Promise.all([first, second].map((tab) => tab.evaluate(run, ['y', 5])));
    assert.equal(races.filter((outcome) => outcome === 5).length, 1, 'one of two has it');
    assert.equal(told(notes, 'from', 'y').length, 1);
  },

  'a tab that hangs keeps its activities': async (open, _, silence) => {
    const [first, second] = [await open(), await open()];
    // One that does not write: a tab that hangs in a transaction stops those of the other tabs.
    await first.evaluate(() => globalThis.tab.enter(1));
    const hanging = first.evaluate(() => {
      const request = new globalThis.XMLHttpRequest();
      request.open('GET', '/silence', false); // the script waits for the answer
      request.send();
    });
    const answer = await silence();
    const { held } = await second.evaluate(() => globalThis.tab.recover());
    assert.equal(held.length, 1);
    answer();
    await hanging;
    await first.close();
    await recoverAll(second, ['later 0']);
  },

  'a tab with a later version gets the database, and the other one hears that it has lost it':
    async (open, notes) => {
      const [first, second] = [await open(), await open()];
      await first.evaluate(() => globalThis.tab.start(['x'], 1_000));
      await until('it runs', () => told(notes, 'step', 'x').length > 0);
      await second.evaluate(() => globalThis.tab.makeLater());
      await until('the lock is free', async () => {
        return (await second.evaluate(() => globalThis.tab.locks())).length === 0;
      });
      await until('it has failed', () => told(notes, 'failed', 'x').length > 0);
      assert.deepEqual(told(notes, 'failed', 'x'), [['failed', 'x', 'HeartbeatStoreError']]);
    },

  'every id is kept as it is': async (open) => {
    const tab = await open();
    assert.equal(await tab.evaluate(() => globalThis.tab.oddIds()), true);
  },

  'a thousand entries are recovered in a few seconds': async (open) => {
    const [first, second] = [await open(), await open()];
    const entered = await first.evaluate(() => globalThis.tab.enter(1_000));
    await first.close();
    let found;
    await until('they are recovered', async () => {
      found = await second.evaluate(() => globalThis.tab.timedRecovery());
      return found.many > 0;
    });
    assert.equal(found.many, 1_000);
    assert.ok(found.ms < 20_000, `took ${found.ms.toFixed(0)} ms`);
    return `entered in ${entered.toFixed(0)} ms, recovered in ${found.ms.toFixed(0)} ms`;
  },
};
