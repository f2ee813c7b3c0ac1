/** `ctx.sleep`: a wait that a cancellation ends, and that leaves nothing behind. */
import type { Waiting } from './source.js';

/** Settles after the delay, or with the reason if the attempt should stop. */
export function sleep(delayMs: number, attempt: Waiting): Promise<void> {
  attempt.hearInWait();
  const { interruption, timers } = attempt;
  return new Promise((resolve, reject) => {
    if (interruption.reason !== undefined) throw interruption.reason;
    if (attempt.ended) return; // like a sleep that was under way at the end, it never settles
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
