/** Shows the open activities of a runtime on a terminal. */
import process from 'node:process';
import { badInput, badOption, checkNames, hasMethods } from '../kernel/bad-input.js';
import { SystemClock, type Clock, type Timer } from '../kernel/clock.js';
import { refusable } from '../kernel/stack.js';
import { printable } from '../kernel/text.js';
import { said } from '../kernel/thrown.js';
import { progressIn, type Progress } from '../live/progress.js';
import type { ActivityDescription } from '../runtime/description.js';
import { frame, summary } from './frame.js';
import { Roster, type Watchable } from './roster.js';
import type { Shown } from './rows.js';
import { Screen, type TerminalLike } from './screen.js';

/** The stream that `showProgress` writes to: a Node stream, or anything with a `write` method. */
export interface ProgressStream {
  /** Writes text at the end of the stream. */
  write(text: string): unknown;
  /** Whether the stream is a terminal. If it is not, a line is written every 10 s, later every minute. */
  readonly isTTY?: boolean | undefined;
  /** The width of the terminal in characters. Default 80. */
  readonly columns?: number | undefined;
  /** The height of the terminal in lines. Default 24. */
  readonly rows?: number | undefined;
  /** Returns whether the terminal has colours and the user wants them. Default: no colours. */
  hasColors?(): boolean;
}

/** The options of `showProgress`. */
export interface ProgressOptions {
  /** The stream on which the progress is shown. Default `process.stderr`. */
  readonly stream?: ProgressStream | undefined;
  /**
   * Returns how far an activity is, or `undefined` if that is not known. Default: reads heartbeat
   * details such as `{ done: 3, total: 10, label: 'page 3' }`.
   */
  readonly progress?: ((description: ActivityDescription) => Progress | undefined) | undefined;
}

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
  const close = (): void => {
    display.close();
    inUse.delete(stream);
    process.off('exit', leave);
    process.off('SIGCONT', resume);
  };
  return { close, [Symbol.dispose]: close };
}

/** Two blocks on one terminal would overwrite each other. */
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

const FRAME_MS = 100;
/** Without a terminal, a line comes so often, and after the first minute less often. */
const LINE_MS = 10_000;
const LATER_LINE_MS = 60_000;
const MOST_LINES = 20;
const MOST_IN_SUMMARY = 3;
const DEFAULT_ROWS = 24;

export class Display {
  readonly #stream: ProgressStream;
  readonly #progress: ProgressOptions['progress'];
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #screen: Screen | undefined;
  #timer: Timer | undefined;
  /** When the first of the activities was scheduled that are open now; undefined if none is. */
  #busySince: number | undefined;
  #complained = false;
  #closed = false;

  constructor(
    runtime: Watchable,
    stream: ProgressStream,
    progress: ProgressOptions['progress'],
    clock: Clock,
    watched: readonly TerminalLike[],
  ) {
    this.#stream = stream;
    this.#progress = progress;
    this.#clock = clock;
    const isTerminal = stream.isTTY === true && process.env['TERM'] !== 'dumb';
    if (isTerminal) this.#screen = new Screen(stream, watched);
    this.#roster = new Roster(runtime, () => this.#arm());
    this.#arm();
  }

  /** The program ends: the lines of what is still open stay. */
  leave(): void {
    if (this.#roster.size === 0) this.#screen?.show([]);
  }

  forget(): void {
    this.#screen?.forget();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.clear();
    this.#roster.stop();
    this.#screen?.close();
    this.#timer = undefined;
  }

  #arm(): void {
    if (this.#roster.size === 0) this.#busySince = undefined;
    else this.#busySince ??= this.#clock.now();
    if (this.#closed || this.#timer !== undefined || this.#busySince === undefined) return;
    const busyMs = this.#clock.now() - this.#busySince;
    const lineMs = busyMs < LATER_LINE_MS ? LINE_MS : LATER_LINE_MS;
    const delayMs = this.#screen === undefined ? lineMs : FRAME_MS;
    this.#timer = this.#clock.setTimer(() => this.#draw(), delayMs, true);
  }

  /** A stream that breaks ends what is shown. It must not end the program. */
  #draw(): void {
    this.#timer = undefined;
    try {
      if (this.#screen === undefined) this.#drawLine();
      else this.#drawBlock(this.#screen);
      this.#arm();
    } catch (error) {
      this.close();
      process.emitWarning(`showProgress stopped: ${printable(said(error as Error), 200)}`);
    }
  }

  #drawBlock(screen: Screen): void {
    const { rows = DEFAULT_ROWS } = this.#stream;
    const most = Math.max(1, Math.min(rows - 2, MOST_LINES));
    const { size } = this.#roster;
    const shown = this.#shown(size > most ? most - 1 : most);
    const colours = this.#stream.hasColors?.() === true;
    const options = { more: size - shown.length, columns: screen.columns, colours };
    screen.show(frame(shown, { ...options, now: this.#clock.wallNow() }));
  }

  #drawLine(): void {
    const { size } = this.#roster;
    if (size === 0) return;
    const shown = this.#shown(MOST_IN_SUMMARY);
    this.#stream.write(`${summary(shown, size - shown.length, this.#clock.wallNow())}\n`);
  }

  #shown(most: number): Shown[] {
    return this.#roster.describe(most).map(({ entry, description }) => {
      const progress = this.#progressOf(description);
      const now = this.#clock.now();
      if (progress !== undefined) entry.speed.note(progress.done, now);
      return { description, progress, perSecond: entry.speed.perSecond(now) };
    });
  }

  #progressOf(description: ActivityDescription): Progress | undefined {
    if (this.#progress === undefined) return progressIn(description.heartbeatDetails);
    try {
      const given = this.#progress(description);
      const progress = progressIn(given);
      if (progress === undefined && given !== undefined) {
        throw badOption(
          'showProgress progress',
          given,
          '{ done, total?, label? } with numbers from 0, or undefined',
        );
      }
      return progress;
    } catch (error) {
      this.#complain(error);
      return undefined;
    }
  }

  /** Once, as a line above the block. */
  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#stream.write(
      `showProgress: progress() failed: ${printable(said(error as Error), 200)}\n`,
    );
  }
}
