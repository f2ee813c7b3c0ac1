/** The ledger of a runtime: what it enters, keeps and removes, and what a later process finds. */
import { describe, expect, test } from 'vitest';
import {
  ActivityAlreadyStartedError,
  type ActivityFailure,
  CancelledFailure,
  HeartbeatStoreError,
  type ActivityContext,
} from '../../../src/index.js';
import { Harness, never } from '../../support/harness.js';
import { MemoryDisk } from '../../support/ledger-store.js';
import { die, processOn } from '../../support/processes.js';

const count = (until: number) => async (ctx: ActivityContext<number>, step: number) => {
  let at = ctx.heartbeatDetails ?? 0;
  while (at < until) {
    at += step;
    ctx.heartbeat(at);
    await ctx.sleep(1_000);
  }
  return at;
};

describe('an activity with an id of the caller', () => {
  test('is entered before its first attempt, and removed when it completes', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    let entered: unknown;
    const run = h.watch(
      h.run(
        function copy() {
          entered = disk.rows.get('x')?.entry;
          return 7;
        },
        { activityId: 'x', heartbeatTimeout: '10s' },
      ),
    );
    await h.advance(0);
    expect(run.outcome).toMatchObject({ value: 7 });
    expect(entered).toMatchObject({ activityId: 'x', activityType: 'copy', attempt: 1 });
    expect(entered).toMatchObject({
      args: '{"json":[]}',
      options: '{"json":{"heartbeatTimeout":"10s"}}',
    });
    expect(disk.rows.size).toBe(0);
    expect(disk.log).toEqual(['open 1 SCHEDULED x', 'open 1 STARTED x', 'close x']);
  });

  test('removes its details together with its entry', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const run = h.watch(h.run(count(1), { activityId: 'x', args: [1] }));
    await h.advance(1_000);
    expect(run.outcome).toMatchObject({ value: 1 });
    expect(disk.log.slice(-2)).toEqual(['delete x', 'close x']);
    expect(disk.rows.size).toBe(0);
  });

  test('is removed when it fails for good, and its details are kept', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const run = h.watch(
      h.run(
        (ctx) => {
          ctx.heartbeat(5);
          throw new Error('no');
        },
        { activityId: 'x', retryPolicy: { maximumAttempts: 2 } },
      ),
    );
    await h.advance(1_000);
    expect(run.outcome).toMatchObject({ state: 'rejected' });
    expect(disk.rows.get('x')).toMatchObject({
      snapshot: '{"json":5}',
      entry: undefined,
      owner: undefined,
    });
    expect(disk.log.filter((line) => line.startsWith('open'))).toEqual([
      'open 1 SCHEDULED x',
      'open 1 STARTED x',
      'open 2 SCHEDULED x',
      'open 2 STARTED x',
    ]);
  });

  test.each(['cancel', 'terminate'] as const)('is removed by %s', async (how) => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const handle = h.start((ctx) => ctx.cancelled, {
      activityId: 'x',
      cancellationDelivery: 'immediate',
    });
    const result = h.watch(handle.result());
    await h.advance(0);
    handle[how]();
    await h.advance(0);
    expect(result.outcome).toMatchObject({ state: 'rejected' });
    expect(disk.rows.size).toBe(0);
  });

  test('is refused at the call if an argument cannot be stored', () => {
    const h = processOn(new MemoryDisk());
    const start = (): unknown =>
      h.start((_: ActivityContext, row: object) => row, {
        activityId: 'x',
        args: [{ rows: [{ done: () => {} }] }],
      });
    expect(start).toThrow(TypeError);
    expect(start).toThrow('args[0].rows[0].done: function; an activity with an activityId is kept');
    expect(h.engine.list()).toEqual([]);
  });

  test.each([
    [{ shouldRetry: () => true }, 'retryPolicy.shouldRetry: a function'],
    [
      { nonRetryableErrorTypes: ['A', RangeError] },
      'retryPolicy.nonRetryableErrorTypes[1]: a class',
    ],
  ])('is refused at the call if an option cannot be stored', (retryPolicy, message) => {
    const h = processOn(new MemoryDisk());
    expect(() => h.start(() => 1, { activityId: 'x', retryPolicy })).toThrow(message);
  });
});

