/**
 * Draws the pictures of the documents: `npx tsx scripts/pictures.ts` writes them to docs. All of it
 * runs in test environments, so the pictures are the same each time.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import type { ActivityContext, ActivityOptions } from '../src/index.js';
import { TestActivityEnvironment } from '../src/testing.js';
import { timelineSvg } from '../src/timeline.js';

/** The picture of the program that the README begins with. */
async function firstRun(): Promise<string> {
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

/** One activity for each timeout, which ends it. */
async function timeouts(): Promise<string> {
  const env = new TestActivityEnvironment({
    autoSkip: false,
    logger: false,
    maxConcurrentPerKey: 1,
  });
  const hangs = (): Promise<never> => new Promise(() => {});
  const beats = async (ctx: ActivityContext<string>): Promise<never> => {
    for (;;) {
      ctx.heartbeat('the same page');
      await ctx.sleep('1s');
    }
  };
  const beatsOnce = (ctx: ActivityContext<string>): Promise<never> => {
    ctx.heartbeat('page 1');
    return hangs();
  };
  const fails = async (ctx: ActivityContext): Promise<never> => {
    await ctx.sleep('1500ms');
    throw new Error('no');
  };
  const start = (
    activityType: string,
    fn: (ctx: ActivityContext<string>) => Promise<never>,
    options: Omit<ActivityOptions, 'activityType' | 'activityId'>,
  ): void => {
    const once = { retryPolicy: { maximumAttempts: 1 } };
    env.start(fn, { ...once, ...options, activityType, activityId: Object.keys(options)[0] ?? '' });
  };
  start('goes silent', beatsOnce, { heartbeatTimeout: '3s' });
  start('makes no progress', beats, { progressTimeout: '4s' });
  start('takes too long', beats, { startToCloseTimeout: '5s' });
  const concurrencyKey = 'one at a time';
  start('keeps the slot', hangs, { concurrencyKey });
  start('gets no slot', hangs, { scheduleToStartTimeout: '6s', concurrencyKey });
  start('is retried too long', fails, {
    scheduleToCloseTimeout: '8s',
    retryPolicy: { initialInterval: '1s', backoffCoefficient: 1 },
  });
  await env.advance('8s');
  const recording = env.recording
    .toJSON()
    .filter(({ activityId }) => activityId !== 'concurrencyKey');
  return timelineSvg(recording, { width: 800, title: 'The five timeouts' });
}

/** The pictures by the file that they are in. */
export const pictures: Readonly<Record<string, () => Promise<string>>> = {
  'docs/first-run.svg': firstRun,
  'docs/timeouts.svg': timeouts,
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [file, draw] of Object.entries(pictures)) await writeFile(file, await draw());
}
