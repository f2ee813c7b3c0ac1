/** `ctx.keepAlive`: sends heartbeats for work that cannot do so itself. */
import type { Timer } from '../../kernel/clock.js';
import { ignore, whenSettled } from '../../kernel/promises.js';
import type { Waiting } from './source.js';

const PART_OF_TIMEOUT = 1 / 3;
const DEFAULT_MS = 10_000;

export function keepAlive<T>(
  work: PromiseLike<T> | (() => PromiseLike<T> | T),
  everyMs: number | undefined,
  attempt: Waiting,
): Promise<T> {
  const { interruption, timers } = attempt;
  const given = typeof work === 'function' ? undefined : Promise.resolve(work);
  if (attempt.ended && interruption.reason === undefined) {
    return given ?? new Promise((resolve) => resolve((work as () => PromiseLike<T> | T)()));
  }
  attempt.hearInWait();
  return new Promise<T>((resolve, reject) => {
    const stopIfTold = (): void => {
      if (interruption.reason !== undefined) throw interruption.reason;
    };
    whenSettled(given, ignore, ignore); // it may still reject after this promise has
    stopIfTold();
    const intervalMs = everyMs ?? (attempt.heartbeatTimeoutMs * PART_OF_TIMEOUT || DEFAULT_MS);
    const working = given ?? Promise.resolve((work as () => PromiseLike<T> | T)());
    whenSettled(working, ignore, ignore);
    stopIfTold(); // that call may have sent a heartbeat
    let timer: Pick<Timer, 'clear'>;
    const stop = (): void => {
      timer.clear();
      stopListening();
    };
    const stopListening = interruption.onDelivery((reason) => {
      stop();
      if (reason !== undefined) reject(reason);
    });
    const beat = (): void => {
      timer = timers.setTimer(beat, intervalMs);
      try {
        attempt.heartbeat(undefined); // may deliver a cancellation, which clears the new timer
      } catch (error) {
        stop(); // an error of an interceptor ends the wait
        reject(error);
      }
    };
    beat();
    whenSettled(
      working,
      (result) => {
        stop();
        resolve(result as T);
      },
      (error) => {
        stop();
        reject(error);
      },
    );
  });
}