test('an activity without an id of the caller is not entered, whatever its arguments are', async () => {
  const disk = new MemoryDisk();
  const h = processOn(disk);
  await h.run((_: ActivityContext, f: () => number) => f(), { args: [() => 1] });
  expect(disk.log).toEqual([]);
});

describe('recover', () => {
  test('starts what a dead process has left, with its arguments, options and details', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    const importRows = count(10);
    void first.run(importRows, {
      activityId: 'x',
      activityType: 'importRows',
      args: [2],
      heartbeatThrottleInterval: 0,
    });
    await first.advance(3_500);
    die(disk);
    const second = processOn(disk);
    const { recovered, unknown, held } = await second.engine.recover({ importRows });
    expect([recovered.length, unknown, held]).toEqual([1, [], []]);
    const result = second.watch(recovered[0]!.result);
    await second.advance(1_000);
    expect(result.outcome).toMatchObject({ value: 10, at: 1_000 });
    expect(second.of('started')).toMatchObject([{ attempt: 1 }]); // the interrupted one
    expect(second.of('heartbeat').map(({ details }) => details)).toEqual([10]);
    expect(disk.rows.size).toBe(0);
  });

  test('keeps the number of the attempt, and waits for the rest of the backoff', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    const fail = (): never => {
      throw new Error('no');
    };
    const retryPolicy = { initialInterval: '10s', maximumAttempts: 2 } as const;
    first.run(fail, { activityId: 'x', retryPolicy }).catch(() => {});
    await first.advance(4_000);
    die(disk);
    const second = processOn(disk);
    await second.advance(7_000); // its wall clock is virtual: 3 s more than the first one's
    const { recovered } = await second.engine.recover({ fail });
    const result = second.watch(recovered[0]!.result);
    await second.advance(2_999);
    expect(second.of('started')).toEqual([]);
    await second.advance(1);
    expect(second.of('started')).toMatchObject([{ attempt: 2, at: 10_000 }]);
    expect(result.outcome).toMatchObject({
      error: { attempt: 2, retryState: 'MAXIMUM_ATTEMPTS_REACHED' },
    });
  });

  test('counts the crash as a failed attempt with countCrashes', async () => {
    const disk = new MemoryDisk();
    const run = { activityId: 'x', activityType: 'never', retryPolicy: { maximumAttempts: 2 } };
    void processOn(disk).run(never, run);
    await Promise.resolve();
    const crash = async (): Promise<Harness> => {
      die(disk);
      const h = processOn(disk);
      await h.engine.recover({ never }, { countCrashes: true });
      return h;
    };
    await new Promise(setImmediate);
    const second = await crash();
    await second.advance(1_000);
    expect(second.of('started')).toMatchObject([{ attempt: 2 }]);
    const third = await crash();
    await third.advance(0);
    expect(third.of('failed')).toMatchObject([
      {
        attempt: 2,
        failure: { message: 'The process died during attempt 2', type: 'ProcessDied' },
      },
    ]);
    expect(disk.rows.size).toBe(0);
  });

  test('brings a paused activity back paused', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    const one = (): number => 1;
    const handle = first.start(one, { activityId: 'x', startDelay: '1s' });
    await first.turn();
    handle.pause();
    await first.turn();
    die(disk);
    const second = processOn(disk);
    const { recovered } = await second.engine.recover({ one });
    await second.advance(5_000);
    expect(recovered[0]!.state.phase).toBe('PAUSED');
    expect(second.of('started')).toEqual([]);
  });

  test('does not run an activity whose caller was told that it is cancelled', async () => {
    const disk = new MemoryDisk();
    const first = processOn(disk);
    const handle = first.start(never, { activityId: 'x', activityType: 'never' });
    handle.result().catch(() => {});
    await first.turn();
    handle.cancel();
    await first.turn();
    die(disk);
    const second = processOn(disk);
    const { recovered } = await second.engine.recover({ never });
    const result = second.watch(recovered[0]!.result);
    await second.advance(0);
    expect(second.of('started')).toEqual([]);
    expect(result.outcome).toMatchObject({ error: { retryState: 'CANCEL_REQUESTED' } });
    expect(disk.rows.size).toBe(0);
  });

  test('leaves unknown types and unreadable entries alone, and says why', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    for (const id of ['type', 'args', 'later']) {
      void h.run(never, { activityId: id, activityType: id === 'type' ? 'gone' : 'never' });
    }
    await h.turn();
    die(disk);
    const change = (id: string, more: object): unknown =>
      Object.assign(disk.rows.get(id)!, { entry: { ...disk.rows.get(id)!.entry, ...more } });
    change('args', { args: '{"json":7}' });
    change('later', { version: 2 });
    const { recovered, unknown } = await processOn(disk).engine.recover({ never });
    expect(recovered).toEqual([]);
    expect(unknown.map(({ activityId, reason }) => [activityId, reason])).toEqual([
      ['type', 'has the type "gone", which recover() was not given'],
      ['args', 'cannot be read: its arguments are not an array'],
      ['later', 'was written by a later version of systole: its form is 2, not 1'],
    ]);
    expect([...disk.rows.keys()]).toEqual(['type', 'args', 'later']);
  });

  test('starts more than maxWaiting, because they were accepted before', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    for (const activityId of ['a', 'b', 'c'])
      void h.run(never, { activityId, activityType: 'never' });
    await h.turn();
    die(disk);
    const second = processOn(disk, { maxConcurrentActivities: 1, maxWaiting: 1 });
    const { recovered } = await second.engine.recover({ never });
    await second.turn();
    expect(recovered).toHaveLength(3);
    expect(second.engine.stats()).toMatchObject({ running: 1, waiting: 2 });
  });

  test('starts each entry once, although the same id is started by hand meanwhile', async () => {
    const disk = new MemoryDisk();
    void processOn(disk).run(never, { activityId: 'x', activityType: 'never' });
    await new Promise(setImmediate);
    die(disk);
    const second = processOn(disk);
    const recovering = second.engine.recover({ never });
    const hand = second.watch(second.run(() => 'by hand', { activityId: 'x' }));
    expect((await recovering).recovered).toEqual([]);
    await second.advance(0);
    expect(hand.outcome).toMatchObject({ value: 'by hand' });
    expect(disk.rows.size).toBe(0);
  });

  test('takes over what others leave, with the option every', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const one = (): number => 1;
    await h.engine.recover({ one }, { every: '10s' });
    const other = new Harness({ store: disk.store() });
    void other.run(one, { activityId: 'x', startDelay: '1h' });
    await other.turn();
    die(disk);
    await h.advance(10_000);
    expect(h.engine.list()).toMatchObject([{ activityId: 'x' }]);
    await h.engine.shutdown();
    expect(h.clock.pending).toBe(0);
  });

  test('lets a call with the same id join what was recovered', async () => {
    const disk = new MemoryDisk();
    const work = (ctx: ActivityContext): Promise<number> => ctx.sleep('1s').then(() => 5);
    void processOn(disk).run(work, { activityId: 'x' });
    await new Promise(setImmediate);
    die(disk);
    const second = processOn(disk);
    await second.engine.recover({ work });
    const options = { activityId: 'x', idConflictPolicy: 'USE_EXISTING' } as const;
    const joined = second.watch(second.run(work, options));
    await expect(second.run(work, { activityId: 'x' })).rejects.toThrow(
      ActivityAlreadyStartedError,
    );
    await second.advance(1_000);
    expect(joined.outcome).toMatchObject({ value: 5 });
    expect(second.of('scheduled')).toHaveLength(1);
  });

  test('stops when a shutdown begins, and what it has claimed is free for the next process', async () => {
    const disk = new MemoryDisk();
    for (const activityId of ['a', 'b']) {
      void processOn(disk).run(never, { activityId, activityType: 'never' });
    }
    await new Promise(setImmediate);
    die(disk);
    const second = processOn(disk);
    const recovering = second.engine.recover({ never });
    const refused = expect(recovering).rejects.toThrow('use a new one to recover');
    await second.engine.shutdown();
    await refused;
    expect([...disk.rows.values()].map(({ owner }) => owner)).toEqual([undefined, undefined]);
    expect((await processOn(disk).engine.recover({ never })).recovered).toHaveLength(2);
  });

  test('refuses a runtime whose store keeps no ledger', () => {
    expect(() => new Harness({ store: new Map() }).engine.recover({})).toThrow(
      "recover: the runtime's store keeps no ledger; expected sqliteStore(path) or fileStore(folder)",
    );
  });
});

