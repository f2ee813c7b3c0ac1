/** `ctx.keepAlive`: heartbeats for work that cannot do so itself. */
import type { Clock, Timer } from '../clock.js';
import { ignore } from '../promises.js';
import type { Interruption } from './interruption.js';

export interface KeptAlive {
  readonly clock: Clock;
  readonly interruption: Interruption;
  readonly everyMs: number;
  /** Says "alive", without details. */
  readonly heartbeat: () => void;
}

export function keepAlive<T>(
  work: PromiseLike<T> | (() => PromiseLike<T> | T),
  { clock, interruption, everyMs, heartbeat }: KeptAlive,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const { reason } = interruption;
    if (reason !== undefined && typeof work === 'function') throw reason;
    const working = Promise.resolve(typeof work === 'function' ? work() : work);
    if (reason !== undefined) {
      working.catch(ignore); // it may reject yet, and nobody waits for it here
      throw reason;
    }
    let timer: Timer;
    const stop = (): void => {
      timer.clear();
      stopListening();
    };
    const stopListening = interruption.onDelivery((reason) => {
      stop();
      if (reason !== undefined) reject(reason);
    });
    const beat = (): void => {
      timer = clock.setTimer(beat, everyMs);
      try {
        heartbeat(); // may deliver a cancellation, which clears the timer just set
      } catch (error) {
        stop(); // an interceptor's error is the work's
        reject(error);
      }
    };
    beat();
    working.then(
      (result) => {
        stop();
        resolve(result);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}
