// Prints the size of the main entry and of the page, and fails when one is over its budget.
import {
  dependencyBudget,
  dependencySize,
  entrySize,
  pageBudget,
  pageSize,
  sizeBudget,
} from './size.js';

const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

const { minified, gzipped } = await entrySize();
judge(`systole with all dependencies (${kB(minified)} minified)`, gzipped, sizeBudget);
judge('its dependencies alone', (await dependencySize()).gzipped, dependencyBudget);
judge('the page of systole/inspect', (await pageSize()).gzipped, pageBudget);

function judge(what: string, bytes: number, budget: number): void {
  const verdict = bytes > budget ? 'exceeded' : 'kept';
  console.log(`${what}: ${kB(bytes)} gzipped; budget ${kB(budget)}: ${verdict}`);
  if (bytes > budget) process.exitCode = 1;
}
