/** What `showProgress` shows, and when it writes. */
import process from 'node:process';
import { badOption, hasMethods } from '../kernel/bad-input.js';
import type { Clock, Timer } from '../kernel/clock.js';
import { ignore } from '../kernel/promises.js';
import { printable } from '../kernel/text.js';
import { said } from '../kernel/thrown.js';
import { progressIn, type Progress } from '../live/progress.js';
import type { ActivityDescription } from '../runtime/description.js';
import { frame, summary } from './frame.js';
import type { ProgressOptions, ProgressStream } from './options.js';
import { Roster, type Watchable } from './roster.js';
import type { Shown } from './rows.js';
import { Screen, sizeOf, type TerminalLike } from './screen.js';

const FRAME_MS = 100;
/** How often a line is written without a terminal, in the first minute and later. */
const LINE_MS = 10_000;
const LATER_LINE_MS = 60_000;
const MAX_LINES = 20;
const MAX_IN_SUMMARY = 3;
const DEFAULT_ROWS = 24;

export class Display {
  readonly #stream: ProgressStream;
  readonly #progress: ProgressOptions['progress'];
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #screen: Screen | undefined;
  #timer: Timer | undefined;
  /** Since when there have been open activities; undefined if there are none. */
  #busySince: number | undefined;
  readonly #closers: (() => void)[] = [];
  #complained = false;
  #closed = false;
  #broken = false;

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
    const broken = (error: unknown): void => this.#break(error);
    if (isTerminal) this.#screen = new Screen(stream, watched, broken);
    this.onClose(hearErrors(stream, broken, clock));
    this.#roster = new Roster(runtime, () => this.#arm());
    this.#arm();
  }

  /** Leaves the lines of open activities on the screen, because the program ends. */
  leave(): void {
    if (this.#roster.size === 0) this.#safely(() => this.#screen?.show([]));
  }

  forget(): void {
    this.#screen?.forget();
  }

  /** Calls back when the lines are closed, also if that is because the stream broke. */
  onClose(act: () => void): void {
    this.#closers.push(act);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.clear();
    this.#timer = undefined;
    this.#roster.stop();
    this.#safely(() => this.#screen?.close());
    this.#closers.forEach((act) => act());
  }

  #safely(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#break(error);
    }
  }

  /** A stream that breaks ends what is shown. It must not end the program. */
  #break(error: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#screen?.release();
    this.close();
    process.emitWarning(`showProgress stopped: ${printable(said(error as Error), 200)}`);
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

  #draw(): void {
    this.#timer = undefined;
    this.#safely(() => {
      if (this.#screen === undefined) this.#drawLine();
      else this.#drawBlock(this.#screen);
      this.#arm();
    });
  }

  #drawBlock(screen: Screen): void {
    const rows = sizeOf(this.#stream.rows, DEFAULT_ROWS);
    const limit = Math.max(1, Math.min(rows - 2, MAX_LINES));
    const { size } = this.#roster;
    const shown = this.#shown(size > limit ? limit - 1 : limit);
    const colours = this.#stream.hasColors?.() === true;
    const options = { more: size - shown.length, columns: screen.columns, colours };
    screen.show(frame(shown, { ...options, now: this.#clock.wallNow() }));
  }

  #drawLine(): void {
    const { size } = this.#roster;
    if (size === 0) return;
    const shown = this.#shown(MAX_IN_SUMMARY);
    this.#stream.write(`${summary(shown, size - shown.length, this.#clock.wallNow())}\n`);
  }

  #shown(limit: number): Shown[] {
    return this.#roster.describe(limit).map(({ entry, description }) => {
      const progress = this.#progressOf(description);
      const now = this.#clock.now();
      if (progress !== undefined) entry.speed.note(progress.done, now);
      return { description, progress, perSecond: entry.speed.perSecond(now) };
    });
  }

  #progressOf(description: ActivityDescription): Progress | undefined {
    try {
      if (this.#progress === undefined) return progressIn(description.heartbeatDetails);
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

  /** Writes a line above the block, the first time only. */
  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    const what =
      this.#progress === undefined ? 'reading heartbeat details failed' : 'progress() failed';
    this.#stream.write(`showProgress: ${what}: ${printable(said(error as Error), 200)}\n`);
  }
}

/**
 * A stream of Node tells with an event that it cannot be written to. The event ends the program if
 * nothing listens.
 *
 * @returns a function that stops listening, once the last write has had time to fail
 */
function hearErrors(stream: object, act: (error: unknown) => void, clock: Clock): () => void {
  if (!hasMethods(stream, 'on', 'off')) return ignore;
  const emitter = stream as NodeJS.EventEmitter;
  emitter.on('error', act);
  return () => clock.turn(() => emitter.off('error', act));
}
