/**
 * The options that activities may share, one row each: how it is read, whether it can be changed,
 * and how it is shown. Everything else about options is derived from this table, except what Temporal
 * does with them (`src/temporal/options-table.ts`). CONTRIBUTING.md says how to add an option.
 */
import { badOption, option, type Read } from '../../kernel/bad-input.js';
import { durationMs, finiteMs, type Duration } from '../../kernel/duration.js';
import { resolveRetryPolicy } from '../../retry/policy.js';
import type {
  ActivityOptions,
  CancellationDelivery,
  DescribedOptions,
  OptionsPatch,
} from './activity-options.js';

/** The names of the options that calls may share. */
export type OptionName = Exclude<keyof ActivityOptions, 'activityId' | 'signal'>;

interface Row<Name extends OptionName> {
  readonly name: Name;
  /** Whether it is held in milliseconds, in a field with `Ms` at the end of its name. */
  readonly ms?: true;
  /** Checks a value, and returns the default for `undefined`. */
  readonly read: (value: ActivityOptions[Name], name: string) => unknown;
  /** Whether `updateOptions` accepts it. */
  readonly patchable?: Name extends keyof OptionsPatch ? true : never;
  /** What `describe().options` shows, which `read` accepts too. Without it, nothing is shown. */
  readonly describe?: Name extends keyof DescribedOptions
    ? (resolved: never) => DescribedOptions[Name]
    : never;
}

const orNone = (ms: number): number | undefined => ms || undefined;
const asIs = <T>(value: T): T => value;

const TIMEOUT = { ms: true, read: timeout, patchable: true, describe: orNone } as const;

export const DEFAULT_PRIORITY = 3;
const LAST_PRIORITY = 5;

export const text = /* @__PURE__ */ option(
  'a string',
  (value: string) => typeof value === 'string',
);

const priority = /* @__PURE__ */ option(
  `a whole number from 1 (first) to ${LAST_PRIORITY}`,
  (value: number) => Number.isInteger(value) && value >= 1 && value <= LAST_PRIORITY,
  DEFAULT_PRIORITY,
);

/** A test environment puts `'heartbeat-only'` here, to be like a Temporal worker. */
const delivery: Read<CancellationDelivery, CancellationDelivery | 'heartbeat-only'> =
  /* @__PURE__ */ oneOf('heartbeat', 'immediate');

export const OPTIONS = [
  { name: 'activityType', read: text },
  { name: 'heartbeatTimeout', ...TIMEOUT },
  { name: 'startToCloseTimeout', ...TIMEOUT },
  { name: 'scheduleToStartTimeout', ...TIMEOUT },
  { name: 'scheduleToCloseTimeout', ...TIMEOUT },
  { name: 'progressTimeout', ...TIMEOUT },
  { name: 'startDelay', ms: true, read: delay, patchable: true, describe: asIs },
  { name: 'retryPolicy', read: resolveRetryPolicy, patchable: true, describe: asIs },
  { name: 'heartbeatThrottleInterval', ms: true, read: interval },
  {
    name: 'cancellationType',
    read: /* @__PURE__ */ oneOf('TRY_CANCEL', 'WAIT_CANCELLATION_COMPLETED', 'ABANDON'),
    describe: asIs,
  },
  { name: 'cancellationDelivery', read: delivery },
  { name: 'attemptOverlap', ms: true, read: overlap },
  { name: 'priority', read: priority, patchable: true, describe: asIs },
  { name: 'concurrencyKey', read: text, describe: asIs },
  { name: 'idConflictPolicy', read: /* @__PURE__ */ oneOf('FAIL', 'USE_EXISTING') },
] as const satisfies readonly { [Name in OptionName]: Row<Name> }[OptionName][];

type Table = (typeof OPTIONS)[number];

/** The name of the field of `ResolvedOptions` that holds an option. */
export type Field<Name extends OptionName> =
  Extract<Table, { readonly name: Name }> extends { readonly ms: true } ? `${Name}Ms` : Name;

/**
 * Options with their defaults filled in: durations in milliseconds, 0 for no timeout, Infinity for a
 * forbidden overlap, `undefined` if another part decides. Activities may share them.
 */
export type ResolvedOptions = {
  readonly [Option in Table as Field<Option['name']>]: ReturnType<Option['read']>;
};

/** The value of an option in `ResolvedOptions`. */
export type Resolved<Name extends OptionName> = ReturnType<
  Extract<Table, { readonly name: Name }>['read']
>;

/** A row without its exact types. */
export interface Option {
  readonly name: OptionName;
  /** The field of `ResolvedOptions` that holds it. */
  readonly field: keyof ResolvedOptions;
  readonly read: (value: unknown, name: string) => unknown;
  readonly patchable?: true;
  readonly describe?: (resolved: unknown) => unknown;
}

/** The rows of the table, for loops. */
export const ROWS = /* @__PURE__ */ OPTIONS.map((row) => ({
  ...row,
  field: 'ms' in row ? `${row.name}Ms` : row.name,
})) as readonly unknown[] as readonly Option[];

// ── How options are read ─────────────────────────────────────────────────────────────────────────

/** Reads a timeout. 0 and Infinity mean none and become 0. */
function timeout(value: Duration | undefined, name: string): number {
  const ms = interval(value, name) ?? 0;
  return ms === Infinity ? 0 : ms;
}

function delay(value: Duration | undefined, name: string): number {
  return value === undefined ? 0 : finiteMs(value, name);
}

function interval(value: Duration | undefined, name: string): number | undefined {
  return value === undefined ? undefined : durationMs(value, name);
}

/** Reads one of a few words. The first is the default. */
function oneOf<Word extends string>(...words: readonly [Word, ...Word[]]): Read<Word, Word> {
  const accepted = words.map((word) => `'${word}'`).join(' or ');
  return option(accepted, (value) => words.includes(value), words[0]);
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
