/** The doc comments once more, in the declarations that users get. */
import { expect, inject, test } from 'vitest';
import { entries } from '../../tsup.config.js';
import { documentedIn, faultsOf } from './documented.js';

// Tests build the scripts only. In CI, the whole build runs before them.
test.skipIf(!inject('hasDeclarations'))('the declarations have every doc comment', () => {
  const documented = documentedIn(Object.keys(entries).map((name) => `dist/${name}.d.ts`));
  expect(documented.length).toBeGreaterThan(300);
  expect(faultsOf(documented)).toEqual([]);
});
