/**
 * Web Locks as signs of life. Each runtime that has claims holds a lock of its own. The browser
 * releases it when the tab is closed, reloaded or crashes, so other tabs see at once who is gone.
 */
import { HeartbeatStoreError } from '../../kernel/errors.js';
import { Deferred, ignore } from '../../kernel/promises.js';
import { messageOf } from '../../kernel/thrown.js';
import type { WebHost } from './host.js';

/** The lock of a runtime of this tab. */
interface Lock {
  /** The generation of each claim of the runtime, by the id of the activity. */
  readonly claims: Map<string, number>;
  /** Resolves when the lock is held. */
  readonly held: Promise<void>;
  readonly letGo: () => void;
  /** How many claims are being made. */
  claiming: number;
  /** Whether somebody has stolen it. */
  isLost: boolean;
}

export class Locks {
  readonly #locks: WebHost['locks'];
  readonly #prefix: string;
  readonly #own = new Map<string, Lock>();

  constructor(locks: WebHost['locks'], name: string) {
    this.#locks = locks;
    this.#prefix = `systole ${name} `;
  }

  /** Makes a claim while the lock of its owner is held. The lock is kept as long as it has claims. */
  async during<T>(owner: string, claim: () => Promise<T>): Promise<T> {
    const lock = this.#own.get(owner) ?? this.#request(owner);
    lock.claiming++;
    try {
      await lock.held;
      return await claim();
    } finally {
      lock.claiming--;
      this.#letGoIfIdle(owner, lock);
    }
  }

  claimed(owner: string, id: string, generation: number): void {
    this.#own.get(owner)?.claims.set(id, generation);
  }

  /** Called when a claim is over or lost. */
  over(id: string, generation: number | undefined): void {
    for (const [owner, lock] of this.#own) {
      if (lock.claims.get(id) !== generation) continue;
      lock.claims.delete(id);
      this.#letGoIfIdle(owner, lock);
    }
  }

  /** Whether the lock of an owner was stolen, so that other tabs take it for gone. */
  isLost(owner: string): boolean {
    return this.#own.get(owner)?.isLost === true;
  }

  letGo(owner: string): void {
    this.#own.get(owner)?.letGo();
    this.#own.delete(owner);
  }

  letGoAll(): void {
    for (const owner of [...this.#own.keys()]) this.letGo(owner);
  }

  /** Whether the tab of an owner lives. */
  isAlive(owner: string): Promise<boolean> {
    // Two tabs that ask at the same time do not take each other for the owner.
    const options = { mode: 'shared', ifAvailable: true } as const;
    return this.#locks.request(this.#prefix + owner, options, (lock) => lock === null);
  }

  /** The owners whose tabs live. */
  async living(): Promise<ReadonlySet<string>> {
    const { held = [] } = await this.#locks.query();
    const names = held.map(({ name = '' }) => name);
    const own = names.filter((name) => name.startsWith(this.#prefix));
    return new Set(own.map((name) => name.slice(this.#prefix.length)));
  }

  #letGoIfIdle(owner: string, lock: Lock): void {
    const isIdle = lock.claiming === 0 && lock.claims.size === 0;
    if (isIdle && this.#own.get(owner) === lock) this.letGo(owner);
  }

  #request(owner: string): Lock {
    const held = new Deferred<void>();
    const end = new Deferred<void>();
    const lock: Lock = {
      claims: new Map(),
      held: held.promise,
      letGo: () => end.resolve(),
      claiming: 0,
      isLost: false,
    };
    const hold = (): Promise<void> => {
      held.resolve();
      return end.promise;
    };
    this.#locks.request(this.#prefix + owner, hold).catch((error: unknown) => {
      lock.isLost = true;
      const message = `webStore cannot hold a lock in this page: ${messageOf(error)}`;
      held.reject(new HeartbeatStoreError(message, { cause: error }));
    });
    held.promise.catch(ignore); // who waits for it hears it
    this.#own.set(owner, lock);
    return lock;
  }
}
