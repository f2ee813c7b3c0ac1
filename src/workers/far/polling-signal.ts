/**
 * A signal for loops that never yield. Reading it receives the messages that have come meanwhile.
 */

/** @param poll aborts the signal if a message has requested it */
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
