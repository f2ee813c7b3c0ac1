/** The demo. The other examples assert their own outcome; CI runs each of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';

describe('npm run demo', () => {
  test('survives three faults, and neither loses a row nor imports one twice', async () => {
    const { output, exitCode } = await run('examples/demo.ts');

    expect(exitCode, output).toBe(0);
    // Any attempt number is allowed: a busy machine may time out once more without losing a row.
    expectInOrder(output, [
      /attempt \d .*FAILS: the table is locked;/,
      /attempt \d .*continues after row 3,000$/m,
      /attempt \d .*hangs/,
      /attempt \d .*heartbeat report: \{ row: 6000 \}/,
      /attempt \d .*FAILS: .*Heartbeat timeout/,
      /attempt \d .*is abandoned/,
      /attempt \d .*continues after row 6,000$/m,
      /attempt \d .*WAKES UP LATE: heartbeats \{ row: 0 \}/,
      /attempt \d .*has settled at last: it threw CancelledFailure: TIMED_OUT/,
      /attempt \d .*FAILS: connection reset;/,
      /attempt \d .*continues after row 8,000$/m,
      /attempt \d .*COMPLETES and returns 11538$/m,
      /^no row lost, none imported twice$/m,
    ]);
    const imported = /^imported {4}(11,538 rows {2}sha256 [0-9a-f]{64})$/m.exec(output)?.[1];
    const plain = /^plain pass {2}(11,538 rows {2}sha256 [0-9a-f]{64})$/m.exec(output)?.[1];
    expect(imported, output).toBeDefined();
    expect(imported).toBe(plain);
  });
});

/** Runs an example like `npm run demo`, and returns its output. */
async function run(file: string): Promise<{ output: string; exitCode: unknown }> {
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const [exitCode] = (await once(child, 'close')) as [unknown];
  return { output, exitCode };
}

/** Each pattern must come after the one before. */
function expectInOrder(output: string, patterns: readonly RegExp[]): void {
  let from = 0;
  for (const pattern of patterns) {
    const found = pattern.exec(output.slice(from));
    expect(found, `${String(pattern)} after character ${from} of:\n${output}`).not.toBeNull();
    from += found!.index + found![0].length;
  }
}
