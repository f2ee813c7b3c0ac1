import { expect, test, vi } from 'vitest';
import { ActivityRuntime, type ActivityContext } from '../../../src/index.js';
import { showProgress } from '../../../src/progress.js';
import { Display, type ProgressOptions, type ProgressStream } from '../../../src/progress/show.js';
import type { Watchable } from '../../../src/progress/roster.js';
import { ActivityHandle } from '../../../src/runtime/handle.js';
import { Harness, never } from '../../support/harness.js';
import { TestTerminal } from '../../support/screen.js';

function runtimeOf({ engine }: Harness): Watchable {
  return {
    on: (name, listener, options) => engine.events.add(name, listener, false, options?.passive),
    list: () => engine.list(),
    getHandle: <R, D>(id: string) => {
      const execution = engine.find(id);
      return new ActivityHandle<R, D>(execution, execution.result);
    },
  };
}

function display(
  harness: Harness,
  stream: ProgressStream,
  progress?: ProgressOptions['progress'],
): Display {
  return new Display(runtimeOf(harness), stream, progress, harness.clock, []);
}

/** A stream that is no terminal. */
function file() {
  const lines: string[] = [];
  return { lines, write: (text: string) => lines.push(text) };
}

test('open activities have a line each, which goes when they close', async () => {
  const harness = new Harness();
  const terminal = new TestTerminal(100, 24);
  const early = harness.start(never, { activityId: 'early', activityType: 'import' });
  display(harness, terminal);
  const late = async (ctx: ActivityContext): Promise<void> => {
    ctx.heartbeat({ done: 1, total: 4 });
    await harness.work(500);
  };
  void harness.start(late, { activityId: 'late', activityType: 'resize' });
  await harness.advance(100);
  expect(await terminal.lines()).toEqual([
    'import early',
    'resize late   ████░░░░░░░░░░░░  25 %  1/4  ♥ 0.1 s',
  ]);
  await harness.advance(500);
  expect(await terminal.lines()).toEqual(['import early']);
  early.terminate();
  await harness.advance(100);
  expect(await terminal.lines()).toEqual([]);
});

test('nothing is written and no timer is set while nothing is open', async () => {
  const harness = new Harness();
  const terminal = new TestTerminal(100, 24);
  const setTimer = vi.spyOn(harness.clock, 'setTimer');
  const inBackground = (): number => setTimer.mock.calls.filter((call) => call[2] === true).length;
  display(harness, terminal);
  expect(inBackground()).toBe(0);
  await harness.run(() => undefined);
  expect(inBackground()).toBe(1);
  await harness.advance(10_000);
  expect(inBackground()).toBe(1);
  expect(terminal.written).toBe('');
});

test('those that run come first, and the rest is counted', async () => {
  const harness = new Harness({ maxConcurrentActivities: 2, logger: false });
  const terminal = new TestTerminal(60, 6);
  display(harness, terminal);
  const fails = async (): Promise<never> => {
    throw new Error('no');
  };
  const slow = { retryPolicy: { initialInterval: '1h' } } as const;
  void harness.start(fails, { activityType: 'fails', activityId: '0', ...slow });
  for (let n = 1; n <= 40; n++) {
    void harness.start(never, { activityType: 'hangs', activityId: String(n) });
  }
  await harness.advance(100);
  expect(await terminal.lines()).toEqual([
    'hangs 1',
    'hangs 2',
    'fails 0  attempt 2  retry in 1 h',
    'and 38 more',
  ]);
});

test('progress() says how far an activity is', async () => {
  const harness = new Harness();
  const terminal = new TestTerminal(100, 24);
  display(harness, terminal, ({ heartbeatDetails, activityType }) => ({
    done: (heartbeatDetails as { row: number }).row,
    total: 8,
    label: activityType.toUpperCase(),
  }));
  void harness.start(
    (ctx: ActivityContext) => {
      ctx.heartbeat({ row: 2 });
      return never();
    },
    { activityType: 'rows', activityId: 'x' },
  );
  await harness.advance(100);
  expect(await terminal.lines()).toEqual(['rows x  ████░░░░░░░░░░░░  25 %  2/8  ROWS  ♥ 0.1 s']);
});

