import { expect, test, vi } from 'vitest';
import { Screen } from '../../../src/progress/screen.js';
import { TestTerminal } from '../../support/screen.js';

const rethrow = (error: unknown): never => {
  throw error;
};

function shown(columns = 40, rows = 10) {
  const terminal = new TestTerminal(columns, rows);
  const screen = new Screen(terminal, [], rethrow);
  return { terminal, screen };
}

test('what the program prints is above the block', async () => {
  const { terminal, screen } = shown();
  terminal.write('first\n');
  screen.show(['one', 'two']);
  terminal.write('second\nthird\n');
  screen.show(['one', 'three']);
  terminal.write('fourth\n');
  expect(await terminal.lines()).toEqual(['first', 'second', 'third', 'fourth', 'one', 'three']);
});

test('a block that becomes shorter leaves nothing', async () => {
  const { terminal, screen } = shown();
  terminal.write('first\n');
  screen.show(['one', 'two', 'three']);
  screen.show(['two']);
  expect(await terminal.lines()).toEqual(['first', 'two']);
});

test('close removes the block, and the stream writes as before', async () => {
  const { terminal, screen } = shown();
  expect(Object.hasOwn(terminal, 'write')).toBe(true);
  screen.show(['one']);
  screen.close();
  screen.close();
  screen.show(['late']);
  expect(Object.hasOwn(terminal, 'write')).toBe(false);
  terminal.write('after\n');
  expect(await terminal.lines()).toEqual(['after']);
});

test('close leaves a write method that another library has put over it, and that still writes', async () => {
  const { terminal, screen } = shown();
  const ours = terminal.write.bind(terminal);
  const theirs = (text: string): boolean => ours(`[${text.trim()}]\n`);
  terminal.write = theirs;
  screen.show(['one']);
  screen.close();
  expect(Object.getOwnPropertyDescriptor(terminal, 'write')?.value).toBe(theirs);
  terminal.write('after\n');
  expect(await terminal.lines()).toEqual(['[after]']);
});

test('a line without an end continues where it stopped', async () => {
  const { terminal, screen } = shown();
  screen.show(['block']);
  terminal.write('loading');
  expect(await terminal.lines()).toEqual(['loading', 'block']);
  screen.show(['block 2']);
  terminal.write('...');
  terminal.write(' done\nnext');
  expect(await terminal.lines()).toEqual(['loading... done', 'next', 'block 2']);
  screen.close();
  terminal.write(' line\n');
  expect(await terminal.lines()).toEqual(['loading... done', 'next line']);
});

test('a line without an end may be wider than the terminal, and may begin before the block', async () => {
  const { terminal, screen } = shown(10);
  terminal.write('a'.repeat(25));
  screen.show(['block']);
  terminal.write('b');
  expect(await terminal.lines()).toEqual(['a'.repeat(10), 'a'.repeat(10), 'aaaaab', 'block']);
  screen.show([]);
  terminal.write('c\n');
  expect(await terminal.lines()).toEqual(['a'.repeat(10), 'a'.repeat(10), 'aaaaabc']);
});

test('a line that is written again after a carriage return is shown once', async () => {
  const { terminal, screen } = shown();
  screen.show(['block']);
  for (const percent of [1, 2, 3]) terminal.write(`\rtheirs ${percent} %`);
  expect(await terminal.lines()).toEqual(['theirs 3 %', 'block']);
});

test('bytes are printed, also when a character is cut into two', async () => {
  const { terminal, screen } = shown();
  screen.show(['block']);
  const bytes = new TextEncoder().encode('日本\n');
  terminal.write(bytes.subarray(0, 4));
  terminal.write(bytes.subarray(4));
  const lines = await terminal.lines();
  expect(lines.at(-1)).toBe('block');
  expect(lines).toHaveLength(2);
});

