/** What a call gives beside its function: the one pass that checks it. */
import {
  badInput,
  checkNames,
  hasMethods,
  isFields,
  option,
  showAll,
  type OptionNames,
} from '../../kernel/bad-input.js';
import type { ActivityOptions, CallOptions } from './activity-options.js';
import { callHint } from './elsewhere.js';
import { ROWS, text, type ResolvedOptions } from './table.js';

/** What names one call, and no two activities share. */
export const OWN_OPTIONS: readonly string[] = ['args', 'activityId', 'signal'];

export const OPTION_NAMES: OptionNames = /* @__PURE__ */ optionNames();

function optionNames(): OptionNames {
  return {
    of: 'ActivityOptions',
    example: "{ heartbeatTimeout: '10s' }",
    known: new Set([...OWN_OPTIONS, ...ROWS.map(({ name }) => name)]),
    elsewhere: callHint,
  };
}

type Resolving = { -readonly [Field in keyof ResolvedOptions]: ResolvedOptions[Field] };

const NO_ARGS: readonly unknown[] = [];

/** What no options at all mean. Made at first use. */
let unset: ResolvedOptions | undefined;

function readDefaults(): ResolvedOptions {
  const fields = ROWS.map(({ name, field, read }) => [field, read(undefined, name)]);
  return Object.fromEntries(fields) as ResolvedOptions;
}

/**
 * Checks the options of a call and fills in what they leave open.
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function resolveOptions(
  given: CallOptions = {},
  defaults?: ActivityOptions,
): ResolvedOptions {
  checkNames(given, OPTION_NAMES);
  const resolved: Resolving = { ...(unset ??= readDefaults()) };
  for (const { name, field, read } of ROWS) {
    let value = given[name];
    if (value === undefined) value = defaults?.[name];
    if (value !== undefined) resolved[field] = read(value, name) as never;
  }
  clamp(resolved);
  return resolved;
}

/** Nothing within an attempt can take longer than the attempt, and no attempt than the activity. */
function clamp(options: Resolving): void {
  const { scheduleToCloseTimeoutMs, heartbeatTimeoutMs } = options;
  const startToCloseTimeoutMs = shorter(options.startToCloseTimeoutMs, scheduleToCloseTimeoutMs);
  options.startToCloseTimeoutMs = startToCloseTimeoutMs;
  options.scheduleToStartTimeoutMs = shorter(
    options.scheduleToStartTimeoutMs,
    scheduleToCloseTimeoutMs,
  );
  if (heartbeatTimeoutMs > 0) {
    options.heartbeatTimeoutMs = shorter(heartbeatTimeoutMs, startToCloseTimeoutMs);
  }
}

/** Of two timeouts of which 0 is none. */
function shorter(a: number, b: number): number {
  return a === 0 || b === 0 ? a + b : Math.min(a, b);
}

/**
 * The options of a call: all that comes after the function.
 *
 * @throws TypeError if the function's own arguments come there
 */
export function callOf(rest: readonly unknown[]): CallOptions | undefined {
  const [call] = rest;
  if (rest.length <= 1 && (call === undefined || isFields(call))) return call;
  const args = isFields(call) ? rest.slice(1) : rest;
  throw badInput(
    `${OPTION_NAMES.of}: received ${showAll(rest)}; expected one object such as ` +
      `${OPTION_NAMES.example}. The function's arguments go into it: pass args: [${showAll(args)}]`,
  );
}

const abortSignal = /* @__PURE__ */ option(
  'an AbortSignal, such as the signal of an AbortController',
  isAbortSignal,
);

const argsArray = /* @__PURE__ */ option(
  "an array of the function's arguments after ctx",
  (value: readonly unknown[]) => Array.isArray(value),
  NO_ARGS,
);

/** @throws TypeError as `resolveOptions`, which is called before */
export function activityIdOf(call: ActivityOptions | undefined): string | undefined {
  return text(call?.activityId, 'activityId');
}

/** @throws TypeError as `resolveOptions`, which is called before */
export function signalOf(call: ActivityOptions | undefined): AbortSignal | undefined {
  return abortSignal(call?.signal, 'signal');
}

/** @throws TypeError as `resolveOptions`, which is called before */
export function argsOf(call: CallOptions | undefined): readonly unknown[] {
  return argsArray(call?.args, 'args');
}

/** By shape: a polyfill's signal, or another realm's, is as good. */
function isAbortSignal(value: AbortSignal): boolean {
  return (
    hasMethods(value, 'addEventListener', 'removeEventListener') &&
    typeof value.aborted === 'boolean'
  );
}
