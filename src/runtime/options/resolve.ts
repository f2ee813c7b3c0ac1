/** Checks the options of a call and fills in the defaults. */
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

/** The options that belong to one call and are never shared. */
export const OWN_OPTIONS: readonly string[] = ['args', 'activityId', 'signal'];

export const OPTION_NAMES: OptionNames = /* @__PURE__ */ optionNames();

function optionNames(): OptionNames {
  return {
    of: 'ActivityOptions',
    example: "{ heartbeatTimeout: '10s' }",
    known: [...OWN_OPTIONS, ...ROWS.map(({ name }) => name)],
    elsewhere: callHint,
  };
}

type Resolving = { -readonly [Field in keyof ResolvedOptions]: ResolvedOptions[Field] };

const NO_ARGS: readonly unknown[] = [];

/** The defaults of all options. Made at first use. */
let unset: ResolvedOptions | undefined;

function readDefaults(): ResolvedOptions {
  const fields = ROWS.map(({ name, field, read }) => [field, read(undefined, name)]);
  return Object.fromEntries(fields) as ResolvedOptions;
}

/**
 * Checks the options of a call and fills in the defaults.
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

/** Shortens timeouts, so that none is longer than the one of the attempt or activity around it. */
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

/** The shorter of two timeouts, where 0 means none. */
function shorter(a: number, b: number): number {
  return a === 0 || b === 0 ? a + b : Math.min(a, b);
}

/**
 * The options of a call, from the parameters after the function.
 *
 * @throws TypeError if the function's own arguments were passed there
 */
export function callOf(rest: readonly unknown[]): CallOptions | undefined {
  const [call] = rest;
  if (rest.length <= 1 && (call === undefined || isFields(call))) return call;
  const args = isFields(call) ? rest.slice(1) : rest;
  throw badInput(
    `${OPTION_NAMES.of}: received ${showAll(rest)}; expected one object such as ` +
      `${OPTION_NAMES.example}; pass the function's arguments as args: [${showAll(args)}]`,
  );
}

const abortSignal = /* @__PURE__ */ option(
  'an AbortSignal, such as controller.signal',
  isAbortSignal,
);

const argsArray = /* @__PURE__ */ option(
  "an array of the function's arguments after ctx",
  (value: readonly unknown[]) => Array.isArray(value),
  NO_ARGS,
);

/** @throws TypeError that names the option, the value received and what is accepted */
export function activityIdOf(call: ActivityOptions | undefined): string | undefined {
  return text(call?.activityId, 'activityId');
}

/** @throws TypeError that names the option, the value received and what is accepted */
export function signalOf(call: ActivityOptions | undefined): AbortSignal | undefined {
  return abortSignal(call?.signal, 'signal');
}

/** @throws TypeError that names the option, the value received and what is accepted */
export function argsOf(call: CallOptions | undefined): readonly unknown[] {
  return argsArray(call?.args, 'args');
}

/** Whether a value works as an AbortSignal, even one from a polyfill or another realm. */
function isAbortSignal(value: AbortSignal): boolean {
  return (
    hasMethods(value, 'addEventListener', 'removeEventListener') &&
    typeof value.aborted === 'boolean'
  );
}
