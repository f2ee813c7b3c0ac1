/** Small things about promises that several files need. */

export function ignore(): void {
  // For promises and callbacks whose outcome is of no interest.
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

/** A listener or logger may be an async function: its rejection must not become an unhandled one. */
export function settleQuietly(returned: unknown, onError: (error: unknown) => void = ignore): void {
  if (isThenable(returned)) Promise.resolve(returned).then(ignore, onError);
}

type Settle = (outcome: unknown) => void;

/** The functions that settle the latest promise made with `execute`. */
export let resolve: Settle;
export let reject: Settle;

/** An executor is called at once, so one does for all: a closure for each is a hundred bytes. */
export const execute = (resolveIt: Settle, rejectIt: Settle): void => {
  resolve = resolveIt;
  reject = rejectIt;
};

/** A promise and the two functions that settle it. */
export class Deferred<T> {
  readonly promise = new Promise<unknown>(execute) as Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void = resolve;
  readonly reject: (reason: unknown) => void = reject;
}
