// Row 10: the first import in a new process.
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { summary } from '../report.mjs';
import { systoleEntry } from '../systole.mjs';

const run = promisify(execFile);

const script = (names) => `
  const start = performance.now();
  await Promise.all(${JSON.stringify(names)}.map((name) => import(name)));
  console.log(performance.now() - start);
`;

const importing =
  (...names) =>
  () =>
  async (count) => {
    const times = [];
    for (let i = 0; i < count; i++) {
      const args = ['--input-type=module', '-e', script(names)];
      // Where systole finds its dependencies.
      const { stdout } = await run(process.execPath, args, { cwd: dirname(systoleEntry) });
      times.push(Number(stdout));
    }
    return { 'ms to import': summary(times).median };
  };

export default {
  title: 'Import in a new process, median of 5 (smoke: of 1) in each round',
  contenders: {
    systole: importing(pathToFileURL(systoleEntry).href),
    'its dependencies alone': importing('eventemitter3', 'ms', 'p-retry', 'superjson'),
    'p-retry': importing('p-retry'),
    cockatiel: importing(import.meta.resolve('cockatiel')),
  },
  rounds: 11,
  count: 5,
  smokeCount: 1,
  rows: [
    {
      text: 'import: in imports of its dependencies alone',
      of: 'systole',
      per: 'its dependencies alone',
      measure: 'ms to import',
      atMost: 1.4,
    },
    {
      text: 'import: in imports of p-retry',
      of: 'systole',
      per: 'p-retry',
      measure: 'ms to import',
    },
  ],
};
