/**
 * Stands in for Vitest where a test is to be run against code that is known to be wrong: `test`
 * keeps what it is given, for `verdicts` to run.
 */
export * from 'vitest';

interface RecordedTest {
  readonly name: string;
  readonly run: () => unknown;
}

let recorded: RecordedTest[] = [];

export function test(name: string, run: () => unknown): void {
  recorded.push({ name, run });
}

/** A line for each test of the module, and under those that fail the first of the error's. */
export async function verdicts(importIt: () => Promise<unknown>): Promise<string> {
  recorded = [];
  await importIt();
  const lines: string[] = [];
  for (const { name, run } of recorded) {
    try {
      await run();
      lines.push(`✓ ${name}`);
    } catch (error) {
      const [message = ''] = (error as Error).message.split('\n');
      lines.push(`✗ ${name}`, `  ${message.replace(' // Object.is equality', '')}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
