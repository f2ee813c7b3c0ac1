/** Shows the open activities of a runtime on a terminal. */
import process from 'node:process';
import { badInput, badOption, checkNames, hasMethods } from '../kernel/bad-input.js';
import { SystemClock } from '../kernel/clock.js';
import { refusable } from '../kernel/stack.js';
import { Display } from './display.js';
import type { ProgressOptions } from './options.js';
import type { Watchable } from './roster.js';

/** The lines that `showProgress` shows, until they are closed. */
export interface ShownProgress {
  /** Removes the lines from the terminal and stops. A second call does nothing. */
  close(): void;
  /** Closes the lines at the end of a block with `using shown = showProgress(runtime)`. */
  [Symbol.dispose](): void;
}

/**
 * Shows the open activities of a runtime on a terminal, one line each: how far they are, how fast,
 * the time left, the attempt, the last heartbeat, and the time to the next timeout. What the program
 * prints appears above these lines. Without a terminal, it writes a line every 10 s, and every minute
 * after the first. It does not keep the program running.
 *
 * @example
 * const shown = showProgress(runtime);
 * await runtime.run(importRows, { args: ['big.csv'] }); // heartbeats { done: 5190, total: 11538 }
 * shown.close();
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function showProgress(runtime: Watchable, options: ProgressOptions = {}): ShownProgress {
  refusable(showProgress, () => checkAll(runtime, options));
  const { stream = process.stderr, progress } = options;
  const { stdout, stderr } = process;
  const standard: readonly unknown[] = [stdout, stderr];
  const watched = standard.includes(stream) ? [stdout, stderr].filter((one) => one.isTTY) : [];
  const display = new Display(runtime, stream, progress, new SystemClock(), watched);
  const leave = (): void => display.leave();
  const resume = (): void => display.forget();
  process.on('exit', leave);
  process.on('SIGCONT', resume); // the shell has written in between
  inUse.add(stream);
  display.onClose(() => {
    inUse.delete(stream);
    process.off('exit', leave);
    process.off('SIGCONT', resume);
  });
  const close = (): void => display.close();
  return { close, [Symbol.dispose]: close };
}

/** The terminals that are in use. Two blocks on one terminal would overwrite each other. */
const inUse = /* @__PURE__ */ new WeakSet<object>();

const OPTIONS = {
  of: 'showProgress',
  example: '{ stream: process.stderr }',
  known: ['stream', 'progress'],
};

function checkAll(runtime: unknown, options: ProgressOptions): void {
  if (!hasMethods(runtime, 'on', 'list', 'getHandle')) {
    throw badOption('showProgress', runtime, 'an ActivityRuntime');
  }
  checkNames(options, OPTIONS);
  const { stream = process.stderr, progress } = options;
  if (!hasMethods(stream, 'write'))
    throw badOption('showProgress stream', stream, 'a stream that can be written to');
  if (progress !== undefined && typeof progress !== 'function') {
    throw badOption(
      'showProgress progress',
      progress,
      'a function such as ({ heartbeatDetails }) => ({ done, total })',
    );
  }
  if (inUse.has(stream)) {
    throw badInput('showProgress: this stream shows progress already; call close() on that first');
  }
}
