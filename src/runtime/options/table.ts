/**
 * The options that activities may share, one row each: how it is read, whether it can be changed,
 * how it is shown, and what Temporal does instead. Everything else about options is derived from
 * this table. An option is added here and in `ActivityOptions`.
 */
import { badOption } from '../../kernel/bad-input.js';
import { durationMs, type Duration } from '../../kernel/duration.js';
import { resolveRetryPolicy, shownPolicy } from '../../retry/policy.js';
import type { ActivityOptions, DescribedOptions, OptionsPatch } from './activity-options.js';

/** Options of a call that are not its own alone. */
export type OptionName = Exclude<keyof ActivityOptions, 'activityId' | 'signal'>;

interface Row<Name extends OptionName> {
  readonly name: Name;
  /** Where `ResolvedOptions` has it. */
  readonly field: string;
  /** Checks a value, and gives the default for `undefined`. */
  readonly read: (value: ActivityOptions[Name], name: string) => unknown;
  /** Whether `updateOptions` takes it. */
  readonly patchable?: Name extends keyof OptionsPatch ? true : never;
  /** What `describe().options` shows; `read` takes it back. Without this nothing is shown. */
  readonly describe?: Name extends keyof DescribedOptions
    ? (resolved: never) => DescribedOptions[Name]
    : never;
  /** Temporal has only the default: what to use there. */
  readonly onTemporal?: string;
}

const orNone = (ms: number): number | undefined => ms || undefined;
const asIs = <T>(value: T): T => value;

export const DEFAULT_PRIORITY = 3;
const LAST_PRIORITY = 5;

export const OPTIONS = [
  { name: 'activityType', field: 'activityType', read: text },
  {
    name: 'heartbeatTimeout',
    field: 'heartbeatTimeoutMs',
    read: timeout,
    patchable: true,
    describe: orNone,
  },
  {
    name: 'startToCloseTimeout',
    field: 'startToCloseTimeoutMs',
    read: timeout,
    patchable: true,
    describe: orNone,
  },
  {
    name: 'scheduleToStartTimeout',
    field: 'scheduleToStartTimeoutMs',
    read: timeout,
    patchable: true,
    describe: orNone,
  },
  {
    name: 'scheduleToCloseTimeout',
    field: 'scheduleToCloseTimeoutMs',
    read: timeout,
    patchable: true,
    describe: orNone,
  },
  {
    name: 'progressTimeout',
    field: 'progressTimeoutMs',
    read: timeout,
    patchable: true,
    describe: orNone,
    onTemporal: 'use startToCloseTimeout, or let the activity watch its own progress',
  },
  { name: 'startDelay', field: 'startDelayMs', read: delay, patchable: true, describe: asIs },
  {
    name: 'retryPolicy',
    field: 'retryPolicy',
    read: resolveRetryPolicy,
    patchable: true,
    describe: shownPolicy,
  },
  {
    name: 'heartbeatThrottleInterval',
    field: 'throttleIntervalMs',
    read: interval,
    onTemporal: 'set maxHeartbeatThrottleInterval of the Worker',
  },
  {
    name: 'cancellationType',
    field: 'cancellationType',
    read: (value, name) =>
      oneOf(name, value, 'TRY_CANCEL', 'WAIT_CANCELLATION_COMPLETED', 'ABANDON'),
    describe: asIs,
  },
  {
    name: 'cancellationDelivery',
    field: 'cancellationDelivery',
    read: (value, name) => oneOf(name, value, 'heartbeat', 'immediate'),
    onTemporal: "leave it at 'heartbeat': a worker hears of a request in a heartbeat",
  },
  {
    name: 'attemptOverlap',
    field: 'overlapWaitMs',
    read: overlap,
    onTemporal:
      'a retry there may run beside an attempt that timed out; make the activity idempotent',
  },
  { name: 'priority', field: 'priority', read: priority, patchable: true, describe: asIs },
  {
    name: 'concurrencyKey',
    field: 'concurrencyKey',
    read: text,
    describe: asIs,
    onTemporal:
      'use a task queue of its own, whose worker limits maxConcurrentActivityTaskExecutions',
  },
  {
    name: 'idConflictPolicy',
    field: 'idConflictPolicy',
    read: (value, name) => oneOf(name, value, 'FAIL', 'USE_EXISTING'),
  },
] as const satisfies readonly { [Name in OptionName]: Row<Name> }[OptionName][];

type Table = (typeof OPTIONS)[number];

/**
 * Options with nothing left open: durations in milliseconds, 0 for no timeout, Infinity for an
 * overlap that is forbidden, `undefined` for what another part decides. Activities may share them.
 */
export type ResolvedOptions = {
  readonly [Option in Table as Option['field']]: ReturnType<Option['read']>;
};

/** A row with its types forgotten. */
export interface Option {
  readonly name: OptionName;
  readonly field: keyof ResolvedOptions;
  readonly read: (value: unknown, name: string) => unknown;
  readonly patchable?: true;
  readonly describe?: (resolved: unknown) => unknown;
  readonly onTemporal?: string;
}

/** The rows, to go through. */
export const ROWS = OPTIONS as readonly unknown[] as readonly Option[];

// ── How options are read ─────────────────────────────────────────────────────────────────────────

export function text(value: string | undefined, name: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw badOption(name, value, 'a string');
}

/** 0 for none, which Infinity means too. */
function timeout(value: Duration | undefined, name: string): number {
  const ms = interval(value, name) ?? 0;
  return ms === Infinity ? 0 : ms;
}

function delay(value: Duration | undefined, name: string): number {
  const ms = interval(value, name) ?? 0;
  if (ms === Infinity) throw badOption(name, value, 'a finite duration');
  return ms;
}

function interval(value: Duration | undefined, name: string): number | undefined {
  return value === undefined ? undefined : durationMs(value, name);
}

/** One of a few words, the first of which is the default. */
function oneOf<Word extends string>(
  name: string,
  value: NoInfer<Word> | undefined,
  ...words: readonly [Word, ...Word[]]
): Word {
  if (value === undefined) return words[0];
  if (words.includes(value)) return value;
  throw badOption(name, value, words.map((word) => `'${word}'`).join(' or '));
}

function overlap(value: 'allow' | 'forbid' | Duration | undefined, name: string): number {
  if (value === undefined || value === 'allow') return 0;
  if (value === 'forbid') return Infinity;
  try {
    return durationMs(value, name);
  } catch {
    throw badOption(name, value, "'allow', 'forbid', or a duration such as '30s'");
  }
}

function priority(value: number | undefined, name: string): number {
  if (value === undefined) return DEFAULT_PRIORITY;
  if (Number.isInteger(value) && value >= 1 && value <= LAST_PRIORITY) return value;
  throw badOption(name, value, `a whole number from 1 (first) to ${LAST_PRIORITY}`);
}
