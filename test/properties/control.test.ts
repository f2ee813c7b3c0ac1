import fc from 'fast-check';
import { expect, test } from 'vitest';
import { story, tell, type Done } from '../support/control-commands.js';

const RUNS = Number(process.env.RUNS ?? 300);
const done: Done = new Map();

test(
  'whatever is asked of activities, in whatever order, they do as the model says',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(story, (told) => tell(told, done)),
      { numRuns: RUNS, interruptAfterTimeLimit: 80_000 },
    );
    console.log(
      done,
      [...done.values()].reduce((a, b) => a + b),
    );
    expect(1).toBe(1);
  },
);
