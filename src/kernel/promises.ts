/** Small things about promises that several files need. */

export function ignore(): void {
  // For promises and callbacks whose outcome is of no interest.
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayBe = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayBe && typeof (value as { then?: unknown }).then === 'function';
}

/**
 * Calls back in a later turn with what a value, a promise or a thenable comes to. Like `await`, it
 * does not ask a native promise for a `then` of its own. Never throws.
 */
export function whenSettled(
  value: unknown,
  onValue: (value: unknown) => void,
  onError: (error: unknown) => void,
): void {
  try {
    void Promise.prototype.then.call(Promise.resolve(value), onValue, onError);
  } catch (error) {
    Promise.reject(error as Error).then(onValue, onError); // its `constructor` throws
  }
}

/** A listener or logger may be an async function: its rejection must not become an unhandled one. */
export function settleQuietly(returned: unknown, onError: (error: unknown) => void = ignore): void {
  if (isThenable(returned)) whenSettled(returned, ignore, onError);
}

/** A promise and the two functions that settle it. */
export class Deferred<T> {
  resolve!: (value: T | PromiseLike<T>) => void;
  reject!: (reason: unknown) => void;
  readonly promise: Promise<T>;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}
