/**
 * Claims as files. The claim with number 7 on an activity is a file that ends in `.7.lock` and holds
 * the name of its owner. The file of the activity has the number of the last claim that has written
 * it, and each claim after it has the next number, so the newest claim is found without a list.
 * After its owner, the file has a line for each change of what the activity is doing. Such a line is
 * written at once, without waiting for the disk, so that it survives the death of the process.
 *
 * A claim is made by making its file, which only one process can. What an old claim may still do ends
 * with that: before each write, its owner looks whether its own file is there and the next one is not.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunState } from '../../kernel/errors.js';
import { remainingMs, type Machine, type Moment } from '../machine.js';
import { LeaseLostError, type Held } from '../port.js';
import { contentOf, create, isMissing, PRIVATE_FOLDER, replace } from './atomic.js';
import { sha256, type Doing } from './content.js';

/** The folder with a file for each owner: until when its claims hold. */
const OWNERS = '.owners';

const FLUSH_NOTHING = { flush: false, check: () => {} };

export class Locks {
  readonly #folder: string;
  readonly #machine: Machine;
  /** The owners of this store, which have a file, and when it was last written. */
  readonly #registered = new Map<
    string,
    { readonly at: number; readonly written: Promise<void> }
  >();
  /** The owner of each claim of this store, by the path of its file. */
  readonly #own = new Map<string, string>();

  constructor(folder: string, machine: Machine) {
    this.#folder = folder;
    this.#machine = machine;
  }

