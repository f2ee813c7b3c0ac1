/** Entries of the ledger: how activities become entries, and calls again. */
import { badInput } from '../kernel/bad-input.js';
import { HeartbeatDetailsError } from '../kernel/errors.js';
import { quote } from '../kernel/text.js';
import type { DetailsCodec, Snapshot } from '../heartbeat/details/codec.js';
import { ROWS, type ResolvedOptions } from '../runtime/options/table.js';
import type { LedgerEntry } from '../runtime/shared/ledger.js';

/** The version of the form of entries that this code writes. */
export const VERSION = 1;

/** An entry that this runtime has claimed, to run its activity again. */
export interface Found {
  readonly entry: LedgerEntry;
  readonly generation: number;
}

/** The options of a call, as values and as text. */
export interface KeptOptions {
  readonly values: Readonly<Record<string, unknown>>;
  readonly text: string;
}

type Options = Readonly<Record<string, unknown>>;

/**
 * The arguments of a call as text.
 *
 * @throws TypeError that names the first value that cannot be stored
 */
export function encodeArgs(codec: DetailsCodec, args: readonly unknown[]): string {
  return encode(codec, args, 'args', 'pass its fields, or a path or a key, not the thing');
}

/**
 * The options that a call gave, as text. What it did not give comes from the defaults of the runtime
 * that recovers it.
 *
 * @throws TypeError that names the first option that cannot be stored
 */
export function encodeOptions(codec: DetailsCodec, options: Options): string {
  const { retryPolicy } = options as { readonly retryPolicy?: Options };
  for (const name of ['shouldRetry', 'onFailedAttempt']) {
    if (retryPolicy?.[name] === undefined) continue;
    throw refused(`retryPolicy.${name}: a function`, `give it in the runtime's defaults`);
  }
  const types = (retryPolicy?.['nonRetryableErrorTypes'] ?? []) as readonly unknown[];
  types.forEach((type, index) => {
    if (typeof type !== 'function') return;
    const place = `retryPolicy.nonRetryableErrorTypes[${index}]`;
    throw refused(`${place}: a class`, `give its name, ${quote(type.name)}`);
  });
  return encode(codec, options, 'options', "give it in the runtime's defaults");
}

function encode(codec: DetailsCodec, value: unknown, name: string, advice: string): string {
  try {
    return codec.encode(codec.snapshot(value as Snapshot, () => {}));
  } catch (error) {
    if (!(error instanceof HeartbeatDetailsError)) throw error;
    const [what = ''] = error.message.split('; ');
    throw refused(what.replace(/^details/, name), advice);
  }
}

function refused(what: string, advice: string): TypeError {
  return badInput(
    `${what}; an activity with an activityId is kept in the store's ledger, so its arguments and ` +
      `options must be data: ${advice}`,
  );
}

/** The options of a call that the ledger keeps. */
export function optionsOf(call: Options | undefined): Options {
  const kept: Record<string, unknown> = {};
  for (const { name } of ROWS) {
    const value = call?.[name];
    const isKept = name !== 'activityType' && name !== 'idConflictPolicy';
    if (isKept && value !== undefined) kept[name] = value;
  }
  return kept;
}

/** The kept options after a change. Those that have changed are kept as they are now. */
export function patchedOptions(kept: Options, patch: Options, next: ResolvedOptions): Options {
  const patched: Record<string, unknown> = { ...kept };
  for (const { name, field, describe } of ROWS) {
    if (patch[name] !== undefined) patched[name] = describe?.(next[field]) ?? 0; // 0 is no timeout
  }
  const policy = patched['retryPolicy'];
  if (typeof policy === 'object') patched['retryPolicy'] = defined(policy as Options);
  return patched;
}

function defined(fields: Options): Options {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The arguments and options of an entry. Throws for a text that cannot be read. */
export function callOf(
  codec: DetailsCodec,
  entry: LedgerEntry,
): { readonly args: readonly unknown[] } & Options {
  const args: unknown = codec.decode(entry.args);
  const options: unknown = codec.decode(entry.options);
  if (!Array.isArray(args)) throw new TypeError('its arguments are not an array');
  if (typeof options !== 'object') throw new TypeError('its options are not an object');
  const { activityId, activityType } = entry;
  return { ...options, args, activityId, activityType };
}

/** Whether an attempt had begun and not ended, as far as its entry says. */
export function isUnderWay({ runState }: LedgerEntry): boolean {
  return /^STARTED$|_REQUESTED$/.test(runState);
}