describe('a shutdown', () => {
  test('leaves the entry for the next process, as it was, and releases it', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const wait = (ctx: ActivityContext): Promise<never> => ctx.cancelled;
    const running = h.watch(h.run(wait, { activityId: 'running' }));
    const handle = h.start(wait, { activityId: 'paused', startDelay: '1h' });
    await h.turn();
    handle.pause();
    await h.engine.shutdown();
    expect(running.outcome).toMatchObject({ error: { cause: { message: 'WORKER_SHUTDOWN' } } });
    expect(
      [...disk.rows.values()].map(({ entry, owner }) => [entry?.runState, entry?.attempt, owner]),
    ).toEqual([
      ['SCHEDULED', 1, undefined],
      ['PAUSED', 1, undefined],
    ]);
  });

  test('counts an attempt that failed meanwhile', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    h.run(
      async (ctx) => {
        await ctx.cancelled.catch(() => {});
        throw new Error('no');
      },
      { activityId: 'x' },
    ).catch(() => {});
    await h.turn();
    await h.engine.shutdown();
    expect(disk.rows.get('x')?.entry).toMatchObject({ attempt: 2, runState: 'SCHEDULED' });
  });

  test('keeps the claim while a function still runs', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    h.run(() => h.work(20_000), { activityId: 'x' }).catch(() => {});
    await h.turn();
    const over = h.watch(h.engine.shutdown({ abandonAfter: '1s' }));
    await h.advance(1_000);
    expect(over.outcome).toMatchObject({ value: { abandonedActivityIds: ['x'] } });
    expect(disk.rows.get('x')?.owner).toBeDefined();
    await h.advance(19_000);
    expect(disk.rows.get('x')).toMatchObject({ owner: undefined, entry: { attempt: 1 } });
  });
});