test.each([
  [
    () => {
      throw new Error('oh\u001b');
    },
    'Error: oh\\u001b',
  ],
  [
    () => ({ done: '5' }) as never,
    'TypeError: showProgress progress: received an object; expected { done, total?, label? } with numbers from 0, or undefined',
  ],
])(
  'a progress() that fails is told once, and the line is there without it',
  async (progress, words) => {
    const harness = new Harness();
    const terminal = new TestTerminal(200, 24);
    display(harness, terminal, progress);
    void harness.start(never, { activityType: 'rows', activityId: 'x' });
    await harness.advance(500);
    expect(await terminal.lines()).toEqual([`showProgress: progress() failed: ${words}`, 'rows x']);
  },
);

test('without a terminal there is a line every 10 seconds, and after a minute every minute', async () => {
  const harness = new Harness();
  const { lines, write } = file();
  display(harness, { write });
  void harness.start(never, { activityType: 'rows', activityId: 'x' });
  await harness.advance(9_999);
  expect(lines).toEqual([]);
  await harness.advance(50_001);
  expect(lines).toEqual(Array(6).fill('rows x\n'));
  await harness.advance(180_000);
  expect(lines).toHaveLength(9);
});

test('without a terminal, nothing is written about activities that are soon over', async () => {
  const harness = new Harness();
  const { lines, write } = file();
  display(harness, { write });
  for (let n = 0; n < 5; n++) {
    void harness.start(() => harness.work(3_000));
    await harness.advance(20_000);
  }
  expect(lines).toEqual([]);
});

test('colours are used only if the stream has them', async () => {
  const written = async (hasColors?: () => boolean): Promise<string> => {
    const harness = new Harness();
    const terminal = new TestTerminal(100, 24);
    display(harness, hasColors ? Object.assign(terminal, { hasColors }) : terminal);
    void harness.start(never, { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 1 } });
    await harness.advance(900);
    return terminal.written;
  };
  // eslint-disable-next-line no-control-regex
  const colour = /\u001b\[\d+m/;
  expect(await written(() => true)).toMatch(colour);
  expect(await written(() => false)).not.toMatch(colour);
  expect(await written()).not.toMatch(colour);
});

test('a stream that breaks ends what is shown, and no activity', async () => {
  const harness = new Harness();
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const write = vi.fn(() => {
    throw new Error('EPIPE');
  });
  display(harness, { write });
  void harness.run(() => harness.work(15_000));
  await harness.advance(60_000);
  expect(write).toHaveBeenCalledOnce();
  expect(warned.mock.calls).toEqual([['showProgress stopped: Error: EPIPE']]);
  expect(harness.names()).toContain('completed');
  warned.mockRestore();
});

test('close removes the lines, the listeners and the timer', async () => {
  const runtime = new ActivityRuntime({ logger: false });
  const terminal = new TestTerminal(100, 24);
  const listeners = process.listenerCount('exit');
  const handle = runtime.start(never);
  {
    using shown = showProgress(runtime, { stream: terminal });
    expect(() => showProgress(runtime, { stream: terminal })).toThrow(
      'showProgress: this stream shows progress already; call close() on that first',
    );
    shown.close();
  }
  showProgress(runtime, { stream: terminal }).close();
  expect(process.listenerCount('exit')).toBe(listeners);
  handle.terminate();
  expect(await terminal.lines()).toEqual([]);
});

test.each([
  [undefined, {}, /^showProgress: received undefined; expected an ActivityRuntime$/],
  [
    new ActivityRuntime(),
    { steam: 1 },
    /^showProgress has no option "steam"; did you mean "stream"\?$/,
  ],
  [
    new ActivityRuntime(),
    { stream: 5 },
    /^showProgress stream: received 5; expected a stream that can be written to$/,
  ],
  [
    new ActivityRuntime(),
    { progress: 5 },
    /^showProgress progress: received 5; expected a function such as /,
  ],
])('showProgress(%o, %o) is refused', (runtime, options, message) => {
  expect(() => showProgress(runtime as never, options as never)).toThrow(message);
});
