/**
 * Replaces Vitest for a test that should run against code that is known to be wrong: `test` records
 * its input, which `verdicts` then runs.
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

/** A line for each test of the module, and for failures the first line of the error. */
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
