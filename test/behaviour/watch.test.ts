/** `ctx.watch`: streams that stall, and what is left of them. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import type { ActivityFailure } from '../../src/index.js';
import {
  ActivityRuntime,
  ApplicationFailure,
  isTimeout,
  TimeoutFailure,
  type ActivityContext,
} from '../../src/index.js';
import { TestActivityEnvironment } from '../../src/testing.js';
import { Harness, never } from '../support/harness.js';
import { collectUnhandledRejections } from '../support/outcomes.js';
import { turn } from '../support/virtual-clock.js';

const once = { retryPolicy: { maximumAttempts: 1 } } as const;

/** A stream that yields these items and then nothing more, and that tells how it was closed. */
function silentAfter<T>(...items: T[]) {
  const closed = vi.fn(() => Promise.resolve({ done: true as const, value: undefined }));
  const left = [...items];
  const stream: AsyncIterable<T> = {
    [Symbol.asyncIterator]: () => ({
      next: () =>
        left.length > 0
          ? Promise.resolve({ done: false as const, value: left.shift() as T })
          : new Promise<never>(() => {}),
      return: closed,
    }),
  };
  return { stream, closed };
}

async function* each<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** Leaves the loop with the first item. */
async function firstOf<T>(stream: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of stream) return item;
  return undefined;
}

/** The failure behind a rejected run. */
const causeOf = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => (error as ActivityFailure).cause,
  );

describe('items of ctx.watch', () => {
  test('come through as they are, and each one is a heartbeat', async () => {
    const env = new TestActivityEnvironment();
    const items = await env.run((ctx) => collect(ctx.watch(each('a', 'b', 'c'))));
    expect(items).toEqual(['a', 'b', 'c']);
    expect(env.heartbeats).toEqual([undefined, undefined, undefined]);
  });

  test('count in the details once the loop is done with them', async () => {
    const env = new TestActivityEnvironment();
    const seen: number[][] = [];
    await env.run(async (ctx: ActivityContext<number>) => {
      const from = ctx.heartbeatDetails ?? 0;
      const mine: number[] = [];
      seen.push(mine);
      const items = each(...[1, 2, 3, 4].slice(from));
      for await (const item of ctx.watch(items, { details: (_, index) => from + index + 1 })) {
        mine.push(item);
        if (ctx.info.attempt === 1 && item === 3) throw new Error('while it works on 3');
      }
    });
    expect(seen).toEqual([
      [1, 2, 3],
      [3, 4],
    ]);
    expect(env.attempts[1]?.heartbeatDetails).toBe(2);
  });

  test('come in order when they are asked for at once', async () => {
    const env = new TestActivityEnvironment();
    const results = await env.run(async (ctx) => {
      const items = ctx.watch(each(1, 2));
      return Promise.all([items.next(), items.next(), items.next(), items.next()]);
    });
    expect(results.map(({ value }) => value as unknown)).toEqual([1, 2, undefined, undefined]);
  });

  test('end when the loop is left while one is asked for', async () => {
    const env = new TestActivityEnvironment();
    const end = { done: true, value: undefined };
    await env.run(async (ctx) => {
      const items = ctx.watch(new PassThrough(), { first: '5s' });
      const asked = items.next();
      expect(await items.return?.()).toEqual(end);
      expect(await asked).toEqual(end);
      const stalled = ctx.watch(new PassThrough(), { first: '5s' });
      const [first, ...others] = await Promise.allSettled([stalled.next(), stalled.next()]);
      expect(first).toMatchObject({ reason: { timeoutType: 'STREAM' } });
      expect(others).toMatchObject([{ value: end }]);
    });
  });

  test('that come after the loop is left do not come through', async () => {
    const env = new TestActivityEnvironment();
    let give!: (result: IteratorResult<number>) => void;
    const stream: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise((resolve) => (give = resolve)),
        return: () => env.sleep(10).then(() => ({ done: true, value: undefined })),
      }),
    };
    await env.run(async (ctx) => {
      const items = ctx.watch(stream);
      void items.next();
      const left = items.return?.();
      give({ done: false, value: 1 });
      expect(await left).toEqual({ done: true, value: undefined });
    });
  });

  test('do not come after the end, an error or a break', async () => {
    const env = new TestActivityEnvironment();
    await env.run(async (ctx) => {
      for (const items of [ctx.watch(each()), ctx.watch(each(1))]) {
        await firstOf(items);
        expect(await items.next()).toEqual({ done: true, value: undefined });
        expect(await items.return?.()).toEqual({ done: true, value: undefined });
      }
    });
  });

  test('an error of the stream is the error of the loop, and the stream is not closed again', async () => {
    const env = new TestActivityEnvironment();
    const broken = new Error('broken pipe');
    const closed = vi.fn();
    const stream: AsyncIterable<never> = {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(broken), return: closed }),
    };
    const cause = await causeOf(env.run((ctx) => collect(ctx.watch(stream)), once));
    expect(cause).toBe(broken);
    expect(closed).not.toHaveBeenCalled();
  });

  test('what is not a result of an iterator is refused as without ctx.watch', async () => {
    const env = new TestActivityEnvironment();
    const stream = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve() }) };
    const cause = await causeOf(
      env.run((ctx) => collect(ctx.watch(stream as unknown as AsyncIterable<never>)), once),
    );
    expect(cause).toMatchObject({ name: 'TypeError', message: /is not an object/ });
  });
});