  /**
   * Claims an activity.
   *
   * @param base the path of its files, without an ending
   * @param readGeneration reads the number of the last claim from its file
   */
  async claim(
    base: string,
    owner: string,
    ttlMs: number,
    readGeneration: () => Promise<number>,
  ): Promise<number | Held> {
    await this.#register(owner, ttlMs);
    for (;;) {
      const newest = newestFrom(base, await readGeneration());
      const held = await this.#heldBy(pathOf(base, newest), owner);
      if (held !== undefined) return held;
      const mine = newest + 1;
      const path = pathOf(base, mine);
      if (!(await create(path, owner, this.#machine.mark))) continue;
      // Meanwhile others may have come and gone, so that nobody would find this claim.
      const last = await readGeneration();
      if (last < mine && newestFrom(base, last) === mine) {
        this.#own.set(path, owner);
        return mine;
      }
      await rm(path, { force: true });
    }
  }

  /** Called when the file of the activity has the number of the claim: earlier ones are over. */
  async forgetBefore(base: string, from: number, generation: number): Promise<void> {
    for (let old = Math.max(1, from); old < generation; old++) {
      await rm(pathOf(base, old), { force: true });
    }
  }

  /** Notes what the activity is doing. */
  note(base: string, generation: number, { attempt, runState }: Doing): void {
    this.check(base, generation);
    appendFileSync(pathOf(base, generation), `\n${attempt} ${runState}`);
  }

  /**
   * What the activity was doing, by the newest note; undefined if there is none. The owner of the
   * newest claim may have died before it noted anything.
   */
  doing(base: string, generation: number): Doing | undefined {
    for (let claim = newestFrom(base, generation); claim >= generation; claim--) {
      const [, ...notes] = linesIn(pathOf(base, claim));
      const [, attempt, runState] = /^(\d+) ([A-Z_]+)$/.exec(notes.at(-1) ?? '') ?? [];
      if (attempt !== undefined) {
        return { attempt: Number(attempt), runState: runState as RunState };
      }
    }
    return undefined;
  }

  /** Whether a file is a claim of a dead process that nobody will look at again. */
  async isLeft(path: string, claim: number, generation: number): Promise<boolean> {
    return claim < generation && (await this.#heldBy(path, undefined)) === undefined;
  }

  /** Whether nobody has claimed the activity since. */
  isHeld(base: string, generation: number): boolean {
    const path = pathOf(base, generation);
    const owner = this.#own.get(path);
    const isOurs = owner !== undefined && ownerIn(path) === owner;
    return isOurs && !existsSync(pathOf(base, generation + 1));
  }

  /** @throws LeaseLostError if another owner has claimed the activity since */
  check(base: string, generation: number): void {
    if (this.isHeld(base, generation)) return;
    throw new LeaseLostError('another process has taken it over');
  }

  async release(base: string, generation: number): Promise<void> {
    const path = pathOf(base, generation);
    const owner = this.#own.get(path);
    this.#own.delete(path);
    if (owner !== undefined && ownerIn(path) === owner) await rm(path, { force: true });
  }

  /** Who has the activity now, for a list; undefined if nobody has. */
  async holder(base: string, generation: number): Promise<Held | undefined> {
    return this.#heldBy(pathOf(base, newestFrom(base, generation)), undefined);
  }

  /** Renews all claims of an owner. Returns none if another process has found it gone. */
  async renew(owner: string, ttlMs: number): Promise<readonly string[] | undefined> {
    const path = this.#ownerPath(owner);
    if (!existsSync(path)) {
      this.#registered.delete(owner);
      return [];
    }
    await this.#write(path, owner, ttlMs);
    return undefined;
  }

  /** Ends what a process that is gone has left. */
  async prune(owners: readonly string[]): Promise<void> {
    for (const name of owners) {
      const path = join(this.#folder, OWNERS, name);
      const lease = leaseIn(await contentOf(path));
      if (lease !== undefined && this.#isOver(lease)) await rm(path, { force: true });
    }
  }

  get ownersFolder(): string {
    return join(this.#folder, OWNERS);
  }

  async #heldBy(path: string, me: string | undefined): Promise<Held | undefined> {
    const owner = ownerIn(path);
    if (owner === undefined || owner === me) return undefined;
    const ownerPath = this.#ownerPath(owner);
    const lease = leaseIn(await contentOf(ownerPath));
    if (lease === undefined) return undefined;
    if (!this.#isOver(lease)) return { heldBy: owner, until: lease.date };
    await rm(ownerPath, { force: true });
    return undefined;
  }

  #isOver(lease: Lease): boolean {
    return remainingMs(lease, this.#machine.now()) <= 0 || this.#machine.isDead(lease.owner);
  }

  /** Begins the lease of an owner, or renews it when a third of its time has passed. */
  #register(owner: string, ttlMs: number): Promise<void> {
    const before = this.#registered.get(owner);
    const at = this.#machine.now().steady;
    if (before !== undefined && at < before.at + ttlMs / 3) return before.written;
    const written = this.#write(this.#ownerPath(owner), owner, ttlMs);
    this.#registered.set(owner, { at, written });
    written.catch(() => this.#registered.delete(owner));
    return written;
  }

  async #write(path: string, owner: string, ttlMs: number): Promise<void> {
    const { boot, steady, date } = this.#machine.now();
    const lease: Lease = { owner, boot, steady: steady + ttlMs, date: date + ttlMs };
    await mkdir(this.ownersFolder, { recursive: true, mode: PRIVATE_FOLDER });
    const { mark } = this.#machine;
    await replace(path, JSON.stringify(lease), { mark, ...FLUSH_NOTHING });
  }

  #ownerPath(owner: string): string {
    return join(this.ownersFolder, `${sha256(owner).slice(0, 32)}.json`);
  }
}

interface Lease extends Moment {
  readonly owner: string;
}

function pathOf(base: string, generation: number): string {
  return `${base}.${generation}.lock`;
}

/** The number of the newest claim, when the file of the activity has this one. */
function newestFrom(base: string, generation: number): number {
  let newest = generation;
  while (existsSync(pathOf(base, newest + 1))) newest++;
  return newest;
}

function ownerIn(path: string): string | undefined {
  return linesIn(path)[0];
}

function linesIn(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** What cannot be read was cut off by a loss of power, so its owner is gone. */
function leaseIn(text: string | undefined): Lease | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Lease);
  } catch {
    return undefined;
  }
}
