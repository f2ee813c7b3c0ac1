/** Web Locks of several tabs, for tests. A tab that is gone holds no locks, as in a browser. */

interface Held {
  readonly name: string;
  readonly mode: LockMode;
  readonly isGone: () => boolean;
  readonly lost: (error: Error) => void;
}

interface Waiting {
  readonly name: string;
  readonly mode: LockMode;
  readonly isGone: () => boolean;
  readonly grant: () => void;
}

type Callback = (lock: Lock | null) => unknown;

export class TestLocks {
  #held: Held[] = [];
  #waiting: Waiting[] = [];

  /** The names of the locks that are held. */
  get names(): string[] {
    this.#tidy();
    return this.#held.map(({ name }) => name);
  }

  /** The locks as one tab sees them. */
  tab(isGone: () => boolean = () => false): Pick<LockManager, 'request' | 'query'> {
    const request = async (name: string, given: LockOptions | Callback, last?: Callback) => {
      const [options, callback] =
        typeof given === 'function' ? [{}, given] : [given, last as Callback];
      const { mode = 'exclusive', ifAvailable = false, steal = false } = options;
      await new Promise(setImmediate); // another process answers
      this.#tidy();
      if (steal) this.#steal(name);
      if (!this.#isFree(name, mode, this.#waiting)) {
        if (ifAvailable) return callback(null);
        await new Promise<void>((grant) => this.#waiting.push({ name, mode, isGone, grant }));
      }
      return this.#hold({ name, mode, isGone }, callback);
    };
    const query = async (): Promise<LockManagerSnapshot> => {
      await new Promise(setImmediate);
      this.#tidy();
      return { held: this.#held.map(({ name, mode }) => ({ name, mode })), pending: [] };
    };
    return { request: request, query };
  }

  async #hold(lock: Omit<Held, 'lost'>, callback: Callback): Promise<unknown> {
    let lost = (_error: Error): void => {};
    const stolen = new Promise<never>((_, reject) => (lost = reject));
    const held = { ...lock, lost };
    this.#held.push(held);
    try {
      return await Promise.race([callback({ name: lock.name, mode: lock.mode }), stolen]);
    } finally {
      await new Promise(setImmediate); // another process hears it
      this.#held = this.#held.filter((one) => one !== held);
      this.#tidy();
    }
  }

  #steal(name: string): void {
    for (const held of this.#held.filter((one) => one.name === name)) {
      held.lost(new DOMException('stolen', 'AbortError'));
    }
    this.#held = this.#held.filter((one) => one.name !== name);
  }

  /** @param ahead the requests that come first */
  #isFree(name: string, mode: LockMode, ahead: readonly Waiting[]): boolean {
    const isShared = (one: { mode: LockMode }): boolean =>
      mode === 'shared' && one.mode === 'shared';
    return [...this.#held, ...ahead].every((one) => one.name !== name || isShared(one));
  }

  #tidy(): void {
    this.#held = this.#held.filter(({ isGone }) => !isGone());
    const still: Waiting[] = [];
    for (const one of this.#waiting) {
      if (one.isGone()) continue;
      if (this.#isFree(one.name, one.mode, still)) one.grant();
      else still.push(one);
    }
    this.#waiting = still;
  }
}