describe('a stall of ctx.watch', () => {
  test('before the first item fails the attempt after `first`', async () => {
    const env = new TestActivityEnvironment();
    const { stream, closed } = silentAfter();
    const cause = await causeOf(
      env.run((ctx) => collect(ctx.watch(stream, { first: '60s', between: '1s' })), once),
    );
    expect(cause).toBeInstanceOf(TimeoutFailure);
    expect(cause).toMatchObject({
      timeoutType: 'STREAM',
      message: 'ctx.watch: no item came for 60000 ms; items so far: 0',
    });
    expect(env.now()).toBe(60_000);
    expect(closed).toHaveBeenCalledTimes(1);
  });

  test('between two items fails the attempt after `between`, and the next one resumes', async () => {
    const env = new TestActivityEnvironment();
    const streams = [silentAfter('a', 'b'), silentAfter('c')];
    const starts: unknown[] = [];
    const cause = await causeOf(
      env.run(
        async (ctx: ActivityContext<string>) => {
          starts.push(ctx.heartbeatDetails);
          const { stream } = streams[ctx.info.attempt - 1]!;
          const options = {
            first: '60s',
            between: '10s',
            details: (item: string) => item,
          } as const;
          await collect(ctx.watch(stream, options));
        },
        { retryPolicy: { maximumAttempts: 2 } },
      ),
    );
    expect(starts).toEqual([undefined, 'b']);
    expect(env.attempts.map(({ endedAt }) => endedAt)).toEqual([10_000, 21_000]);
    expect(cause).toMatchObject({
      message: 'ctx.watch: no item came for 10000 ms; items so far: 1',
      lastHeartbeatDetails: 'c',
    });
    expect(isTimeout(cause, 'STREAM')).toBe(true);
  });

  test('does not count the time that the loop takes', async () => {
    const env = new TestActivityEnvironment();
    const items = await env.run(async (ctx) => {
      const slow: number[] = [];
      for await (const item of ctx.watch(each(1, 2, 3), { first: '1s', between: '1s' })) {
        await ctx.sleep('1h');
        slow.push(item);
      }
      return slow;
    });
    expect(items).toEqual([1, 2, 3]);
  });

  test('counts each wait on its own', async () => {
    const env = new TestActivityEnvironment();
    async function* slow() {
      for (let item = 0; item < 5; item++) {
        await env.sleep('9s');
        yield item;
      }
    }
    const limits = { first: '10s', between: '10s' } as const;
    expect(await env.run((ctx) => collect(ctx.watch(slow(), limits)))).toHaveLength(5);
    expect(env.now()).toBe(45_000);
  });

  test('is not assumed because the event loop was blocked', async () => {
    const h = new Harness();
    let give!: (result: IteratorResult<number>) => void;
    const stream: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise((resolve) => (give = resolve)) }),
    };
    const run = h.watch(
      h.run(async (ctx) => {
        for await (const item of ctx.watch(stream, { first: 1_000 })) return item;
        return undefined;
      }),
    );
    await h.advance(500);
    h.clock.block(2_000);
    await h.advance(10);
    give({ done: false, value: 7 });
    await h.advance(0);
    expect(run.outcome).toMatchObject({ state: 'resolved', value: 7 });
  });

  test('is noticed in virtual time after a loop that does real work', async () => {
    const env = new TestActivityEnvironment();
    const { stream } = silentAfter(1, 2, 3);
    const cause = await causeOf(
      env.run(async (ctx) => {
        for await (const item of ctx.watch(stream, { between: '10s' })) {
          await new Promise((resolve) => setTimeout(resolve, item));
        }
      }, once),
    );
    expect(cause).toMatchObject({ message: expect.stringMatching(/items so far: 3/) as string });
  });

  test('can be caught in the function', async () => {
    const env = new TestActivityEnvironment();
    const result = await env.run(async (ctx) => {
      try {
        return await collect(ctx.watch(silentAfter(1).stream, { between: '5s' }));
      } catch (error) {
        return isTimeout(error, 'STREAM');
      }
    });
    expect(result).toBe(true);
    expect(env.attempts).toHaveLength(1);
  });

  test('shows the line of the loop first in its stack', async () => {
    const env = new TestActivityEnvironment();
    async function readAnswer(ctx: ActivityContext) {
      await ctx.watch(silentAfter().stream, { first: '1s' }).next();
    }
    const cause = await causeOf(env.run(readAnswer, once));
    expect((cause as Error).stack?.split('\n')[1]).toMatch(/readAnswer.*watch\.test\.ts/);
  });

  test('without limits ends with the attempt', async () => {
    const env = new TestActivityEnvironment();
    const { stream, closed } = silentAfter();
    const cause = await causeOf(
      env.run((ctx) => collect(ctx.watch(stream)), { ...once, heartbeatTimeout: '10s' }),
    );
    expect(cause).toMatchObject({ timeoutType: 'HEARTBEAT' });
    expect(closed).toHaveBeenCalledTimes(1);
  });
});

