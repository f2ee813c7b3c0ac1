/** `ctx.sleep`: a wait that ends at a cancellation and leaves nothing behind. */
import type { Waiting } from './source.js';

/** Resolves after the delay. Rejects with the reason if the attempt should stop. */
export function sleep(delayMs: number, attempt: Waiting): Promise<void> {
  attempt.hearInWait();
  const { interruption, timers } = attempt;
  return new Promise((resolve, reject) => {
    if (interruption.reason !== undefined) throw interruption.reason;
    if (attempt.ended) return; // it never settles, like a sleep that the end interrupts
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
