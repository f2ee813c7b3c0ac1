/** The files of a folder. What is done to one activity in one turn is one write of its file. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Deferred, ignore } from '../../kernel/promises.js';
import type { LedgerEntry } from '../../runtime/shared/ledger.js';
import type { Machine } from '../machine.js';
import type { Claim, Held } from '../port.js';
import { create, Flusher, PRIVATE_FOLDER, replace } from './atomic.js';
import {
  baseName,
  isDamaged,
  NOTHING,
  read,
  textOf,
  upToDate,
  type Content,
  type Doing,
} from './content.js';
import { Locks } from './locks.js';
import { namesIn, tidy } from './tidy.js';
import { inTurn } from './turns.js';

/** A change of what is known of an activity. */
interface Change {
  readonly change: (content: Content) => Content;
  readonly generation: number | undefined;
  readonly done: Deferred<void>;
  /** Whether it may replace what cannot be read. */
  readonly replaces?: boolean;
  /** Whether it ends the claim. */
  readonly ends?: boolean;
}

/** What waits for one activity. */
interface Queue {
  changes: Change[];
  /** Resolves when all that came before is over. */
  tail: Promise<unknown>;
}

export class Folder {
  readonly #path: string;
  readonly #machine: Machine;
  readonly #locks: Locks;
  readonly #queues = new Map<string, Queue>();
  /** The options in the files of activities that are claimed here. */
  readonly #options = new Map<string, string>();
  readonly #flusher: Flusher;
  #tidied: Promise<void> | undefined;

  constructor(path: string, machine: Machine) {
    this.#path = path;
    this.#machine = machine;
    this.#locks = new Locks(path, machine);
    this.#flusher = new Flusher(path);
  }

  get(activityId: string): Promise<string | undefined> {
    return this.#after(activityId, async () => (await this.#read(activityId)).snapshot);
  }

  /** Stores an entry. What the activity is doing is noted at once. */
  async open(entry: LedgerEntry, generation: number | undefined): Promise<void> {
    const { activityId } = entry;
    if (generation !== undefined) {
      this.#locks.note(this.#baseOf(activityId), generation, entry);
      // The note says all that is new. The file would cost a wait for the disk at each attempt.
      const isNoted =
        entry.runState === 'STARTED' && this.#options.get(activityId) === entry.options;
      if (isNoted) return;
    }
    this.#options.set(activityId, entry.options);
    await this.change(activityId, { change: (content) => ({ ...content, entry }), generation });
  }

  /** Changes what is known of an activity, together with all other changes of this turn. */
  change(activityId: string, change: Omit<Change, 'done'>): Promise<void> {
    const done = new Deferred<void>();
    const queue = this.#queueOf(activityId);
    queue.changes.push({ ...change, done });
    if (queue.changes.length === 1) void this.#after(activityId, () => this.#write(activityId));
    return done.promise;
  }

