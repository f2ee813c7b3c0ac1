// What a function is given, throws and heartbeats in a Jest host, whose DOMException is that of
// another realm, and which under jsdom has no TextEncoder.
import { ActivityRuntime, runActivity } from 'systole';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from 'systole/node';

const once = { retryPolicy: { maximumAttempts: 1 } };
const retryPolicy = { initialInterval: 1, maximumAttempts: 3 };

/** The attempts of an activity that always throws this. */
async function attemptsWith(thrown, nonRetryableErrorTypes) {
  let attempts = 0;
  const failing = async () => {
    attempts++;
    throw thrown;
  };
  const call = { retryPolicy: { ...retryPolicy, nonRetryableErrorTypes } };
  await expect(runActivity(failing, call)).rejects.toThrow('failed at attempt');
  return attempts;
}

describe('the context', () => {
  test('can be spied on', async () => {
    await runActivity(async (ctx) => {
      const { heartbeat } = ctx;
      const spy = jest.spyOn(ctx, 'heartbeat');
      ctx.heartbeat({ row: 1 });
      expect(spy).toHaveBeenCalledWith({ row: 1 });
      spy.mockRestore();
      expect(ctx.heartbeat).toBe(heartbeat);
    }, once);
  });

  test('can be spread, destructured, inherited from and printed', async () => {
    await runActivity(async (ctx) => {
      const spread = { ...ctx, db: 'a connection' };
      expect(spread).toMatchObject({ db: 'a connection', info: { attempt: 1 } });
      spread.heartbeat(1);
      const { info, ...others } = ctx;
      expect(others.signal.aborted).toBe(false);
      expect(Object.create(ctx, { user: { value: 'me' } }).info).toBe(info);
      expect(JSON.parse(JSON.stringify(ctx)).info.activityId).toBe(info.activityId);
    }, once);
  });
});

describe('a DOMException', () => {
  const aborted = () => new DOMException('the request was aborted', 'AbortError');

  test('is an error whose message the caller sees', async () => {
    const failed = runActivity(async () => {
      throw new DOMException('no such key', 'NotFoundError');
    }, once);
    await expect(failed).rejects.toThrow('NotFoundError: no such key');
  });

  test('is not retried if its name is listed', async () => {
    expect(await attemptsWith(aborted(), ['AbortError'])).toBe(1);
    expect(await attemptsWith(aborted(), ['TimeoutError'])).toBe(3);
  });

  test('is not retried if its class is listed', async () => {
    expect(await attemptsWith(aborted(), [DOMException])).toBe(1);
  });

  test('can be heartbeat details', async () => {
    const details = await runActivity(
      async (ctx) => {
        if (ctx.info.attempt === 2) return ctx.heartbeatDetails;
        ctx.heartbeat({ last: aborted() });
        throw new Error('retried');
      },
      { retryPolicy },
    );
    expect(details.last.message).toBe('the request was aborted');
  });
});

test('details of 100 kB are kept, measured and stored', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'systole-'));
  const runtime = new ActivityRuntime({ store: fileStore(folder), logger: false });
  const big = { text: 'é'.repeat(50_000) };
  try {
    const found = await runtime.run(
      async (ctx) => {
        if (ctx.info.attempt === 2) return ctx.heartbeatDetails;
        ctx.heartbeat(big);
        throw new Error('retried');
      },
      { activityId: 'big', retryPolicy },
    );
    expect(found).toEqual(big);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
