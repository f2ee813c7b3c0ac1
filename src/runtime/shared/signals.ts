/** The abort signals that come from outside: one listener for each, however many activities. */

/** What is cancelled when a signal aborts. */
export interface SignalFollower {
  signalAborted(reason: unknown): void;
}

interface Followed {
  readonly followers: Set<SignalFollower>;
  readonly onAbort: () => void;
}

export class OutsideSignals {
  readonly #followed = new Map<AbortSignal, Followed>();
  readonly #allAtOnce: (change: () => void) => void;

  /** @param allAtOnce runs what ends all the activities of a signal */
  constructor(allAtOnce: (change: () => void) => void) {
    this.#allAtOnce = allAtOnce;
  }

  follow(signal: AbortSignal, follower: SignalFollower): void {
    let followed = this.#followed.get(signal);
    if (followed === undefined) {
      const followers = new Set<SignalFollower>();
      const onAbort = (): void => {
        this.#followed.delete(signal);
        const reason = reasonOf(signal);
        this.#allAtOnce(() => {
          for (const each of [...followers]) each.signalAborted(reason);
        });
      };
      followed = { followers, onAbort };
      signal.addEventListener('abort', onAbort, { once: true }); // a polyfill's may throw
      this.#followed.set(signal, followed);
    }
    followed.followers.add(follower);
  }

  unfollow(signal: AbortSignal, follower: SignalFollower): void {
    const followed = this.#followed.get(signal);
    if (followed?.followers.delete(follower) !== true || followed.followers.size > 0) return;
    this.#followed.delete(signal);
    try {
      signal.removeEventListener('abort', followed.onAbort);
    } catch {
      // A polyfill's may throw, and the activity has closed: nobody follows any more.
    }
  }
}

/** A polyfill's may throw. */
function reasonOf(signal: AbortSignal): unknown {
  try {
    return signal.reason;
  } catch {
    return undefined;
  }
}
