/** Runs in its own process, where garbage can be collected on demand and the heap be measured. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';

interface Report {
  /** The number of activities for each kind of end. */
  readonly started: Readonly<Record<string, number>>;
  readonly outcomes: { readonly resolved: number; readonly rejected: number };
  readonly heap: { readonly before: number; readonly after: number };
  readonly left: Readonly<Record<string, unknown>>;
}

/** Unoptimised code that is kept, so that the heap holds activities and not compiled code. */
const FLAGS = ['--expose-gc', '--no-opt', '--no-flush-bytecode'];

function run(fixture: string, ...args: readonly unknown[]): Promise<Report> {
  const path = fileURLToPath(new URL(`../hosts/process/fixtures/${fixture}.mts`, import.meta.url));
  const child = spawn(process.execPath, [...FLAGS, '--import', 'tsx', path, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 170_000,
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(stdout) as Report);
      else reject(new Error(`${fixture} ended with ${String(code)}`));
    });
  });
}

describe('after 100,000 activities of every ending', () => {
  let report!: Report;
  beforeAll(async () => {
    report = await run('leaks', 40_000, 60_000);
  });

  test('all activities have ended', () => {
    const { started, outcomes } = report;
    const total = Object.values(started).reduce((sum, each) => sum + each, 0);
    expect(total).toBeGreaterThanOrEqual(100_000);
    expect(Object.keys(started).length).toBeGreaterThanOrEqual(25);
    expect(Math.min(...Object.values(started))).toBeGreaterThanOrEqual(1_000);
    // Some kinds of end need others that fill the slots, or a second call. These do not count.
    expect(outcomes.resolved + outcomes.rejected).toBeGreaterThanOrEqual(total);
    expect(outcomes.resolved).toBeGreaterThan(10_000);
    expect(outcomes.rejected).toBeGreaterThan(10_000);
  });

  test('nothing is left: no timer, no listener on the outside signal, no token, no listed activity', () => {
    expect(report.left).toEqual({
      timers: 0,
      listeners: 0,
      tokens: 0,
      slots: 0,
      stats: {
        open: 0,
        running: 0,
        waiting: 0,
        paused: 0,
        delayed: 0,
        slotsUsed: 0,
        slotsAvailable: null,
        oldestWaitMs: 0,
      },
      listed: 0,
    });
  });

  test('the heap is as large as before, within 2 %', () => {
    const { before, after } = report.heap;
    expect(after).toBeLessThan(1.02 * before);
  });
});

test('openTelemetry keeps nothing of activities that have ended', async () => {
  const { heap, left } = await run('leaks', 3_000, 5_000, 'openTelemetry');
  expect(left).toMatchObject({ timers: 0, listeners: 0, tokens: 0, listed: 0 });
  expect(heap.after).toBeLessThan(1.02 * heap.before);
});
