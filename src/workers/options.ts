/** The options of a pool. They are read once. */
import { availableParallelism } from 'node:os';
import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  badOption,
  checkNames,
  hints,
  isFields,
  option,
  type OptionNames,
} from '../kernel/bad-input.js';
import { durationMs, type Duration } from '../kernel/duration.js';
import { showStep } from '../heartbeat/details/copy.js';

/** The options of `workerPool`. All are optional. */
export interface WorkerPoolOptions {
  /**
   * Where functions run. Default `'process'`.
   *
   * - `'process'`: In child processes. They can always be killed, and nothing they do can end the
   *   program.
   * - `'thread'`: In threads of this process. They start faster, but a crash in native code ends the
   *   program, and a native call cannot be interrupted.
   * - `'none'`: In the program itself, for debuggers and unit tests. Nothing can be killed.
   */
  readonly isolation?: 'process' | 'thread' | 'none' | undefined;
  /**
   * The maximum number of functions that run at once, each in a worker. Default:
   * `os.availableParallelism()`.
   */
  readonly maxWorkers?: number | undefined;
  /** How long to keep an idle worker. Default `'30s'`. `Infinity` keeps it until the pool closes. */
  readonly idleTimeout?: Duration | undefined;
  /**
   * How long a function may take to settle after it was told to stop. Then its worker is killed.
   * Default `'1s'`. `Infinity` never kills it.
   */
  readonly gracePeriod?: Duration | undefined;
  /** The limit of each worker's JavaScript heap, in MiB. Default: Node's own limit. */
  readonly memoryLimitMb?: number | undefined;
  /** The environment variables of workers. Default: those of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * The flags with which Node starts workers. Default: those of this process, so a TypeScript loader
   * of the program also works in its workers.
   */
  readonly execArgv?: readonly string[] | undefined;
}

/** What a worker is started with. */
export interface WorkerOptions {
  /** The address of the module of activities. */
  readonly module: string;
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  readonly execArgv: readonly string[] | undefined;
  readonly memoryLimitMb: number | undefined;
}

/** The pool options with their defaults filled in. */
export interface ResolvedPool extends WorkerOptions {
  readonly isolation: 'process' | 'thread' | 'none';
  readonly maxWorkers: number;
  readonly idleMs: number;
  readonly graceMs: number;
}

const NAMES: OptionNames = {
  of: 'workerPool',
  example: "{ isolation: 'thread' }",
  known: [
    'isolation',
    'maxWorkers',
    'idleTimeout',
    'gracePeriod',
    'memoryLimitMb',
    'env',
    'execArgv',
  ],
  elsewhere: (name) => hints(HINTS, name),
};

const HINTS: Readonly<Record<string, string>> = {
  filename: 'the first argument: the module',
  concurrency: 'maxWorkers',
  threads: "isolation: 'thread', and maxWorkers",
  maxThreads: 'maxWorkers',
  maxConcurrentActivities: 'maxWorkers',
  runtime: "isolation: 'process' or 'thread'",
  workerType: "isolation: 'process' or 'thread'",
  terminateTimeout: 'gracePeriod',
  resourceLimits: 'memoryLimitMb',
  workerData: 'args of the call',
  heartbeatTimeout: 'an option of the call, not of the pool',
};

const isolation = option(
  "'process', 'thread' or 'none'",
  (value: ResolvedPool['isolation']) => ['process', 'thread', 'none'].includes(value),
  'process' as const,
);

const positive = option(
  'a whole number above 0',
  (value: number) => Number.isInteger(value) && value > 0,
);

const megabytes = option(
  'a number of MiB above 0',
  (value: number) => Number.isFinite(value) && value > 0,
);

const env = option(
  'an object of strings, such as process.env',
  (value: Readonly<Record<string, string | undefined>>) => isFields(value),
);

const execArgv = option<readonly string[]>(
  "an array of flags for Node, such as ['--import', 'tsx']",
  (value) => Array.isArray(value),
);

/** Refuses the first value that is not a string. */
function checkStrings(values: object | undefined, name: string): void {
  const isList = Array.isArray(values);
  for (const [key, value] of Object.entries(values ?? {}) as [string, unknown][]) {
    if (typeof value === 'string' || (value === undefined && !isList)) continue;
    throw badOption(`${name}${showStep(isList ? Number(key) : key)}`, value, 'a string');
  }
}

/** @throws TypeError that names the option, the value received and what is accepted */
export function resolvePool(module: URL | string, options: WorkerPoolOptions): ResolvedPool {
  checkNames(options, NAMES);
  const resolved: ResolvedPool = {
    module: addressOf(module),
    isolation: isolation(options.isolation, 'workerPool: isolation'),
    maxWorkers: positive(options.maxWorkers, 'workerPool: maxWorkers') ?? availableParallelism(),
    idleMs: durationMs(options.idleTimeout ?? '30s', 'workerPool: idleTimeout'),
    graceMs: durationMs(options.gracePeriod ?? '1s', 'workerPool: gracePeriod'),
    memoryLimitMb: megabytes(options.memoryLimitMb, 'workerPool: memoryLimitMb'),
    env: env(options.env, 'workerPool: env'),
    execArgv: execArgv(options.execArgv, 'workerPool: execArgv'),
  };
  checkStrings(resolved.env, 'workerPool: env');
  checkStrings(resolved.execArgv, 'workerPool: execArgv');
  return resolved;
}

function addressOf(module: unknown): string {
  const isUrl = module instanceof URL || Object.prototype.toString.call(module) === '[object URL]';
  const address = isUrl ? String(module) : module;
  if (typeof address === 'string' && isAbsolute(address)) return pathToFileURL(address).href;
  if (typeof address === 'string' && /^(?:file|data):/.test(address)) return address;
  throw badOption(
    'workerPool: module',
    module,
    "the address of a module of activities, such as new URL('./my.activities.js', import.meta.url)",
  );
}
