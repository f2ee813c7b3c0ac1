/** Real time on a real event loop: busy loops, and turns between attempts. */
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  ActivityRuntime,
  ApplicationFailure,
  TimeoutFailure,
  type ActivityFailure,
} from '../../../src/index.js';

/** Blocks the event loop. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Reads this file in small pieces: each takes a turn of the event loop or more. */
async function readInPieces(pieces: number): Promise<number> {
  const file = await open(fileURLToPath(import.meta.url));
  try {
    const buffer = Buffer.alloc(64);
    let bytes = 0;
    for (let piece = 0; piece < pieces; piece++) {
      bytes += (await file.read(buffer, 0, buffer.length, piece * buffer.length)).bytesRead;
    }
    return bytes;
  } finally {
    await file.close();
  }
}

/** Two connected sockets. Data can be read when the loop gets to its I/O again. */
async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const here = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [there] = (await once(server, 'connection')) as [Socket];
  server.close();
  return [here, there];
}

// Threads do the reads, and a busy machine may delay them.
describe('a blocked event loop is not a missed heartbeat', () => {
  test(
    'for an activity that reads files and is blocked for three timeouts, many times',
    { retry: 3 },
    async () => {
      const runtime = new ActivityRuntime({ logger: false });
      const failed: unknown[] = [];
      runtime.on('attemptFailed', ({ failure }) => failed.push(failure));
      const heartbeatTimeout = 200;
      const blocks = { left: 4 };
      let beats = 0;
      let beatsBefore = 0;
      const blocking = setInterval(() => {
        if (beats === beatsBefore) return; // each block comes after a heartbeat
        beatsBefore = beats;
        if (blocks.left-- > 0) block(3 * heartbeatTimeout);
        else clearInterval(blocking);
      }, heartbeatTimeout / 2);
      const bytes = await runtime.run(
        async (ctx) => {
          let total = 0;
          while (blocks.left >= 0) {
            total += await readInPieces(5);
            ctx.heartbeat({ total });
            beats++;
          }
          return total;
        },
        { heartbeatTimeout, retryPolicy: { maximumAttempts: 1 } },
      );
      expect(failed).toEqual([]);
      expect(bytes).toBeGreaterThan(0);
    },
  );

  test('if the block comes during the reads between two heartbeats', { retry: 3 }, async () => {
    const runtime = new ActivityRuntime({ logger: false });
    const heartbeatTimeout = 500; // what is left after a block must suffice on a busy machine
    let beats = 0;
    await runtime.run(
      async (ctx) => {
        for (let round = 0; round < 3; round++) {
          const reading = readInPieces(5);
          setImmediate(() => block(3 * heartbeatTimeout));
          await reading;
          ctx.heartbeat(++beats);
        }
      },
      { heartbeatTimeout, retryPolicy: { maximumAttempts: 1 } },
    );
    expect(beats).toBe(3);
  });
});

