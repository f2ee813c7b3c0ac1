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
        this.#allAtOnce(() => {
          for (const each of [...followers]) each.signalAborted(signal.reason);
        });
      };
      followed = { followers, onAbort };
      this.#followed.set(signal, followed);
      signal.addEventListener('abort', onAbort, { once: true });
    }
    followed.followers.add(follower);
  }

  unfollow(signal: AbortSignal, follower: SignalFollower): void {
    const followed = this.#followed.get(signal);
    if (followed?.followers.delete(follower) !== true || followed.followers.size > 0) return;
    this.#followed.delete(signal);
    signal.removeEventListener('abort', followed.onAbort);
  }
}
