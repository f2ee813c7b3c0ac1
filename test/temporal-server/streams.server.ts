/** `ctx.watch` and `ctx.yield` in activities that run on a real server, beside the same in process. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ActivityRuntime,
  isTimeout,
  type ActivityContext,
  type ActivityFailure,
  type ActivityOptions,
} from 'systole';
import { TemporalRuntime, toTemporal } from 'systole/temporal';
import { startWorkers, type Workers } from './worker.js';

/** Yields numbers from `first`, and stalls before `stallsAt`. */
async function* tokens(first: number, stallsAt: number, onClosed: () => void) {
  try {
    for (let token = first; token < 6; token++) {
      if (token === stallsAt) await new Promise(() => {});
      yield token;
    }
  } finally {
    onClosed();
  }
}

interface Read {
  readonly attempts: number;
  readonly resumedFrom: number;
  readonly read: number[];
}

/** Reads a stream that stalls at token 3 in the first attempt, and goes on from there. */
async function readStream(ctx: ActivityContext<{ next: number }>): Promise<Read> {
  const first = ctx.heartbeatDetails?.next ?? 0;
  const stallsAt = ctx.info.attempt === 1 ? 3 : Infinity;
  const read: number[] = [];
  const stream = tokens(first, stallsAt, () => {});
  const details = (token: number) => ({ next: token + 1 });
  for await (const token of ctx.watch(stream, { between: 300, details })) read.push(token);
  return { attempts: ctx.info.attempt, resumedFrom: first, read };
}

/** Fails with what the stream that stalls fails with. */
async function stalls(ctx: ActivityContext): Promise<void> {
  const stream = tokens(0, 2, () => {});
  for await (const token of ctx.watch(stream, { between: 300 })) expect(token).toBeLessThan(2);
}

/** Reads a stream without an end, until it is cancelled. On Temporal a heartbeat brings that. */
async function waits(ctx: ActivityContext): Promise<void> {
  for await (const token of ctx.watch(slowTokens())) expect(token).toBe('again');
}

async function* slowTokens() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    yield 'again';
  }
}

/** Computes until it is cancelled. */
async function computes(ctx: ActivityContext): Promise<never> {
  for (;;) await ctx.yield();
}

const activities = { readStream, stalls, waits, computes };
const options: ActivityOptions = {
  heartbeatTimeout: '5s',
  startToCloseTimeout: '30s',
  retryPolicy: { initialInterval: '50ms', maximumAttempts: 2 },
};

let workers: Workers;
let connection: Connection;
let there: TemporalRuntime;
const here = new ActivityRuntime({ logger: false, defaults: options });

beforeAll(async () => {
  const address = process.env['TEMPORAL_ADDRESS'] ?? '';
  const namespace = process.env['TEMPORAL_NAMESPACE'] ?? 'default';
  connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  workers = await startWorkers(address, namespace, toTemporal(activities));
  there = new TemporalRuntime({ client, taskQueue: workers.queue('fast'), defaults: options });
});

afterAll(async () => {
  await workers.stop();
  await connection.close();
});

describe.each(['in process', 'on Temporal'] as const)('%s', (where) => {
  const runtime = () => (where === 'in process' ? here : there);

  test('a stream that stalls is retried, and resumes behind its last item', async () => {
    expect(await runtime().run(readStream)).toEqual({
      attempts: 2,
      resumedFrom: 3,
      read: [3, 4, 5],
    });
  });

  test('a stall is a timeout of type STREAM with the number of items', async () => {
    const failed = (await runtime()
      .run(stalls)
      .catch((error: unknown) => error)) as ActivityFailure;
    expect(failed.attempt).toBe(2);
    expect((failed.cause as Error).message).toContain('items so far: 2');
    expect(isTimeout(failed.cause, 'STREAM')).toBe(true);
  });

  test.each(['waits', 'computes'] as const)('a cancellation ends a loop that %s', async (name) => {
    const handle = await runtime().start(activities[name], {
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    });
    await handle.cancel('enough');
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  });
});