describe('an abort during ctx.watch', () => {
  test.each(['heartbeat', 'immediate'] as const)(
    'ends the wait at once, with %s delivery',
    async (cancellationDelivery) => {
      const h = new Harness();
      const { stream, closed } = silentAfter(1);
      const caught: unknown[] = [];
      const handle = h.start(
        async (ctx) => {
          try {
            await collect(ctx.watch(stream, { between: '10s' }));
          } catch (error) {
            caught.push(error);
            throw error;
          }
        },
        { cancellationDelivery },
      );
      const run = h.watch(handle.result());
      await h.advance(1);
      handle.cancel();
      await h.advance(0);
      expect(caught).toMatchObject([{ name: 'CancelledFailure', message: 'CANCELLED' }]);
      expect(closed).toHaveBeenCalledTimes(1);
      expect(run.outcome).toMatchObject({ state: 'rejected', at: 1 });
      expect(h.clock.pending).toBe(0);
    },
  );

  test('that came while the loop worked ends it before the next item is asked for', async () => {
    const env = new TestActivityEnvironment();
    const asked: number[] = [];
    async function* stream() {
      for (let item = 1; item < 10; item++) {
        asked.push(item);
        yield item;
      }
    }
    env.cancelOnHeartbeat(2);
    const cause = await causeOf(env.run((ctx) => collect(ctx.watch(stream()))));
    expect(cause).toMatchObject({ message: 'CANCELLED' });
    expect(asked).toEqual([1, 2]);
  });
});

