/**
 * Draws the pictures of the tour: `npx tsx site/tour/pictures.ts` writes them beside its pages. The
 * programs of the tour run in test environments, so the pictures are the same each time.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import type { RuntimeOptions } from '../../src/index.js';
import { isCancellation } from '../../src/index.js';
import { TestActivityEnvironment } from '../../src/testing.js';
import { timelineSvg, type TimelineEvent } from '../../src/timeline.js';
import { crashedAt, joined } from '../playground/processes.js';
import { importInto } from './import-people.js';

const here = new URL('./', import.meta.url);

const people = ['ada', 'alan', 'barbara', 'edsger', 'grace', 'tony'];
const WIDTH = 720;
const SLICE_MS = 50;
const RESTART_MS = 500;
/** What waits for this is dead. */
const never = new Promise<never>(() => {});

type Program = (...parameters: readonly unknown[]) => Promise<void>;

/** A program of the tour as a function of what it imports. */
async function programOf(file: string): Promise<{ run: Program; names: readonly string[] }> {
  const names = [
    'runActivity',
    'ActivityRuntime',
    'isCancellation',
    'fileStore',
    'insert',
    'people',
    'trouble',
    'importInto',
    'process',
    'console',
  ];
  const code = (await readFile(new URL(file, here), 'utf8')).replaceAll(/^import .*$/gm, '');
  const { code: plain } = await transform(`export default async (${names.join()}) => {${code}}`, {
    loader: 'ts',
    supported: { 'top-level-await': true },
  });
  const module = (await import(`data:text/javascript,${encodeURIComponent(plain)}`)) as {
    default: Program;
  };
  return { run: module.default, names };
}

/** One process that runs a program until it ends or is killed. */
class Process {
  #env = new TestActivityEnvironment({ autoSkip: false, logger: false });
  #killed = false;
  readonly #store: Map<string, string>;
  readonly #trouble = new Map<string, () => unknown>();
  readonly #handlers = new Map<string, () => void>();

  constructor(store: Map<string, string>) {
    this.#store = store;
  }

  /** @returns whether it was killed */
  async run(file: string, argv: readonly string[]): Promise<boolean> {
    const { run, names } = await programOf(file);
    const parameters = this.#parameters(argv);
    let over = false;
    const end = (): void => {
      over = true;
    };
    void run(...names.map((name) => parameters[name])).then(end, end);
    await this.#env.advance(0);
    while (!this.#killed && !this.#isOver(over)) await this.#env.advance(SLICE_MS);
    return this.#killed;
  }

  #isOver(over: boolean): boolean {
    return over;
  }

  get now(): number {
    return this.#env.now();
  }

  get events(): TimelineEvent[] {
    return this.#env.recording.toJSON();
  }

  #parameters(argv: readonly string[]): Record<string, unknown> {
    const renew = (options: RuntimeOptions): TestActivityEnvironment => {
      this.#env = new TestActivityEnvironment({ ...options, autoSkip: false, logger: false });
      return this.#env;
    };
    return {
      runActivity: this.#env.run.bind(this.#env),
      ActivityRuntime: function (options: RuntimeOptions) {
        return renew(options);
      },
      isCancellation,
      fileStore: () => this.#store,
      people,
      trouble: this.#trouble,
      importInto,
      console: { log: () => {} },
      insert: async (name: string) => {
        await this.#env.sleep('100ms');
        const happens = this.#trouble.get(name);
        this.#trouble.delete(name);
        await happens?.();
        if (this.#killed) await never;
      },
      process: {
        argv,
        once: (signal: string, handler: () => void) => this.#handlers.set(signal, handler),
        kill: (_: unknown, signal: string) => {
          if (signal === 'SIGKILL') this.#killed = true;
          // A signal comes in a later turn of the event loop.
          else void this.#env.sleep(1).then(this.#handlers.get(signal));
        },
      },
    };
  }
}

/** The picture of a program that is run by one process after the other, until one is not killed. */
async function drawn(file: string, title: string, argv: readonly string[] = []): Promise<string> {
  const store = new Map<string, string>();
  let offset = 0;
  let past: TimelineEvent[] = [];
  for (let first = true; ; first = false) {
    const one = new Process(store);
    const killed = await one.run(file, first ? argv : []);
    past = joined(past, one.events, offset);
    if (!killed) return timelineSvg(past, { width: WIDTH, title });
    past = crashedAt((past[0] as TimelineEvent).at + offset + one.now, past);
    offset += one.now + RESTART_MS;
  }
}

/** The service of the last page on a bad day. */
async function service(): Promise<string> {
  const env = new TestActivityEnvironment({
    autoSkip: false,
    logger: false,
    maxConcurrentActivities: 2,
    defaults: { heartbeatTimeout: '1s', retryPolicy: { maximumAttempts: 5 } },
  });
  const trouble = new Map<string, () => unknown>([
    ['customers grace', () => Promise.reject(new Error('connection lost'))],
    ['suppliers barbara', () => never],
  ]);
  for (const activityId of ['people', 'customers', 'suppliers']) {
    const insert = async (name: string): Promise<void> => {
      await env.sleep('300ms');
      const key = `${activityId} ${name}`;
      const happens = trouble.get(key);
      trouble.delete(key);
      await happens?.();
    };
    env.start(importInto(insert), { activityId, args: [people] });
  }
  await env.advance('8s');
  const title = 'Three imports on two slots: one fails, one hangs, and all complete';
  return timelineSvg(env.recording, { width: WIDTH, title });
}

/** The pictures by the file that they are in. */
export const pictures: Readonly<Record<string, () => Promise<string>>> = {
  '1-errors.svg': () => drawn('1-errors.ts', 'An error: attempt 2 starts after the last name'),
  '2-hangs.svg': () => drawn('2-hangs.ts', 'A hang ends after a second without a heartbeat'),
  '3-shutdown.svg': () => drawn('3-shutdown.ts', 'A shutdown stops the import between two names'),
  '4-crash.svg': () =>
    drawn('4-crash.ts', 'After a crash, the next process continues', ['--crash']),
  '5-tests.svg': service,
};

/** Where the pages of the tour are. */
export const pages = new URL('../pages/tour/', here);

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [file, draw] of Object.entries(pictures)) {
    await writeFile(new URL(file, pages), await draw());
  }
}
