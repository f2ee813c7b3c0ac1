/** `ctx.yield`: lets a loop that computes share the event loop. */
import { hostNow, hostTurn } from '../../kernel/clock.js';
import type { Waiting } from './source.js';

/** How long a function may keep the event loop busy. It is real time, because real work takes it. */
const BUSY_MS = 10;

const NOW: Promise<void> = /* @__PURE__ */ Promise.resolve();

/** Makes the `ctx.yield` of an attempt. */
export function yielding(attempt: Waiting): () => Promise<void> {
  const { interruption } = attempt;
  let turnedAt = hostNow();
  return () => {
    try {
      attempt.heartbeat(undefined);
      if (interruption.reason !== undefined) throw interruption.reason;
    } catch (error) {
      return Promise.reject(error);
    }
    if (hostNow() - turnedAt < BUSY_MS) return NOW;
    return new Promise((resolve, reject) => {
      hostTurn(() => {
        turnedAt = hostNow();
        attempt.hearInWait();
        if (interruption.reason === undefined) resolve();
        else reject(interruption.reason);
      });
    });
  };
}
