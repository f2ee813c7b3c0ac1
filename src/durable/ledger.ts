/**
 * The ledger of one runtime. It enters activities in the store before their first attempt, keeps
 * their entries up to date, and removes them at their end. As the runtime's store, it gives each
 * write the generation of its claim.
 */
import type { Activity } from '../runtime/activity/activity.js';
import type { Closing } from '../runtime/activity/next-attempt.js';
import type { ResolvedOptions } from '../runtime/options/table.js';
import { log } from '../runtime/shared/announce.js';
import type {
  Ledger,
  LedgerEntry,
  LedgerHost,
  Recovered,
  RecoverOptions,
} from '../runtime/shared/ledger.js';
import type { Services } from '../runtime/shared/services.js';
import type { Asked, Entrance, Entrances } from './entrance.js';
import { encodeArgs, encodeOptions, optionsOf } from './entry.js';
import type { Found, KeptOptions } from './entry.js';
import { fenced, lose, overtaken } from './fence.js';
import { heldElsewhere, Leases } from './leases.js';
import { Leaving } from './leaving.js';
import { Line } from './line.js';
import { keepPatch } from './patch.js';
import type { LedgerStore } from './port.js';
import { Recovery } from './recovery.js';
import { Tracked } from './tracked.js';

type Options = Readonly<Record<string, unknown>>;

const NAMELESS =
  'The activity has no name, so recover() cannot find its function: name it, or pass activityType';

export class DurableLedger implements Ledger, Asked {
  readonly #store: LedgerStore;
  readonly #leases: Leases<Tracked>;
  readonly #recovery: Recovery;
  readonly #leaving: Leaving;
  readonly #entrances: Entrances;
  readonly #readings = new Line();
  readonly #tracked = new WeakMap<object, Tracked>();
  /** The activities that have not left, by id. If one waits for another one to leave: the later. */
  readonly #byId = new Map<string, Tracked>();
  /** The activities that are leaving. */
  readonly #leavings = new Set<Promise<void>>();

