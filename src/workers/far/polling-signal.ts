/** A signal for loops that never yield: whoever looks at it hears what has come meanwhile. */

/** @param poll aborts the signal if that has been asked for */
export function pollingSignal(signal: AbortSignal, poll: () => void): AbortSignal {
  const inherited = (name: 'aborted' | 'reason'): PropertyDescriptor => {
    const property = Object.getOwnPropertyDescriptor(AbortSignal.prototype, name);
    const read = (): unknown => {
      poll();
      return property?.get?.call(signal);
    };
    return { get: read, configurable: true };
  };
  const throwIfAborted = (): void => {
    poll();
    AbortSignal.prototype.throwIfAborted.call(signal);
  };
  return Object.defineProperties(signal, {
    aborted: inherited('aborted'),
    reason: inherited('reason'),
    throwIfAborted: { value: throwIfAborted, configurable: true, writable: true },
  });
}
