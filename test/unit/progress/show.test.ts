import { EventEmitter } from 'node:events';
import SuperJSON from 'superjson';
import { expect, test, vi } from 'vitest';
import { ActivityRuntime, type ActivityContext } from '../../../src/index.js';
import { showProgress } from '../../../src/progress.js';
import { Display } from '../../../src/progress/display.js';
import type { ProgressOptions, ProgressStream } from '../../../src/progress/options.js';
import { Harness, never } from '../../support/harness.js';
import { TestTerminal } from '../../support/screen.js';
import { runtimeOf } from '../../support/watchable.js';

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

test('running activities come first, and those without a line are counted', async () => {
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

/** A terminal that throws from its second frame on, as one whose other end has gone. */
function breaking() {
  const terminal = new TestTerminal(100, 24);
  const write = terminal.write.bind(terminal);
  let broken = false;
  terminal.write = (text) => {
    if (broken) throw new Error('EIO');
    return write(text);
  };
  return Object.assign(terminal, { break: () => (broken = true) });
}

function warnings() {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  return {
    get all() {
      return warned.mock.calls.map(([warning]) => warning);
    },
    [Symbol.dispose]: () => warned.mockRestore(),
  };
}

test('a terminal that breaks ends what is shown, and no program', async () => {
  using warned = warnings();
  const harness = new Harness();
  const terminal = breaking();
  const shown = display(harness, terminal);
  let closed = 0;
  shown.onClose(() => closed++);
  void harness.start(never, { activityType: 'rows', activityId: 'x' });
  await harness.advance(100);
  terminal.break();
  void harness.start(never, { activityType: 'rows', activityId: 'y' });
  await harness.advance(100);
  expect(warned.all).toEqual(['showProgress stopped: Error: EIO']);
  await harness.advance(1_000);
  shown.close();
  expect(warned.all).toHaveLength(1);
  expect(closed).toBe(1);
});

test.each(['close', 'leave'] as const)(
  '%s does not throw if the terminal has broken',
  async (end) => {
    using warned = warnings();
    const harness = new Harness();
    const terminal = breaking();
    const shown = display(harness, terminal);
    const handle = harness.start(never, { activityType: 'rows', activityId: 'x' });
    await harness.advance(100);
    handle.terminate();
    terminal.break();
    expect(() => shown[end]()).not.toThrow();
    expect(warned.all).toEqual(['showProgress stopped: Error: EIO']);
  },
);

test.each([true, false])(
  "an 'error' event of the stream ends what is shown, and no program (terminal: %s)",
  async (isTTY) => {
    using warned = warnings();
    const harness = new Harness();
    const emitter = new EventEmitter();
    const write = vi.fn();
    const stream = Object.assign(emitter, { isTTY, write });
    display(harness, stream);
    void harness.start(never, { activityType: 'rows', activityId: 'x' });
    await harness.advance(10_000);
    expect(write).toHaveBeenCalled();
    const { length } = write.mock.calls;
    emitter.emit('error', new Error('write EPIPE'));
    emitter.emit('error', new Error('write EPIPE'));
    await harness.advance(10_000);
    expect(warned.all).toEqual(['showProgress stopped: Error: write EPIPE']);
    expect(write).toHaveBeenCalledTimes(length);
    expect(emitter.listenerCount('error')).toBe(0);
  },
);

test('the last write may fail after close, and then nothing listens any more', async () => {
  using warned = warnings();
  const harness = new Harness();
  const emitter = new EventEmitter();
  const shown = display(harness, Object.assign(emitter, { isTTY: true, write: () => true }));
  shown.close();
  expect(() => emitter.emit('error', new Error('write EPIPE'))).not.toThrow();
  await harness.advance(1);
  expect(emitter.listenerCount('error')).toBe(0);
  expect(warned.all).toHaveLength(1);
});

test('a stream that has broken can be shown on again', () => {
  using warned = warnings();
  const runtime = new ActivityRuntime({ logger: false });
  const stream = Object.assign(new EventEmitter(), { write: () => true });
  const listeners = process.listenerCount('exit');
  showProgress(runtime, { stream });
  stream.emit('error', new Error('write EPIPE'));
  expect(process.listenerCount('exit')).toBe(listeners);
  showProgress(runtime, { stream }).close();
  expect(warned.all).toHaveLength(1);
});

test.each([0, undefined])('a terminal that says %s for its size is 80 by 24', async (size) => {
  const harness = new Harness();
  let written = '';
  const write = (text: string): void => void (written += text);
  display(harness, { isTTY: true, columns: size, rows: size, write });
  for (let n = 1; n <= 3; n++) {
    void harness.start(never, { activityType: 'rows'.repeat(20), activityId: String(n) });
  }
  await harness.advance(100);
  void harness.start(never, { activityType: 'rows', activityId: 'x' });
  await harness.advance(100);
  expect(written).toContain('\u001b[3A');
  expect(written).not.toMatch(/Infinity|NaN/);
  expect(written).toContain('rows x');
});

test('details that throw when they are read are told once, and the line is there without them', async () => {
  class Rows {
    get done(): number {
      throw new Error('no rows');
    }
  }
  const serializer = new SuperJSON();
  serializer.registerClass(Rows);
  const harness = new Harness({ serializer });
  const terminal = new TestTerminal(200, 24);
  display(harness, terminal);
  void harness.start(
    (ctx: ActivityContext) => {
      ctx.heartbeat(new Rows());
      return never();
    },
    { activityType: 'rows', activityId: 'x' },
  );
  await harness.advance(500);
  expect(await terminal.lines()).toEqual([
    'showProgress: reading heartbeat details failed: Error: no rows',
    'rows x  ♥ 0.5 s',
  ]);
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