  async claim(activityId: string, owner: string, ttlMs: number): Promise<Claim | Held> {
    await (this.#tidied ??= tidy(this.#path, this.#locks, this.#machine).catch(ignore));
    return this.#after(activityId, async () => {
      await this.#make();
      const base = this.#baseOf(activityId);
      let first: number | undefined;
      let doing: Doing | undefined;
      const claimed = await this.#locks.claim(base, owner, ttlMs, async () => {
        const { generation } = await this.#readOrStart(activityId);
        first ??= generation;
        doing ??= this.#locks.doing(base, generation); // of the claim before
        return generation;
      });
      if (typeof claimed !== 'number') return claimed;
      const content = upToDate(await this.#read(activityId), doing);
      await this.#replace(activityId, { ...content, generation: claimed }, claimed, false);
      await this.#locks.forgetBefore(base, first ?? 0, claimed);
      return { generation: claimed, entry: content.entry };
    });
  }

  release(activityId: string, generation: number): Promise<void> {
    return this.#after(activityId, async () => {
      const base = this.#baseOf(activityId);
      const { snapshot, entry } = await this.#read(activityId);
      if (snapshot === undefined && entry === undefined && this.#locks.isHeld(base, generation)) {
        await rm(`${base}.json`, { force: true }); // it only had the number of the claim
      }
      this.#options.delete(activityId);
      await this.#locks.release(base, generation);
    });
  }

  renew(owner: string, ttlMs: number): Promise<readonly string[] | undefined> {
    return this.#locks.renew(owner, ttlMs);
  }

  /** All entries, those that cannot be read left out: they are told when they are used. */
  async list(): Promise<LedgerEntry[]> {
    const names = (await namesIn(this.#path)).filter((name) => name.endsWith('.json'));
    const found = await Promise.all(names.map((name) => inTurn(() => this.#entryOf(name))));
    return found
      .filter((entry) => entry !== undefined)
      .sort((a, b) => a.scheduledAt - b.scheduledAt || (a.activityId < b.activityId ? -1 : 1));
  }

  async #entryOf(name: string): Promise<LedgerEntry | undefined> {
    const path = join(this.#path, name);
    const base = path.replace(/\.json$/, '');
    const content = await read(path).catch(() => NOTHING);
    const { snapshot, generation } = content;
    const { entry } = upToDate(content, this.#locks.doing(base, generation));
    if (entry === undefined) return undefined;
    const held = await this.#locks.holder(base, generation);
    return {
      ...entry,
      ...(snapshot !== undefined && { details: snapshot }),
      ...(held !== undefined && { heldBy: held.heldBy, heldUntil: held.until }),
    };
  }

  // ── One activity after the other's turn ──────────────────────────────────────────────────────

  #queueOf(activityId: string): Queue {
    const queue = this.#queues.get(activityId) ?? { changes: [], tail: Promise.resolve() };
    this.#queues.set(activityId, queue);
    return queue;
  }

  /** Does something with an activity when all that came before is over. */
  #after<T>(activityId: string, operation: () => Promise<T>): Promise<T> {
    const queue = this.#queueOf(activityId);
    const result = queue.tail.then(() => inTurn(operation));
    const tail = result.then(ignore, ignore).then(() => {
      if (queue.tail === tail && queue.changes.length === 0) this.#queues.delete(activityId);
    });
    queue.tail = tail;
    return result;
  }

  /** Makes all changes that wait. Those of a lost claim are refused, and the others are made. */
  async #write(activityId: string): Promise<void> {
    const queue = this.#queueOf(activityId);
    const { changes } = queue;
    queue.changes = [];
    const base = this.#baseOf(activityId);
    const made: Change[] = [];
    let content: Content | undefined;
    for (const one of changes) {
      try {
        content ??= await this.#read(activityId).catch((error: unknown) => {
          if (one.replaces === true && isDamaged(error)) return NOTHING;
          throw error;
        });
        if (one.generation !== undefined) this.#locks.check(base, one.generation);
        content = one.change(content);
        made.push(one);
      } catch (error) {
        one.done.reject(error);
      }
    }
    if (content === undefined || made.length === 0) return;
    const generation = made.findLast((one) => one.generation !== undefined)?.generation;
    try {
      await this.#replace(activityId, content, generation, true);
      const ended = made.find(({ ends }) => ends)?.generation;
      if (ended !== undefined) {
        this.#options.delete(activityId);
        await this.#locks.release(base, ended);
      }
    } catch (error) {
      for (const { done } of made) done.reject(error);
      return;
    }
    for (const { done } of made) done.resolve();
  }

  /** @param generation whose claim must still hold; undefined if it does not matter */
  async #replace(
    activityId: string,
    content: Content,
    generation: number | undefined,
    flush: boolean,
  ): Promise<void> {
    const base = this.#baseOf(activityId);
    const path = `${base}.json`;
    const check = (): void => {
      if (generation !== undefined) this.#locks.check(base, generation);
    };
    const isClaimed = generation !== undefined && !flush;
    if (content.snapshot === undefined && content.entry === undefined && !isClaimed) {
      check();
      await rm(path, { force: true });
    } else {
      await this.#make();
      await replace(path, textOf(activityId, content), { mark: this.#machine.mark, flush, check });
    }
    if (flush) await this.#flusher.flush();
  }

  /**
   * Reads the file of an activity. If there is none, it makes one, so that all who want the activity
   * count from the same number. It is higher than those of earlier activities with the same id.
   */
  async #readOrStart(activityId: string): Promise<Content> {
    const content = await this.#read(activityId);
    if (content !== NOTHING) return content;
    const start = { generation: Math.floor(this.#machine.now().date) };
    const path = `${this.#baseOf(activityId)}.json`;
    await create(path, textOf(activityId, start), this.#machine.mark);
    return this.#readOrStart(activityId);
  }

  #read(activityId: string): Promise<Content> {
    return read(`${this.#baseOf(activityId)}.json`, activityId);
  }

  #baseOf(activityId: string): string {
    return join(this.#path, baseName(activityId));
  }

  async #make(): Promise<void> {
    await mkdir(this.#path, { recursive: true, mode: PRIVATE_FOLDER });
  }
}
