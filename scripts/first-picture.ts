/**
 * Draws the first program of the README: `npx tsx scripts/first-picture.ts` writes docs/first-run.svg. The
 * program runs in a test environment, so its picture is the same each time.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { TestActivityEnvironment } from '../src/testing.js';
import { timelineSvg } from '../src/timeline.js';

export const picture = 'docs/first-run.svg';

/** The picture of the program that the README begins with. */
export async function firstPicture(): Promise<string> {
  const readme = await readFile('README.md', 'utf8');
  const code = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const body = code
    .replace(/^import .*$/m, '')
    .replace('heartbeatTimeout', "activityId: 'names', $&");
  const { code: program } = await transform(
    `export default async (runActivity, console) => {${body}}`,
    {
      loader: 'ts',
      supported: { 'top-level-await': true },
    },
  );
  const module = (await import(`data:text/javascript,${encodeURIComponent(program)}`)) as {
    default: (run: unknown, console: unknown) => Promise<void>;
  };
  const env = new TestActivityEnvironment({ autoSkip: false });
  const done = module.default(env.run.bind(env), { log: () => {} });
  for (let tenths = 0; tenths < 20; tenths++) await env.advance(100);
  await done;
  const title = 'The first program: attempt 1 fails, attempt 2 hangs, and attempt 3 completes';
  return timelineSvg(env.recording, { width: 800, title });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(picture, await firstPicture());
}
