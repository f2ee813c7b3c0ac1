/** The claims of one runtime on its activities: it makes them, renews them, and hears of their loss. */
import { ActivityAlreadyStartedError, HeartbeatStoreError } from '../kernel/errors.js';
import type { Timer } from '../kernel/clock.js';
import { ignore } from '../kernel/promises.js';
import { withoutStack } from '../kernel/stack.js';
import { quote } from '../kernel/text.js';
import { messageOf } from '../kernel/thrown.js';
import type { Services } from '../runtime/shared/services.js';
import type { Claim, Held, LedgerStore } from './port.js';

/** How long a claim holds without a renewal. */
export const TTL_MS = 30_000;

/** How often claims are renewed. Two renewals may fail. */
const RENEWAL_MS = TTL_MS / 3;

/** An activity that is claimed. */
interface Claimed {
  readonly activityId: string;
  readonly holds: boolean;
  /** Whether it has closed, so that the store may have removed its claim already. */
  readonly isLeaving: boolean;
}

export class Leases<T extends Claimed> {
  readonly #store: LedgerStore;
  readonly #newOwner: () => string;
  readonly #services: () => Services;
  readonly #onLost: (claimed: T, error: HeartbeatStoreError) => void;
  readonly #onRenewed: (claimed: T, ms: number) => void;
  readonly #claimed = new Set<T>();
  /** The claims that are under way, by id: a later one waits for an earlier one. */
  readonly #claiming = new Map<string, Promise<unknown>>();
  #owner: string;
  #timer: Timer | undefined;
  /** The renewal that is under way. */
  #renewing: Promise<void> | undefined;
  /** When the lease of the owner last began or was renewed; undefined before the first claim. */
  #renewedAt: number | undefined;

  constructor(
    store: LedgerStore,
    newOwner: () => string,
    services: () => Services,
    onLost: (claimed: T, error: HeartbeatStoreError) => void,
    onRenewed: (claimed: T, ms: number) => void,
  ) {
    this.#store = store;
    this.#newOwner = newOwner;
    this.#owner = newOwner();
    this.#services = services;
    this.#onLost = onLost;
    this.#onRenewed = onRenewed;
  }

  /** Claims an activity for this runtime. Without leases in the store, everyone gets everything. */
  async claim(activityId: string): Promise<Claim | Held> {
    if (this.#store.claim === undefined) return { generation: 0 };
    const earlier = this.#claiming.get(activityId);
    const claim = this.#claimAfter(earlier, activityId);
    this.#claiming.set(activityId, claim);
    try {
      return await claim;
    } finally {
      if (this.#claiming.get(activityId) === claim) this.#claiming.delete(activityId);
    }
  }

  async #claimAfter(earlier: Promise<unknown> | undefined, id: string): Promise<Claim | Held> {
    if (earlier !== undefined) await earlier.catch(ignore);
    const { clock } = this.#services();
    // Without claims nothing renews the lease, and a process that was suspended renews it late.
    if (this.#renewedAt === undefined) this.#renewedAt = clock.now();
    else if (this.#isOlderThan(RENEWAL_MS)) await this.#renew();
    const claim = await this.#store.claim?.(id, this.#owner, TTL_MS);
    return claim as Claim | Held;
  }

  /** Renews the claim on an activity from now on. */
  add(claimed: T): void {
    this.#claimed.add(claimed);
    this.#arm();
    this.#tellRenewed(claimed);
  }

  remove(claimed: T): void {
    this.#claimed.delete(claimed);
    if (this.#claimed.size > 0) return;
    this.#timer?.clear();
    this.#timer = undefined;
  }

  get #ageMs(): number {
    return this.#services().clock.now() - (this.#renewedAt ?? 0);
  }

  #isOlderThan(ms: number): boolean {
    return this.#ageMs >= ms;
  }

  #tellRenewed(claimed: T): void {
    if (this.#store.renew !== undefined) this.#onRenewed(claimed, TTL_MS - this.#ageMs);
  }

  #arm(): void {
    if (this.#store.renew === undefined || this.#timer !== undefined) return;
    const { clock } = this.#services();
    const onTimer = (): void => {
      this.#timer = undefined;
      this.#arm();
      // A store that does not answer must not keep a lease that is over.
      if (this.#renewing === undefined) void this.#renew();
      else if (this.#isOlderThan(TTL_MS))
        this.#lose([...this.#claimed], 'the store does not answer');
    };
    this.#timer = clock.setTimer(onTimer, RENEWAL_MS, true);
  }

  /** Renews all claims, unless that is under way. Never rejects. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#renewNow().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #renewNow(): Promise<void> {
    const { clock, log } = this.#services();
    const askedAt = clock.now();
    const before = [...this.#claimed];
    try {
      const still = await this.#store.renew?.(this.#owner, TTL_MS);
      this.#renewedAt = askedAt;
      const ids = new Set(still ?? before.map(({ activityId }) => activityId));
      const lost = before.filter((one) => !ids.has(one.activityId) && !one.isLeaving);
      // What is left in the store under the old name belongs to nobody.
      const isGone = lost.length > 0 || before.length === 0;
      if (ids.size === 0 && isGone) this.#owner = this.#newOwner();
      this.#lose(lost, 'another process has taken it over');
      for (const one of this.#claimed) this.#tellRenewed(one);
    } catch (error) {
      const isOver = this.#isOlderThan(TTL_MS);
      const then = isOver ? 'they are lost' : 'it will be tried again';
      log('error', `The leases of the store cannot be renewed; ${then}`, { error });
      if (isOver) this.#lose(before, `it could not be renewed: ${messageOf(error)}`);
    }
  }

  #lose(lost: readonly T[], why: string): void {
    for (const one of lost) {
      if (this.#claimed.has(one) && one.holds) this.#onLost(one, leaseLost(one.activityId, why));
    }
  }
}

export function leaseLost(activityId: string, why: string): HeartbeatStoreError {
  const advice = 'This process writes nothing more for it';
  const message = `The lease of activity ${quote(activityId)} is lost: ${why}. ${advice}.`;
  return new HeartbeatStoreError(message);
}

/** The refusal of an activity that another owner runs. */
export function heldElsewhere(activityId: string, held: Held): ActivityAlreadyStartedError {
  const message = `activityId ${quote(activityId)} ${reasonOf(held)}`;
  // Its stack will be that of the caller's await.
  return withoutStack(() => new ActivityAlreadyStartedError(message, { activityId }));
}

/** Why an entry is held. */
export function reasonOf({ heldBy, until }: Held): string {
  const time = new Date(until).toISOString();
  const [who] = heldBy.split(' (') as [string]; // the rest identifies it, but only for machines
  return `is being run by ${who} until ${time} or longer; end that one, or wait`;
}