describe('a lease', () => {
  test('refuses a second process, and says who holds it and until when', async () => {
    const disk = new MemoryDisk();
    const [first, second] = [processOn(disk), processOn(disk)];
    void first.run(never, { activityId: 'x' });
    await first.turn();
    const refused = second.watch(
      second.run(never, { activityId: 'x', idConflictPolicy: 'USE_EXISTING' }),
    );
    await second.turn();
    expect(refused.outcome).toMatchObject({
      error: expect.any(ActivityAlreadyStartedError) as unknown,
    });
    expect(refused.outcome).toMatchObject({
      error: {
        message: expect.stringMatching(
          /^activityId "x" is being run by runtime \S+ until 1970-01-01T00:00:30.000Z or longer; end that one, or wait$/,
        ) as unknown,
      },
    });
    expect((await second.engine.recover({ never })).held).toHaveLength(1);
    expect(disk.rows.get('x')).toMatchObject({ generation: 1 });
  });

  test('is renewed while the activity is open, and held entries are told', async () => {
    const disk = new MemoryDisk();
    const [first, second] = [processOn(disk), processOn(disk)];
    disk.now = () => first.clock.now();
    void first.run(never, { activityId: 'x', activityType: 'never' });
    await first.advance(100_000);
    const { held, recovered } = await second.engine.recover({ never });
    expect(recovered).toEqual([]);
    expect(held).toMatchObject([{ activityId: 'x', heldUntil: 130_000 }]);
  });

  test('ends after a shutdown: there is nothing to renew', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    await h.run(() => 1, { activityId: 'x' });
    expect(h.engine.stats().open).toBe(0);
  });

  test.each<[string, (ctx: ActivityContext) => unknown, object]>([
    ['while an attempt runs', (ctx) => ctx.cancelled, {}],
    [
      'in backoff',
      () => {
        throw new Error('no');
      },
      { retryPolicy: { initialInterval: '1h' } },
    ],
  ])('that is lost %s ends the activity with NOT_FOUND', async (_, fn, options) => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    let heard: unknown;
    const run = h.watch(
      h.run(
        (ctx) => {
          ctx.signal.addEventListener('abort', () => {
            heard = ctx.signal.reason;
          });
          return fn(ctx);
        },
        { activityId: 'x', ...options },
      ),
    );
    await h.advance(1);
    Object.assign(disk.rows.get('x')!, { owner: 'another one', generation: 99 });
    await h.advance(10_000);
    expect(run.outcome).toMatchObject({
      error: {
        cause: {
          message: expect.stringContaining('The lease of activity "x" is lost: another') as unknown,
        },
      },
    });
    expect((run.outcome as { error: ActivityFailure }).error.cause).toBeInstanceOf(
      HeartbeatStoreError,
    );
    if (heard !== undefined) {
      expect(heard).toBeInstanceOf(CancelledFailure);
      expect(heard).toMatchObject({ message: 'NOT_FOUND' });
    }
    expect(disk.rows.get('x')).toMatchObject({ owner: 'another one', entry: { activityId: 'x' } });
  });

  test('that is lost while the activity is paused ends it', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const handle = h.start(never, { activityId: 'x', startDelay: '1h' });
    await h.turn();
    handle.pause();
    await h.turn();
    disk.rows.get('x')!.owner = 'another one';
    await h.advance(10_000);
    expect(handle.describe().status).toBe('FAILED');
  });

  test('that is lost is heard at the next report too', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const run = h.watch(
      h.run(count(100), { activityId: 'x', args: [1], heartbeatThrottleInterval: 0 }),
    );
    await h.advance(1_500);
    Object.assign(disk.rows.get('x')!, { owner: 'another one', generation: 99 });
    await h.advance(1_000);
    expect(run.outcome).toMatchObject({ state: 'rejected' });
    expect(disk.rows.get('x')?.snapshot).toBe('{"json":2}');
  });

  test('that was lost before the result keeps the result from the caller', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const run = h.watch(h.run(() => h.work(1_000), { activityId: 'x' }));
    await h.advance(500);
    Object.assign(disk.rows.get('x')!, { owner: 'another one', generation: 99 });
    await h.advance(500);
    expect(run.outcome).toMatchObject({ state: 'rejected' });
    expect(disk.rows.get('x')).toMatchObject({ entry: { activityId: 'x' } });
  });

  test('that cannot be renewed is lost when its time is over', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const run = h.watch(h.run(never, { activityId: 'x' }));
    await h.advance(1);
    disk.failure = new Error('disk');
    await h.advance(29_000);
    expect(run.outcome.state).toBe('pending');
    await h.advance(2_000);
    expect(run.outcome).toMatchObject({
      error: { cause: { message: expect.stringContaining('disk') as unknown } },
    });
  });
});