describe('ctx.watch closes the stream', () => {
  test('when the loop breaks, and before the loop is left', async () => {
    const env = new TestActivityEnvironment();
    const order: string[] = [];
    async function* stream() {
      try {
        yield 1;
        yield 2;
      } finally {
        await env.sleep('100ms');
        order.push('closed');
      }
    }
    await env.run(async (ctx) => {
      await firstOf(ctx.watch(stream(), { between: '10s' }));
      order.push('left');
    });
    expect(order).toEqual(['closed', 'left']);
  });

  test('when the loop throws, and its error is the one that counts', async () => {
    const env = new TestActivityEnvironment();
    const { stream, closed } = silentAfter(1, 2);
    closed.mockRejectedValue(new Error('cannot close'));
    const own = new Error('own');
    const cause = await causeOf(
      env.run(async (ctx) => {
        for await (const item of ctx.watch(stream)) if (item === 1) throw own;
      }, once),
    );
    expect(cause).toBe(own);
    expect(closed).toHaveBeenCalledTimes(1);
  });

  test('and an error while closing after a break is the error of the loop', async () => {
    const env = new TestActivityEnvironment();
    const { stream, closed } = silentAfter(1, 2);
    closed.mockImplementation(() => {
      throw new Error('cannot close');
    });
    const cause = await causeOf(env.run((ctx) => firstOf(ctx.watch(stream)), once));
    expect(cause).toMatchObject({ message: 'cannot close' });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('cannot close');
      },
    ],
    ['rejects', () => Promise.reject(new Error('cannot close'))],
  ])('and logs a close that %s after a stall', async (_, close) => {
    const h = new Harness();
    const { stream, closed } = silentAfter();
    closed.mockImplementation(close);
    const run = h.watch(h.run((ctx) => collect(ctx.watch(stream, { first: 100 })), once));
    await h.advance(100);
    expect(run.outcome).toMatchObject({ error: { cause: { timeoutType: 'STREAM' } } });
    expect(h.logs).toMatchObject([
      {
        level: 'warn',
        message: 'The stream of ctx.watch failed to close',
        attributes: { error: { message: 'cannot close' } },
      },
    ]);
  });

  test.each(['a stall', 'a break'])(
    'and does not wait for a stream that never closes after %s',
    async (after) => {
      const env = new TestActivityEnvironment();
      const { stream, closed } = silentAfter(1);
      closed.mockReturnValue(never());
      const read = after === 'a break' ? firstOf : collect;
      const run = env.run((ctx) => read<number>(ctx.watch(stream, { between: '5s' })), once);
      if (after === 'a break') await run;
      else expect(await causeOf(run)).toMatchObject({ timeoutType: 'STREAM' });
      expect(env.now()).toBe(after === 'a break' ? 1_000 : 5_000);
    },
  );

  test('when details cannot be made or sent', async () => {
    const env = new TestActivityEnvironment();
    const { stream, closed } = silentAfter(1, 2);
    const details = () => {
      throw new ApplicationFailure('no details');
    };
    const cause = await causeOf(env.run((ctx) => collect(ctx.watch(stream, { details })), once));
    expect(cause).toMatchObject({ message: 'no details' });
    expect(closed).toHaveBeenCalledTimes(1);
    const unsendable = { details: () => () => {} };
    const refused = await causeOf(
      env.run((ctx) => collect(ctx.watch(silentAfter(1).stream, unsendable))),
    );
    expect(refused).toMatchObject({ name: 'HeartbeatDetailsError' });
  });

  test('and leaves no timer, no listener and no unhandled rejection', async () => {
    const rejections = collectUnhandledRejections();
    const h = new Harness();
    const run = h.watch(
      h.run(async (ctx) => {
        await collect(ctx.watch(each(1, 2), { first: '1h', between: '1h' }));
        await firstOf(ctx.watch(each(1, 2), { first: '1h', between: '1h' }));
        await collect(ctx.watch(silentAfter().stream, { first: '1s' })).catch(() => {});
        await ctx.sleep(0);
        return h.clock.pending;
      }),
    );
    await h.advance(2_000);
    expect(run.outcome).toMatchObject({ value: 0 });
    expect(h.clock.pending).toBe(0);
    await turn();
    expect(rejections.stop()).toEqual([]);
  });
});

