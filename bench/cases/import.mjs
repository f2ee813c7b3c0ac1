// Row 10: the first import in a new process.
import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { summary } from '../report.mjs';
import { systoleEntry } from '../systole.mjs';

const run = promisify(execFile);

const script = (url) => `
  const start = performance.now();
  await import(${JSON.stringify(url)});
  console.log(performance.now() - start);
`;

const importing = (url) => () => async (count) => {
  const times = [];
  for (let i = 0; i < count; i++) {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script(url)]);
    times.push(Number(stdout));
  }
  return { 'ms to import': summary(times).median };
};

export default {
  title: 'Import in a new process, median of 5 (smoke: of 1) in each round',
  contenders: {
    systole: importing(pathToFileURL(systoleEntry).href),
    'p-retry': importing(import.meta.resolve('p-retry')),
    superjson: importing(import.meta.resolve('superjson')),
    cockatiel: importing(import.meta.resolve('cockatiel')),
  },
  rounds: 11,
  count: 5,
  smokeCount: 1,
  rows: [
    {
      text: 'import: in imports of p-retry',
      of: 'systole',
      per: 'p-retry',
      measure: 'ms to import',
      atMost: 4,
    },
    {
      text: 'import: superjson alone, in imports of p-retry',
      of: 'superjson',
      per: 'p-retry',
      measure: 'ms to import',
    },
  ],
};
