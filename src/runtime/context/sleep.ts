/** `ctx.sleep`: a wait that a cancellation ends, and that leaves nothing behind. */
import type { Timers } from './keep-alive.js';
import type { Interruption } from './interruption.js';

/** Settles after the delay, or with the reason if the attempt should stop. */
export function sleep(delayMs: number, timers: Timers, interruption: Interruption): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = timers.setTimer(() => {
      stopListening();
      resolve();
    }, delayMs);
    const stopListening = interruption.onDelivery((reason) => {
      timer.clear();
      if (reason !== undefined) reject(reason);
    });
  });
}
