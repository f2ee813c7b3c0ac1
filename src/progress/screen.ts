/**
 * A block of lines at the bottom of a terminal, below what the program prints.
 *
 * Nothing of the terminal stays changed between two writes: the cursor is not hidden, and it always
 * stands below the block. So there is nothing to restore, whatever ends the program.
 */
import { widthOf } from './width.js';

/** A stream that can be drawn on. */
export interface TerminalLike {
  write: (this: unknown, ...args: never[]) => unknown;
  readonly columns?: number | undefined;
}

/** The terminal shows everything between these two at once, or ignores them. */
const [TOGETHER, SHOW] = ['\u001b[?2026h', '\u001b[?2026l'];
/** Between these two codes, a character that is wider than expected does not wrap its line. */
const [NO_WRAP, WRAP] = ['\u001b[?7l', '\u001b[?7h'];
const ERASE_BELOW = '\u001b[J';
const DEFAULT_COLUMNS = 80;

/** A terminal that does not know its size says 0. */
export function sizeOf(given: number | undefined, otherwise: number): number {
  return given !== undefined && given > 0 ? given : otherwise;
}

/** A line of the program without an end is kept up to this length, to be written again. */
const LONGEST_PARTIAL = 2_000;

type Write = (this: unknown, ...args: unknown[]) => unknown;

export class Screen {
  readonly #terminal: TerminalLike;
  readonly #writeRaw: (text: string) => void;
  readonly #broken: (error: unknown) => void;
  readonly #restore: (() => void)[];
  #lines: readonly string[] = [];
  /** The widths of the lines on the screen, above the cursor. */
  #drawn: readonly number[] = [];
  /** What the program has printed since its last end of a line. */
  #partial = '';
  #open = true;

  /**
   * @param watched streams that show on the same terminal: what they print goes above the block
   * @param broken called with what the terminal throws while the program prints
   */
  constructor(
    terminal: TerminalLike,
    watched: readonly TerminalLike[],
    broken: (error: unknown) => void,
  ) {
    this.#terminal = terminal;
    this.#broken = broken;
    const write = terminal.write as Write;
    this.#writeRaw = (text) => void write.call(terminal, text);
    this.#restore = [...new Set([terminal, ...watched])].map((stream) => this.#watch(stream));
  }

  get columns(): number {
    return sizeOf(this.#terminal.columns, DEFAULT_COLUMNS);
  }

  /** Replaces the lines of the block. */
  show(lines: readonly string[]): void {
    if (!this.#open) return;
    const same =
      lines.length === this.#lines.length && lines.every((line, n) => line === this.#lines[n]);
    const stands = this.#drawn.length > 0 || lines.length === 0;
    if (same && stands && this.#fits()) return;
    this.#lines = lines;
    this.#writeRaw(TOGETHER + this.#erasure() + this.#drawing() + SHOW);
  }

  /** Draws the next block below what is on the screen, because others have written there. */
  forget(): void {
    this.#drawn = [];
    this.#partial = '';
  }

  /** Removes the block, and lets the program print as before, even if the terminal throws. */
  close(): void {
    try {
      this.show([]);
    } finally {
      this.release();
    }
  }

  /** Lets the program print as before, and writes nothing more. */
  release(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#restore.forEach((restore) => restore());
  }

  /** False if the terminal has become so narrow that it has broken our lines. */
  #fits(): boolean {
    const { columns } = this;
    return this.#drawn.every((width) => width <= columns);
  }

  /** Goes to where the block begins and erases it. A terminal that became narrow has broken lines. */
  #erasure(): string {
    const { columns } = this;
    const rows = this.#drawn.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    this.#drawn = [];
    const again = rows > 0 ? this.#partial : '';
    return rows === 0 ? '' : `\u001b[${rows}A\r${ERASE_BELOW}${again}`;
  }

  #drawing(): string {
    if (this.#lines.length === 0) return '';
    // What is not visible, such as an end of a colour, leaves the cursor where the line begins.
    const above = [widthOf(this.#partial)].filter((width) => width > 0);
    const below = above.length === 0 ? '' : '\n';
    this.#drawn = [...above, ...this.#lines.map(widthOf)];
    return `${below}${NO_WRAP}${this.#lines.map((line) => `${line}\n`).join('')}${WRAP}`;
  }

  #watch(stream: TerminalLike): () => void {
    const own = Object.getOwnPropertyDescriptor(stream, 'write');
    const write = stream.write as Write;
    const decoder = new TextDecoder();
    const watched: Write = (...args) => {
      if (!this.#open) return write.apply(stream, args);
      const [chunk] = args;
      const text =
        typeof chunk === 'string' ? chunk : decoder.decode(chunk as Uint8Array, { stream: true });
      this.#draw(() => this.#erasure());
      const result = write.apply(stream, args);
      this.#note(text);
      this.#draw(() => this.#drawing());
      return result;
    };
    stream.write = watched;
    return () => {
      // Another library may have put its own function over ours, which then only passes on.
      if ((stream.write as Write) !== watched) return;
      if (own !== undefined) Object.defineProperty(stream, 'write', own);
      else delete (stream as Partial<TerminalLike>).write;
    };
  }

  /** The program that prints must not get what our own writes throw. */
  #draw(make: () => string): void {
    if (!this.#open) return;
    try {
      const text = make();
      if (text !== '') this.#writeRaw(text);
    } catch (error) {
      this.#broken(error);
    }
  }

  #note(text: string): void {
    const lines = (this.#partial + text).split('\n');
    const last = lines.at(-1) ?? '';
    // After a carriage return, the line is written from its beginning.
    this.#partial = last.slice(last.lastIndexOf('\r', last.length - 2) + 1).slice(-LONGEST_PARTIAL);
  }
}