describe('a ledger that fails', () => {
  test('is tried once more at the end, then logged; the caller gets its result', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const run = h.watch(h.run(() => h.work(1_000), { activityId: 'x' }));
    await h.advance(500);
    disk.failure = new Error('full');
    await h.advance(500);
    expect(run.outcome).toMatchObject({ state: 'resolved' });
    expect(h.logs.filter(({ level }) => level === 'error').at(-1)?.message).toContain(
      'stays in its ledger',
    );
  });

  test.each(['rejects', 'throws'])(
    'says that only the details stay if delete always %s',
    async (how) => {
      const disk = new MemoryDisk();
      let deletes = 0;
      const h = processOn(disk, {}, () => ({
        delete: () => {
          deletes++;
          if (how === 'throws') throw new Error('full');
          return Promise.reject(new Error('full'));
        },
      }));
      const run = h.watch(h.run((ctx) => ctx.heartbeat(5), { activityId: 'x' }));
      await h.turn();
      expect(run.outcome).toMatchObject({ state: 'resolved' });
      expect(disk.rows.get('x')).toMatchObject({ snapshot: '{"json":5}', owner: undefined });
      expect(disk.rows.get('x')?.entry).toBeUndefined();
      expect(deletes).toBe(2);
      expect(h.logs.filter(({ level }) => level === 'error')).toMatchObject([
        {
          message:
            'The store failed; the details of the activity stay, and the next run of its id resumes from them',
          attributes: { activityId: 'x', error: { message: 'full' } },
        },
      ]);
    },
  );

  test('removes the details with the second try, although the entry is gone', async () => {
    const disk = new MemoryDisk();
    let fails = true;
    const h = processOn(disk, {}, (store) => ({
      delete: (id: string, generation?: number) => {
        if (!fails) return store.delete(id, generation);
        fails = false;
        return Promise.reject(new Error('full'));
      },
    }));
    const run = h.watch(h.run((ctx) => ctx.heartbeat(5), { activityId: 'x' }));
    await h.turn();
    expect(run.outcome).toMatchObject({ state: 'resolved' });
    expect(disk.rows.size).toBe(0);
    expect(disk.log.filter((line) => line === 'close x')).toHaveLength(1);
    expect(h.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('writes an entry with its next change, if a write has failed', async () => {
    const disk = new MemoryDisk();
    const h = processOn(disk);
    const handle = h.start(never, { activityId: 'x' });
    await h.turn();
    disk.failure = new Error('full');
    handle.pause();
    await h.turn();
    expect(h.logs.map(({ level }) => level)).toContain('error');
    disk.failure = undefined;
    handle.unpause();
    handle.pause();
    await h.turn();
    expect(disk.rows.get('x')?.entry?.runState).toBe('PAUSE_REQUESTED');
  });
});

test('changed options are kept, and a policy that cannot be kept is refused', async () => {
  const disk = new MemoryDisk();
  const h = processOn(disk);
  const handle = h.start(never, { activityId: 'x', activityType: 'never', heartbeatTimeout: '1h' });
  await h.turn();
  handle.updateOptions({
    heartbeatTimeout: null,
    priority: 1,
    retryPolicy: { maximumAttempts: 3 },
  });
  expect(() => handle.updateOptions({ retryPolicy: { shouldRetry: () => true } })).toThrow(
    'shouldRetry',
  );
  await h.turn();
  die(disk);
  const { recovered } = await processOn(disk).engine.recover({ never });
  expect(recovered[0]!.options).toMatchObject({
    heartbeatTimeoutMs: 0,
    priority: 1,
    retryPolicy: { maximumAttempts: 3 },
  });
});

test('the next activity with the same id waits until the one before has left the ledger', async () => {
  const disk = new MemoryDisk();
  const h = processOn(disk);
  const results: unknown[] = [];
  h.engine.events.add(
    'completed',
    () => {
      if (results.length === 0)
        void h.run(count(2), { activityId: 'x', args: [1] }).then((r) => results.push(r));
    },
    true,
  );
  void h.run(count(1), { activityId: 'x', args: [1] }).then((r) => results.push(r));
  await h.advance(5_000);
  expect(results).toEqual([1, 2]);
  expect(disk.rows.size).toBe(0);
});