describe('an activity that heartbeats in every turn of the event loop is not timed out by', () => {
  const heartbeatTimeout = 100;
  const times = (n: number, ms: number): number[] => Array.from({ length: n }, () => ms);
  /** Blocks, in parts of the timeout. */
  const patterns: readonly (readonly [string, number[]])[] = [
    ['a block that ends just after the deadline', [1.01]],
    ['one block of three timeouts', [3]],
    ['two of just over half a timeout', [0.505, 0.505]],
    ['two of half a timeout', [0.5, 0.5]],
    ['a long one and a short one', [0.99, 0.03]],
    ['six of just over half a timeout', times(6, 0.505)],
    ['twelve of half a timeout', times(12, 0.5)],
    ['many short ones', times(30, 0.1)],
    ['three blocks of three timeouts', times(3, 3)],
    ['a mixture', [0.7, 0.2, 1.3, 0.51, 0.1, 2, 0.95, 0.06]],
  ];

  /**
   * Heartbeats whenever the loop gets to its I/O, while the loop is blocked in the given pattern.
   */
  async function runThrough(blocks: readonly number[]): Promise<unknown[]> {
    const [here, there] = await socketPair();
    const runtime = new ActivityRuntime({ logger: false });
    const failures: unknown[] = [];
    runtime.on('attemptFailed', ({ failure }) => failures.push(failure));
    let beats = 0;
    let onBeat = (): void => {};
    const beating = runtime.run(
      async (ctx) => {
        here.write('beat');
        const incoming = there[Symbol.asyncIterator]();
        while ((await incoming.next()).done !== true) {
          ctx.heartbeat(++beats);
          here.write('beat');
          onBeat();
        }
      },
      { heartbeatTimeout, retryPolicy: { maximumAttempts: 1 } },
    );
    beating.catch(() => {});
    // The first block comes right after a heartbeat, and the second before the loop gets to its I/O.
    await new Promise<void>((resolve) => (onBeat = resolve));
    for (const part of blocks) {
      block(part * heartbeatTimeout);
      await turn();
    }
    const before = beats;
    while (beats < before + 3 && failures.length === 0) await turn();
    here.destroy();
    there.destroy();
    await Promise.allSettled([beating]);
    return failures.filter((failure) => failure instanceof TimeoutFailure);
  }

  test.each(patterns)('%s: %j timeouts', async (_, blocks) => {
    expect(await runThrough(blocks)).toEqual([]);
  });
});

// A machine that stalls may make these late, and then they are repeated.
test(
  'a hung activity on a loop that is blocked in every turn times out within three timeouts',
  { retry: 3 },
  async () => {
    const runtime = new ActivityRuntime({ logger: false });
    const heartbeatTimeout = 400;
    let endedAt = NaN;
    runtime.once('attemptFailed', () => (endedAt = performance.now()));
    const startedAt = performance.now();
    runtime
      .run(() => new Promise<never>(() => {}), {
        heartbeatTimeout,
        retryPolicy: { maximumAttempts: 1 },
      })
      .catch(() => {});
    while (Number.isNaN(endedAt)) {
      block(0.2 * heartbeatTimeout);
      await turn();
    }
    expect(endedAt - startedAt).toBeGreaterThanOrEqual(heartbeatTimeout);
    expect(endedAt - startedAt).toBeLessThanOrEqual(3 * heartbeatTimeout);
  },
);

test(
  'a hung activity on a loop that is busy for 100 of every 110 ms times out within three timeouts',
  { retry: 3 },
  async () => {
    const runtime = new ActivityRuntime({ logger: false });
    const heartbeatTimeout = 400;
    let goOn = true;
    const keepBusy = (): void => {
      block(100);
      if (goOn) setTimeout(keepBusy, 10);
    };
    let endedAt = NaN;
    runtime.once('attemptFailed', () => (endedAt = performance.now()));
    const startedAt = performance.now();
    const run = runtime.run(() => new Promise<never>(() => {}), {
      heartbeatTimeout,
      retryPolicy: { maximumAttempts: 1 },
    });
    setTimeout(keepBusy, 10);
    const failure = (await run.catch((error: unknown) => error)) as ActivityFailure;
    goOn = false;
    expect(failure.cause).toBeInstanceOf(TimeoutFailure);
    expect(failure.cause).toMatchObject({ timeoutType: 'HEARTBEAT' });
    expect(endedAt - startedAt).toBeGreaterThanOrEqual(heartbeatTimeout);
    expect(endedAt - startedAt).toBeLessThanOrEqual(3 * heartbeatTimeout);
  },
);

test('attempts without a delay between them still let the event loop turn', async () => {
  const runtime = new ActivityRuntime({ logger: false });
  let turns = 0;
  let counting = true;
  const count = (): void => {
    turns++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  await runtime.run((ctx) => {
    if (ctx.info.attempt < 20) throw ApplicationFailure.create({ nextRetryDelay: 0 });
  });
  counting = false;
  expect(turns).toBeGreaterThanOrEqual(19);
});
