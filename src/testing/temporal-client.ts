/**
 * What lies between a caller and Temporal's server, for `semantics: 'temporal'`: values go through
 * JSON, and an abort is a request that an attempt hears about like any other.
 */
import { badOption, show } from '../kernel/bad-input.js';
import { ensureError } from '../kernel/thrown.js';
import type { Execution } from '../runtime/activity/execution.js';
import { cancel } from '../runtime/activity/stopping.js';
import type { CallOptions } from '../runtime/options/activity-options.js';

/**
 * As it would be on the other side of Temporal's converter: bytes as they are, all else as JSON.
 *
 * @throws TypeError for what has no JSON
 */
export function throughJson(value: unknown): unknown {
  if (value === undefined) return undefined;
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`${show(value)} has no JSON`);
  return JSON.parse(text);
}

/**
 * Arguments as they go into a start, each by itself.
 *
 * @throws TypeError
 */
export function argsThroughJson(args: readonly unknown[]): unknown[] {
  return Array.from(args, (arg, index) => {
    try {
      return throughJson(arg);
    } catch (cause) {
      const { message } = ensureError(cause);
      const accepted = `JSON, under semantics: 'temporal' (${message})`;
      throw Object.assign(badOption(`args[${index}]`, arg, accepted), { cause });
    }
  });
}

/** The options of a call, with arguments as the activity will find them. */
export function callThroughJson(call: CallOptions = {}): CallOptions {
  return Array.isArray(call.args) ? { ...call, args: argsThroughJson(call.args) } : call;
}

/** Cancels the activity on abort, as long as one of its functions may hear of it. */
export function cancelWith(signal: AbortSignal, execution: Execution): void {
  const onAbort = (): void => cancel(execution, signal.reason, false);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  void execution.settled().then(() => signal.removeEventListener('abort', onAbort));
}