test.each([
  [40, 20],
  [40, 11],
  [20, 40],
])('a resize from %d to %d columns leaves nothing of the old block', async (from, to) => {
  const { terminal, screen } = shown(from);
  terminal.write('said\n');
  screen.show(['a'.repeat(from - 1), 'b'.repeat(from - 1), 'c']);
  await terminal.resize(to, 10);
  screen.show(['A'.repeat(to - 1), 'B']);
  terminal.write('more\n');
  expect(await terminal.lines()).toEqual(['said', 'more', 'A'.repeat(to - 1), 'B']);
});

test('lines that a resize has broken are drawn anew although they have not changed', async () => {
  const { terminal, screen } = shown(20);
  screen.show(['a'.repeat(15)]);
  await terminal.resize(10, 10);
  screen.show(['a'.repeat(15)]);
  expect(await terminal.lines()).toEqual(['a'.repeat(10)]); // cut by the terminal, not broken
});

test('lines that have not changed are not written again', () => {
  const { terminal, screen } = shown();
  screen.show(['one']);
  const { written } = terminal;
  screen.show(['one']);
  expect(terminal.written).toBe(written);
});

test('the cursor is never hidden, and every write turns on again what it has turned off', () => {
  const { terminal, screen } = shown();
  screen.show(['one']);
  terminal.write('text');
  screen.show(['two']);
  screen.close();
  expect(terminal.written).not.toContain('?25');
  const times = (sequence: string): number => terminal.written.split(sequence).length - 1;
  expect(times('\u001b[?7l')).toBeGreaterThan(0);
  expect(times('\u001b[?7l')).toBe(times('\u001b[?7h'));
  expect(times('\u001b[?2026h')).toBe(times('\u001b[?2026l'));
});

test('two streams of one terminal: what either prints is above the block', async () => {
  const terminal = new TestTerminal(40, 10);
  const out = { write: (text: string) => terminal.write(text) };
  const error = { write: (text: string) => terminal.write(text), columns: 40 };
  const screen = new Screen(error, [out, error], rethrow);
  screen.show(['block']);
  out.write('to stdout\n');
  error.write('to stderr\n');
  screen.forget(); // the shell has printed something
  terminal.write('$ fg\n');
  screen.show(['block']);
  expect(await terminal.lines()).toEqual(['to stdout', 'to stderr', 'block', '$ fg', 'block']);
});

test.each(['\u001b[0m', '\u001b[32m\u001b[39m'])(
  'the block follows at once after a line whose end is followed by %j',
  async (colour) => {
    const { terminal, screen } = shown();
    terminal.write('first\n');
    screen.show(['block']);
    terminal.write(`\u001b[31msecond\n${colour}`);
    expect(await terminal.lines()).toEqual(['first', 'second', 'block']);
    screen.show(['block 2']);
    terminal.write('third');
    terminal.write('\n');
    expect(await terminal.lines()).toEqual(['first', 'second', 'third', 'block 2']);
  },
);

test.each([0, undefined])('a terminal with %s columns is drawn on as if it had 80', (columns) => {
  let written = '';
  const terminal = { columns, write: (text: string) => (written += text) };
  const screen = new Screen(terminal, [], rethrow);
  screen.show(['one']);
  screen.show(['two']);
  expect(screen.columns).toBe(80);
  expect(written).toContain('\u001b[1A');
  expect(written).not.toMatch(/Infinity|NaN/);
});

test('an error in drawing the block does not reach the program that prints, but an error in its own write does', () => {
  const terminal = new TestTerminal(40, 10);
  const errors: unknown[] = [];
  const screen = new Screen(terminal, [], (error) => errors.push(error));
  screen.show(['block']);
  const out = vi.spyOn(TestTerminal.prototype, 'columns', 'get').mockImplementation(() => {
    throw new Error('no size');
  });
  expect(() => terminal.write('text\n')).not.toThrow();
  expect(errors).toEqual([new Error('no size')]);
  out.mockRestore();
  screen.release();
  terminal.write('after\n');
  expect(terminal.written).toMatch(/text\n.*after\n$/s);
});
