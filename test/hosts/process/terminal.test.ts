/** `showProgress` on a real pseudo-terminal. */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { TestTerminal } from '../../support/screen.js';

const hasPty =
  process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty']).status === 0;
if (!hasPty) console.log('left out: showProgress on a pseudo-terminal: no python3 with pty');

const path = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

interface Session {
  readonly terminal: TestTerminal;
  /** Resolves when the terminal shows such a line. */
  readonly shows: (line: RegExp) => Promise<void>;
  readonly size: (columns: number, rows: number) => Promise<void>;
  readonly keys: (keys: string) => void;
  /** The exit code, or minus the number of the signal. */
  readonly ended: Promise<number>;
}

function program(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  [columns, rows]: readonly [number, number] = [60, 20],
): Session {
  const command = [process.execPath, '--import', 'tsx', path('terminal.mts'), ...args];
  const child = spawn('python3', [path('terminal.py'), String(columns), String(rows), ...command], {
    env: {
      ...process.env,
      TERM: 'xterm-256color',
      CI: undefined, // Node takes its terminals for ones without colours
      NO_COLOR: undefined,
      FORCE_COLOR: undefined,
      ...env,
    },
    stdio: 'pipe',
    timeout: 120_000,
  });
  const terminal = new TestTerminal(columns, rows);
  let told = '';
  const listeners = new Set<() => void>();
  child.stdout.on('data', (bytes: Buffer) => {
    terminal.write(bytes);
    listeners.forEach((listener) => listener());
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  const send = (line: unknown): void => void child.stdin.write(`${JSON.stringify(line)}\n`);
  return {
    terminal,
    shows: (line) =>
      new Promise((resolve) => {
        const look = async (): Promise<void> => {
          if (!(await terminal.lines()).some((one) => line.test(one))) return;
          listeners.delete(check);
          resolve();
        };
        const check = (): void => void look();
        listeners.add(check);
        check();
      }),
    size: async (wide, high) => {
      await terminal.resize(wide, high);
      send({ size: [wide, high] });
    },
    keys: (keys) => send({ keys }),
    ended: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', () => resolve(Number(told)));
    }),
  };
}

const ROW = /^rows big\.csv +████░+ {2}25 % +1\/4 +♥ /;

/** Nothing that was turned off stays so, and the cursor was never hidden. */
function expectRestored({ written }: TestTerminal): void {
  const times = (text: string): number => written.split(text).length - 1;
  expect(written).not.toContain('\u001b[?25l');
  expect(times('\u001b[?7l')).toBe(times('\u001b[?7h'));
  expect(times('\u001b[?2026h')).toBe(times('\u001b[?2026l'));
}

test.skipIf(!hasPty)(
  'what the program prints stays, and the lines of closed activities go',
  async () => {
    const { terminal, ended } = program(['print']);
    expect(await ended).toBe(0);
    expect(terminal.written).toContain('rows big.csv');
    expect(await terminal.lines()).toEqual([
      'first line',
      'to stdout',
      'to stderr',
      'half a line, and its end',
      'last line',
    ]);
    expectRestored(terminal);
  },
);

test.skipIf(!hasPty)('close() leaves only what the program has printed', async () => {
  const { terminal, ended } = program(['close']);
  expect(await ended).toBe(0);
  expect(await terminal.lines()).toEqual(['first line', 'after']);
  expectRestored(terminal);
});

test.skipIf(!hasPty)(
  'an error that ends the program can be read below what still ran',
  async () => {
    const { terminal, ended } = program(['throw']);
    expect(await ended).toBe(1);
    const [first, row, ...rest] = await terminal.lines();
    expect(first).toBe('first line');
    expect(row).toMatch(ROW);
    expect(rest.join('\n')).toContain('Error: the program is broken');
    expectRestored(terminal);
  },
);

test.skipIf(!hasPty)('process.exit() leaves what still ran', async () => {
  const { terminal, ended } = program(['exit']);
  expect(await ended).toBe(3);
  expect(await terminal.lines()).toEqual(['first line', expect.stringMatching(ROW)]);
  expectRestored(terminal);
});

test.skipIf(!hasPty)('Ctrl+C ends the program as always', async () => {
  const { terminal, ended, keys, shows } = program(['wait']);
  await shows(ROW);
  keys('\u0003');
  expect(await ended).toBe(-2);
  const [first, row] = await terminal.lines();
  expect([first, row]).toEqual(['first line', expect.stringMatching(ROW)]);
  expectRestored(terminal);
});

test.skipIf(!hasPty)(
  'a window that gets narrow, and wide again, has one line that fits',
  async () => {
    const { terminal, ended, keys, shows, size } = program(
      ['wait', '日本語のとても長いファイル名'],
      {},
      [100, 20],
    );
    await shows(/^rows 日本語のとても長いファイル名 /);
    await size(30, 20);
    await shows(/^rows .{0,20}25 %$/);
    expect((await terminal.lines()).filter((line) => line !== 'first line')).toHaveLength(1);
    await size(100, 20);
    await shows(/ 1\/4 /);
    expect((await terminal.lines()).filter((line) => line !== 'first line')).toHaveLength(1);
    keys('\u0003');
    await ended;
  },
);

test.skipIf(!hasPty).each([
  [{}, true],
  [{ NO_COLOR: '1' }, false],
])('with %o there are colours: %s', async (env, has) => {
  const { terminal, ended } = program(['colours'], env);
  expect(await ended).toBe(0);
  expect(terminal.written).toContain(`colours: ${has}`);
  expect(terminal.written.includes('\u001b[32m█')).toBe(has);
});

test.skipIf(!hasPty)('a terminal that can do nothing gets plain lines', async () => {
  const { terminal, ended } = program(['print'], { TERM: 'dumb' });
  expect(await ended).toBe(0);
  expect(terminal.written).not.toContain('\u001b');
});
