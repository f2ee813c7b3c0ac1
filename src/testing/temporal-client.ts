/**
 * Stands in for Temporal's client with `semantics: 'temporal'`: values go through JSON, and an abort
 * reaches the attempt like any other request to cancel.
 */
import { badOption, show } from '../kernel/bad-input.js';
import { ensureError } from '../kernel/thrown.js';
import type { Execution } from '../runtime/activity/execution.js';
import { cancel } from '../runtime/activity/stopping.js';
import type { CallOptions } from '../runtime/options/activity-options.js';

/**
 * Converts a value the way Temporal's converter does: bytes stay bytes, all else goes through JSON.
 *
 * @throws TypeError for a value that JSON cannot hold
 */
export function throughJson(value: unknown): unknown {
  if (value === undefined) return undefined;
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`JSON cannot hold ${show(value)}`);
  return JSON.parse(text);
}

/**
 * Converts the arguments of a call, each one separately.
 *
 * @throws TypeError that names the argument that JSON cannot hold
 */
export function argsThroughJson(args: readonly unknown[]): unknown[] {
  return Array.from(args, (arg, index) => {
    try {
      return throughJson(arg);
    } catch (cause) {
      const { message } = ensureError(cause);
      const accepted = `a JSON value, with semantics: 'temporal' (${message})`;
      throw Object.assign(badOption(`args[${index}]`, arg, accepted), { cause });
    }
  });
}

/** The options of a call, with the arguments as the activity will receive them. */
export function callThroughJson(call: CallOptions = {}): CallOptions {
  return Array.isArray(call.args) ? { ...call, args: argsThroughJson(call.args) } : call;
}

/** Cancels the activity when the signal aborts, as long as any of its functions runs. */
export function cancelWith(signal: AbortSignal, execution: Execution): void {
  const onAbort = (): void => cancel(execution, signal.reason, false);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  void execution.settled().then(() => signal.removeEventListener('abort', onAbort));
}