describe('streams of the platform', () => {
  test('a web stream is cancelled and unlocked after a stall', async () => {
    const env = new TestActivityEnvironment();
    const cancel = vi.fn();
    const stream = new ReadableStream<number>({ start: (to) => to.enqueue(1), cancel });
    const cause = await causeOf(
      env.run((ctx) => collect(ctx.watch(stream, { between: '5s' })), once),
    );
    expect(cause).toMatchObject({ timeoutType: 'STREAM' });
    expect(cancel).toHaveBeenCalledTimes(1);
    expect(stream.locked).toBe(false);
  });

  test('a web stream is cancelled after a break, and read to its end without one', async () => {
    const env = new TestActivityEnvironment();
    const cancel = vi.fn();
    await env.run(async (ctx) => {
      const stream = new ReadableStream<number>({ start: (to) => to.enqueue(1), cancel });
      for await (const item of ctx.watch(stream)) {
        expect(item).toBe(1);
        break;
      }
      expect(cancel).toHaveBeenCalledTimes(1);
      const web = Readable.toWeb(Readable.from(['a', 'b'])) as ReadableStream<string>;
      expect(await collect(ctx.watch(web))).toEqual(['a', 'b']);
    });
  });

  test('a stream of Node is destroyed after a stall', async () => {
    const env = new TestActivityEnvironment();
    const stream = new PassThrough();
    stream.write('first');
    const cause = await causeOf(
      env.run((ctx) => collect(ctx.watch(stream, { between: '5s' })), once),
    );
    expect(cause).toMatchObject({ timeoutType: 'STREAM' });
    expect(stream.destroyed).toBe(true);
  });

  test('the stream of a model client is aborted by its controller after a stall', async () => {
    const env = new TestActivityEnvironment();
    const controller = new AbortController();
    async function* tokens() {
      yield 'a';
      await new Promise((_, reject) => controller.signal.addEventListener('abort', reject));
    }
    const stream = Object.assign(tokens(), { controller });
    const cause = await causeOf(
      env.run((ctx) => collect(ctx.watch(stream, { between: '5s' })), once),
    );
    expect(cause).toMatchObject({ timeoutType: 'STREAM' });
    expect(controller.signal.aborted).toBe(true);
  });

  test('the body of a response that stalls is cancelled, and its connection closes', async () => {
    const served: Promise<void>[] = [];
    const server: Server = createServer((_, response) => {
      served.push(new Promise((resolve) => response.on('close', resolve)));
      response.write('data: 1\n\n');
      if (served.length > 1) response.end('data: 2\n\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const runtime = new ActivityRuntime({ logger: false });
    const text = await runtime.run(
      async (ctx) => {
        const { body } = await fetch(url, { signal: ctx.signal });
        const chunks = body!.pipeThrough(new TextDecoderStream());
        return (await collect(ctx.watch(chunks, { between: 100 }))).join('');
      },
      { retryPolicy: { initialInterval: 1, maximumAttempts: 2 } },
    );
    expect(text).toBe('data: 1\n\ndata: 2\n\n');
    await Promise.all(served);
    server.close();
  });
});

describe('a refusal by ctx.watch', () => {
  test.each([
    [undefined, 'ctx.watch: received undefined; expected an async iterable or a ReadableStream'],
    [[1, 2], 'ctx.watch: received an array of 2; expected an async iterable or a ReadableStream'],
    [
      Promise.resolve(each(1)),
      'ctx.watch: received an instance of Promise; expected an async iterable or a ReadableStream',
    ],
  ])('of %s names what is accepted', async (stream, message) => {
    const env = new TestActivityEnvironment();
    const cause = await causeOf(env.run((ctx) => void ctx.watch(stream as never), once));
    expect(cause).toMatchObject({ name: 'TypeError', message });
    expect((cause as Error).stack?.split('\n')[1]).toContain('watch.test.ts');
  });

  test('of an unknown option names the nearest one', async () => {
    const env = new TestActivityEnvironment();
    const options = { betwen: '5s' } as never;
    const cause = await causeOf(env.run((ctx) => void ctx.watch(each(1), options), once));
    expect(cause).toMatchObject({
      message: 'ctx.watch has no option "betwen"; did you mean "between"?',
    });
    const none = await causeOf(env.run((ctx) => void ctx.watch(each(1), null as never), once));
    expect(none).toMatchObject({ message: /^ctx\.watch: received null; expected an object such/ });
  });

  test('of a bad limit names the option', async () => {
    const env = new TestActivityEnvironment();
    for (const name of ['first', 'between']) {
      const cause = await causeOf(
        env.run((ctx) => void ctx.watch(each(1), { [name]: '5' as never }), once),
      );
      expect((cause as Error).message).toContain(`ctx.watch ${name}: received "5"`);
    }
  });
});

test('a loop of ctx.watch that is left running when its attempt ends gets no further items', async () => {
  const h = new Harness();
  const items: number[] = [];
  let closed = false;
  async function* source() {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      closed = true;
    }
  }
  const run = h.run((ctx) => {
    void (async () => {
      for await (const item of ctx.watch(source())) {
        items.push(item);
        await h.work(10);
      }
    })();
    return h.work(25);
  });
  await h.advance(25);
  await run;
  await h.advance(1_000);
  expect(items).toEqual([0, 1, 2]);
  expect(closed).toBe(true);
});
