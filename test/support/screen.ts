/** A terminal whose screen a test can read, with the reflow of real ones. */
import xterm from '@xterm/headless';

export class TestTerminal {
  readonly isTTY = true;
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  /** A chunk may end in the middle of a character. */
  readonly #decoder = new TextDecoder();
  /** Everything that was written. */
  written = '';

  constructor(cols: number, rows: number) {
    this.#terminal = new xterm.Terminal({ cols, rows, convertEol: true, allowProposedApi: true });
  }

  get columns(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  write(text: string | Uint8Array): boolean {
    this.written += typeof text === 'string' ? text : this.#decoder.decode(text, { stream: true });
    this.#terminal.write(text);
    return true;
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.lines(); // what was written before is on the screen
    this.#terminal.resize(columns, rows);
  }

  /** All lines, also those that have scrolled away, without empty ones at the end. */
  async lines(): Promise<string[]> {
    await new Promise<void>((resolve) => this.#terminal.write('', resolve));
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, row) =>
      (active.getLine(row)?.translateToString(true) ?? '').trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }
}
