/** The options of a test environment. */
import { badOption, checkNames } from '../kernel/bad-input.js';
import { durationMs, type Duration } from '../kernel/duration.js';
import { safeLog, type Logger } from '../kernel/logger.js';
import { ignore } from '../kernel/promises.js';
import { checkRuntimeOptions, RUNTIME_OPTION_NAMES } from '../runtime/options/check-runtime.js';
import type { RuntimeOptions } from '../runtime/options/runtime-options.js';

/**
 * Whose rules apply in a test environment.
 *
 * - `'in-process'`: The rules of systole's own runtime.
 * - `'temporal'`: The rules that apply to the same activity on a Temporal cluster.
 */
export type TestSemantics = 'in-process' | 'temporal';

/**
 * The options of a test environment: the options of a runtime, and a few of its own. The default
 * `logger` writes errors only.
 */
export interface TestEnvironmentOptions extends RuntimeOptions {
  /**
   * Whether time skips to the next timer by itself while a `run()`, `result()` or `settled()` is
   * pending and everything waits. Default true. With false, only `advance` moves time.
   */
  readonly autoSkip?: boolean | undefined;
  /** The maximum number of attempts of one activity. One more fails the test. Default 1,000. */
  readonly maxAttempts?: number | undefined;
  /**
   * How long, in real time, nothing may be able to move while a `run()` or `result()` is pending. Then
   * the activities that are open fail with an error that says what each of them waits for, such as a
   * completion from outside. Default `'1s'`. `Infinity` waits for the timeout of the test framework.
   */
  readonly stuckAfter?: Duration | undefined;
  /**
   * Whether the test shows what a Temporal cluster does to the code. With `'temporal'`, a request
   * reaches the function only with a heartbeat that is not throttled; throttled details are lost on
   * a timeout; timeouts count from the last report; arguments and results pass through JSON; and
   * details that JSON cannot hold are refused. Activities run as with `toTemporal`. Activities made
   * with `fromTemporal` run as on a worker, where a heartbeat without details erases the last ones.
   * Default `'in-process'`.
   */
  readonly semantics?: TestSemantics | undefined;
}

/** The options of a test environment, split into its own and those of the runtime. */
interface ResolvedEnvironment {
  readonly autoSkip: boolean;
  readonly maxAttempts: number;
  readonly stuckAfterMs: number;
  readonly temporal: boolean;
  readonly runtime: RuntimeOptions;
}

const OWN_OPTIONS = ['autoSkip', 'maxAttempts', 'stuckAfter', 'semantics'];

const DEFAULT_MAX_ATTEMPTS = 1_000;

/** Logs errors only: tests fail attempts on purpose, and warnings about them would be noise. */
const ERRORS_ONLY: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: (message, attributes = {}) => safeLog(undefined)('error', message, attributes),
};

/** @throws TypeError that names the option, the value received and what is accepted */
export function resolveEnvironment(options: TestEnvironmentOptions): ResolvedEnvironment {
  checkNames(options, {
    ...RUNTIME_OPTION_NAMES,
    of: 'TestActivityEnvironment',
    known: [...RUNTIME_OPTION_NAMES.known, ...OWN_OPTIONS],
  });
  const { autoSkip = true, maxAttempts, stuckAfter = '1s', semantics, ...runtime } = options;
  checkRuntimeOptions(runtime);
  return {
    autoSkip,
    maxAttempts: readMaxAttempts(maxAttempts),
    stuckAfterMs: durationMs(stuckAfter, 'stuckAfter'),
    temporal: readSemantics(semantics) === 'temporal',
    runtime: { ...runtime, logger: runtime.logger ?? ERRORS_ONLY },
  };
}

function readSemantics(semantics: TestSemantics = 'in-process'): TestSemantics {
  if (['in-process', 'temporal'].includes(semantics)) return semantics;
  throw badOption('semantics', semantics, "'in-process' or 'temporal'");
}

function readMaxAttempts(maxAttempts: number = DEFAULT_MAX_ATTEMPTS): number {
  if (maxAttempts === Infinity || (Number.isInteger(maxAttempts) && maxAttempts > 0)) {
    return maxAttempts;
  }
  throw badOption('maxAttempts', maxAttempts, 'a whole number above 0, or Infinity');
}
