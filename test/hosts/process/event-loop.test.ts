/** Real time on a real event loop: busy loops, and turns between attempts. */
import { open } from 'node:fs/promises';
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

describe('a blocked event loop is not a missed heartbeat', () => {
  test('for an activity that reads files and is blocked for three timeouts again and again', async () => {
    const runtime = new ActivityRuntime({ logger: false });
    const failed: unknown[] = [];
    runtime.on('attemptFailed', ({ failure }) => failed.push(failure));
    const heartbeatTimeout = 200;
    const blocks = { left: 4 };
    let beats = 0;
    let beatsBefore = 0;
    const blocking = setInterval(() => {
      if (beats === beatsBefore) return; // each block is one that a heartbeat came before
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
  });

  test('when the block comes in the middle of the reads between two heartbeats', async () => {
    const runtime = new ActivityRuntime({ logger: false });
    const heartbeatTimeout = 500; // what is left of it after a block must do for the reads on a busy machine
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
  }, 15_000);
});

test('a hung activity on a loop that is busy 100 ms of every 110 times out within three timeouts', async () => {
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
});

test('attempts without a delay between them let the event loop turn', async () => {
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
