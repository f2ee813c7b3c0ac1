import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NAMES, story, tell, type Done } from '../support/control-commands.js';
import { KNOWN } from '../support/control-regressions.js';

/**
 * Enough for well over the 10,000 commands that are checked below. `STORIES=36000` takes minutes.
 */
const STORIES = Number(process.env.STORIES ?? 400);

const done: Done = new Map();

test(
  'activities do what the model says, whatever is requested in whatever order',
  async () => {
    await fc.assert(
      fc.asyncProperty(story, (told) => tell(told, done)),
      { numRuns: STORIES },
    );
  },
  60_000 + 150 * STORIES,
);

test('the stories were long and of every kind', () => {
  const total = [...done.values()].reduce((sum, each) => sum + each, 0);
  expect(total).toBeGreaterThanOrEqual(10_000);
  expect(NAMES.filter((name) => (done.get(name) ?? 0) < 40)).toEqual([]);
});

describe('an earlier counterexample', () => {
  test.each(KNOWN)('$what', ({ told }) => tell(told));
});
