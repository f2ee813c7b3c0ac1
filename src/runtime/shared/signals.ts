/** The abort signals that users pass in. Each has one listener for any number of activities. */

type OnAbort = (reason: unknown) => void;

interface Followed {
  readonly followers: Set<OnAbort>;
  readonly onAbort: () => void;
}

export class OutsideSignals {
  readonly #followed = new Map<AbortSignal, Followed>();
  readonly #allAtOnce: (change: () => void) => void;

  /** @param allAtOnce runs the change that cancels all activities of a signal */
  constructor(allAtOnce: (change: () => void) => void) {
    this.#allAtOnce = allAtOnce;
  }

  /** Calls back with the reason of the abort. Returns a function that cancels this. */
  follow(signal: AbortSignal, follower: OnAbort): () => void {
    let followed = this.#followed.get(signal);
    if (followed === undefined) {
      const followers = new Set<OnAbort>();
      const onAbort = (): void => {
        this.#followed.delete(signal);
        const reason = reasonOf(signal);
        this.#allAtOnce(() => {
          for (const follow of [...followers]) follow(reason);
        });
      };
      followed = { followers, onAbort };
      signal.addEventListener('abort', onAbort, { once: true }); // a polyfill may throw here
      this.#followed.set(signal, followed);
    }
    followed.followers.add(follower);
    return () => {
      this.#unfollow(signal, follower);
    };
  }

  #unfollow(signal: AbortSignal, follower: OnAbort): void {
    const followed = this.#followed.get(signal);
    if (followed?.followers.delete(follower) !== true || followed.followers.size > 0) return;
    this.#followed.delete(signal);
    try {
      signal.removeEventListener('abort', followed.onAbort);
    } catch {
      // A polyfill may throw here. The activity has closed, so it does not matter.
    }
  }
}

/** The reason of an aborted signal; undefined if a polyfill throws. */
function reasonOf(signal: AbortSignal): unknown {
  try {
    return signal.reason;
  } catch {
    return undefined;
  }
}