  /** @param newOwner makes a name for a runtime that no other runtime has */
  constructor(store: LedgerStore, host: LedgerHost, newOwner: () => string, entrances: Entrances) {
    const services = host.services as () => Services;
    this.#store = store;
    this.#entrances = entrances;
    this.#leases = new Leases(store, newOwner, services, lose, ({ activity }, ms) =>
      activity.place?.leasedFor?.(activity, ms),
    );
    this.#leaving = new Leaving(store, this.#leases);
    this.#recovery = new Recovery(store, { ...host, services }, this.#leases, {
      has: (activityId) => this.#byId.has(activityId),
      adopt: (activity, call, found) => this.#adopt(activity, call, found),
      whenRead: async (activity) => this.#tracked.get(activity)?.whenRead,
      recovered: (activity) => {
        this.#tracked.get(activity)?.recovered();
        this.changed(activity);
      },
    });
  }

  // ── What the runtime tells ───────────────────────────────────────────────────────────────────

  recovers(activity: object): boolean {
    return this.#tracked.has(activity);
  }

  enter(given: object, call: object | undefined): void {
    if (this.recovers(given)) return;
    const activity = given as Activity;
    const { services, args } = activity;
    const values = optionsOf(call as Options | undefined);
    const options = { values, text: encodeOptions(services.codec, values) };
    const argsText = encodeArgs(services.codec, args);
    this.#track(activity, argsText, options);
    if (activity.activityType === 'anonymous') log(activity, 'warn', 0, NAMELESS);
  }

  /** Takes up an activity of an entry. It is already entered, and claimed. */
  #adopt(activity: Activity, call: object, found: Found): void {
    const options = { values: optionsOf(call as Options), text: found.entry.options };
    this.#leases.add(this.#track(activity, found.entry.args, options, found));
  }

  #track(activity: Activity, args: string, options: KeptOptions, found?: Found): Tracked {
    const activityId = activity.knownId as string;
    const tracked = new Tracked(activity, activityId, args, options, found);
    tracked.follow(this.#byId.get(activityId));
    this.#byId.set(activityId, tracked);
    this.#tracked.set(activity, tracked);
    this.#entrances.came(this);
    return tracked;
  }

  changed(activity: object): void {
    const tracked = this.#tracked.get(activity);
    if (tracked?.activity.isOpen !== true || tracked.isBeingRecovered) return;
    const hasChanged = tracked.draft.update();
    if (hasChanged && tracked.holds && tracked.standing === 'own') this.#write(tracked);
  }

  patched(activity: object, patch: object, next: ResolvedOptions): void {
    const tracked = this.#tracked.get(activity);
    if (tracked !== undefined) keepPatch(tracked, patch as Options, next);
  }

  close(activity: object, closing: object, written?: Promise<void>): Promise<void> | undefined {
    const tracked = this.#tracked.get(activity);
    if (tracked === undefined) return undefined;
    this.#leaving.close(tracked, closing as Closing);
    const leaving = this.#close(tracked, closing as Closing, written);
    this.#leavings.add(leaving);
    const over = (): unknown => this.#leavings.delete(leaving);
    leaving.then(over, over);
    // The caller of an activity that has not begun need not wait for a store that is slow.
    return tracked.isRead ? leaving : undefined;
  }

  entrance(activityId: string): Entrance | undefined {
    return this.#byId.get(activityId)?.entrance;
  }

  recover(activities: object, options: RecoverOptions): Promise<Recovered<unknown>> {
    return this.#recovery.recover(activities, options);
  }

  async settle(): Promise<void> {
    await this.#recovery.stop();
    await Promise.allSettled(this.#leavings);
  }

  // ── As the store of the runtime ──────────────────────────────────────────────────────────────

  /** Reads the details of an activity that was entered, when it has been claimed. */
  get(activityId: string): Promise<unknown> {
    const tracked = this.#byId.get(activityId) as Tracked;
    // What waits until another activity has left has no place among the others.
    const inTurn = this.#store.isOrdered === true && tracked.previous === undefined;
    const found = this.#claimAndRead(tracked);
    const reading = inTurn ? this.#readings.follow(found) : found;
    tracked.read(reading);
    return reading;
  }

  set(activityId: string, snapshot: string): unknown {
    const tracked = this.#holder(activityId);
    if (tracked === undefined) return undefined;
    tracked.hold(true);
    const { activity, generation } = tracked;
    const written = fenced(tracked, () => this.#store.set(activityId, snapshot, generation));
    if (activity.past !== undefined) this.changed(activity); // the entry says that there is progress
    return written;
  }

  delete(activityId: string): unknown {
    const latest = this.#byId.get(activityId);
    if (latest?.isRead === false) {
      latest.forget();
      return undefined;
    }
    const tracked = this.#holder(activityId);
    // A closed activity removes its details together with its entry.
    if (tracked?.activity.isOpen !== true) return undefined;
    tracked.hold(false);
    return fenced(tracked, () => this.#store.delete(activityId, tracked.generation));
  }

  /** The record whose details are written: the earliest one that has not left. */
  #holder(activityId: string): Tracked | undefined {
    let tracked = this.#byId.get(activityId);
    while (tracked?.previous !== undefined) tracked = tracked.previous;
    return tracked?.holds === true ? tracked : undefined;
  }

  // ── How it works ─────────────────────────────────────────────────────────────────────────────

  async #claimAndRead(tracked: Tracked): Promise<unknown> {
    const { activityId, activity } = tracked;
    if (tracked.previous !== undefined) await tracked.previous.done;
    tracked.follow(undefined);
    if (tracked.generation === undefined) {
      const claim = await this.#leases.claim(activityId);
      if ('heldBy' in claim) throw heldElsewhere(activityId, claim);
      tracked.claimed(claim);
      this.#leases.add(tracked);
    }
    if (!activity.isOpen) return undefined;
    try {
      const stored = await this.#read(tracked);
      if (tracked.standing !== 'own' && tracked.activity.isOpen) {
        tracked.draft.update();
        tracked.entered();
        await this.#store.open(tracked.draft.entry(), tracked.generation);
        tracked.entrance.settle();
      }
      return stored;
    } catch (error) {
      tracked.failed();
      throw error;
    }
  }

  async #read(tracked: Tracked): Promise<unknown> {
    const { activityId, generation } = tracked;
    const stored = await this.#store.get(activityId);
    const hasDetails = stored !== undefined && stored !== null;
    // A closed activity removes them when it leaves, if it should.
    const isForgotten = hasDetails && tracked.isForgotten && tracked.activity.isOpen;
    if (isForgotten) await this.#store.delete(activityId, generation);
    tracked.hold(hasDetails && !isForgotten);
    return isForgotten ? undefined : stored;
  }

  /** Writes the entry as it is now, and again if it has changed meanwhile. */
  #write(tracked: Tracked): void {
    const write = (entry: LedgerEntry): unknown =>
      fenced(tracked, () => this.#store.open(entry, tracked.generation));
    const logError = (error: unknown): void => {
      const message = 'The store failed; the entry in its ledger is written with its next change';
      log(tracked.activity, 'error', 0, message, { error });
    };
    tracked.write(write, logError, this.#store.isOrdered === true);
  }

  async #close(tracked: Tracked, closing: Closing, written?: Promise<void>): Promise<void> {
    await tracked.previous?.done;
    await tracked.reading;
    await written;
    await tracked.writing;
    if (tracked.holds) await this.#leaving.leave(tracked, closing);
    else this.#leases.remove(tracked);
    this.#leaving.left(tracked, closing);
    this.#forget(tracked);
    if (tracked.lost !== undefined && closing.status === 'COMPLETED') throw overtaken(tracked);
  }

  #forget(tracked: Tracked): void {
    const { activityId } = tracked;
    this.#entrances.left(activityId, tracked.entrance);
    if (this.#byId.get(activityId) !== tracked) return;
    this.#byId.delete(activityId);
    if (this.#byId.size === 0) this.#entrances.isIdle(this);
  }
}
