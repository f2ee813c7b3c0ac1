/** The workers of a pool, and which activity gets which. */
import { hostNow, realTimer } from '../kernel/clock.js';
import { CancelledFailure } from '../kernel/failures.js';
import { ignore } from '../kernel/promises.js';
import type { Room, Waiter } from '../runtime/shared/place.js';
import { InPlace } from './in-place.js';
import { loadFunctions } from './load.js';
import type { ResolvedPool } from './options.js';
import { failingRoom, StationRoom } from './room.js';
import { hopeless, within } from './start-errors.js';
import { startWorker, type Station } from './station.js';
import { Waiters } from './waiters.js';

/** The number of workers of a pool, by what they are doing. */
export interface WorkerPoolStats {
  /** The number of workers that run a function. */
  readonly busy: number;
  /** The number of workers that wait for work. */
  readonly idle: number;
  /** The number of workers that are starting. */
  readonly starting: number;
  /** The number of activities that wait for a worker. */
  readonly waiting: number;
}

/** Something that can be ended: a station, or a worker that is not ready yet. */
type Killable = Pick<Station, 'kill' | 'exited'>;

export class Pool {
  readonly #options: ResolvedPool;
  readonly #waiters = new Waiters();
  /**
   * The workers that wait for work, each with the time since when it does. The last is the warmest.
   */
  readonly #idle = new Map<Station, number>();
  /** Whether a timer will look for workers that have waited for too long. */
  #sweeping = false;
  readonly #busy = new Set<Station>();
  readonly #starting = new Set<Killable>();
  /** The activities that a durable store has leased to this process: when each lease ends. */
  readonly #leases = new WeakMap<Waiter, number>();
  readonly #stations = new WeakMap<Waiter, Station>();
  #startingCount = 0;
  /** The errors of workers that could not start. Each is the failure of one attempt. */
  readonly #failures: unknown[] = [];
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedPool) {
    this.#options = options;
  }

  stats(): WorkerPoolStats {
    return {
      busy: this.#busy.size,
      idle: this.#idle.size,
      starting: this.#startingCount,
      waiting: this.#waiters.size,
    };
  }

  // ── Rooms ────────────────────────────────────────────────────────────────────────────────────

  hasRoom(waiter: Waiter): boolean {
    if (this.#canServe) return true;
    this.#waiters.add(waiter);
    this.#grow();
    return false;
  }

  /** Takes a worker for one attempt of the function. */
  enter(name: string, waiter: Waiter): Room | undefined {
    if (!this.hasRoom(waiter)) return undefined;
    if (this.#closed !== undefined) return failingRoom(closed(), ignore);
    const station = [...this.#idle.keys()].at(-1);
    if (station === undefined) return failingRoom(this.#failures.shift(), ignore);
    this.#idle.delete(station);
    this.#busy.add(station);
    this.#stations.set(waiter, station);
    station.lease(this.#leases.get(waiter));
    const release = (): void => {
      if (this.#stations.get(waiter) === station) this.#stations.delete(waiter);
      this.#release(station);
    };
    if (station.names.includes(name)) return new StationRoom(station, name, release);
    const { module } = this.#options;
    const exports = station.names.join(', ');
    const message = `workerPool: ${module} does not export a function "${name}"; it exports ${exports}`;
    return failingRoom(hopeless(message, 'WorkerModuleError'), release);
  }

  /** Called when a waiter wants no worker any more. */
  forget(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size === 0) this.#failures.length = 0;
  }

  /** Called when a durable store has leased the activity to this process, and at each renewal. */
  leasedFor(waiter: Waiter, ms: number): void {
    const until = hostNow() + ms;
    this.#leases.set(waiter, until);
    this.#stations.get(waiter)?.lease(until);
  }

  /**
   * Resolves when the caller of a timed-out activity should get its failure: when the function has
   * been killed, because then it is known where it hung, and at once if it may never end.
   */
  async answer(settled: Promise<void>): Promise<void> {
    const { graceMs, isolation } = this.#options;
    if (isolation === 'none' || graceMs === Infinity) return;
    await within(graceMs + ANSWER_MS, settled);
  }

  get #canServe(): boolean {
    return this.#closed !== undefined || this.#idle.size > 0 || this.#failures.length > 0;
  }

  /** Gives free workers to those who wait. Some may no longer want one. */
  #serve(): void {
    while (this.#canServe) {
      const waiter = this.#waiters.next();
      if (waiter === undefined) break;
      waiter.onRoom();
    }
    if (this.#waiters.size === 0) this.#failures.length = 0;
    this.#grow();
  }

  // ── Workers ──────────────────────────────────────────────────────────────────────────────────

  /** Starts as many workers as there are waiting activities, within the limit. */
  #grow(): void {
    if (this.#closed !== undefined) return;
    const { maxWorkers } = this.#options;
    const taken = (): number => this.#busy.size + this.#idle.size + this.#startingCount;
    while (taken() < maxWorkers && this.#startingCount < this.#waiters.size) void this.#start();
  }

  async #start(): Promise<void> {
    this.#startingCount++;
    let worker: Killable | undefined;
    const starting = (one: Killable): void => {
      worker = one;
      this.#starting.add(one);
    };
    try {
      const station = await this.#made(starting);
      this.#startingCount--;
      void station.gone.then(() => this.#lost(station));
      if (station.usable) this.#rest(station);
    } catch (failure) {
      this.#startingCount--;
      this.#failures.push(failure);
    }
    if (worker !== undefined) this.#starting.delete(worker);
    this.#serve();
  }

  async #made(starting: (worker: Killable) => void): Promise<Station> {
    const { isolation, module, graceMs } = this.#options;
    if (isolation !== 'none') return startWorker(this.#options, starting);
    return new InPlace(await loadFunctions(module), graceMs);
  }

  #release(station: Station): void {
    if (!this.#busy.delete(station)) return;
    if (station.usable) this.#rest(station);
    this.#serve();
  }

  /** Lets a worker wait for work, for a while. */
  #rest(station: Station): void {
    if (this.#closed !== undefined) {
      station.retire();
      return;
    }
    this.#idle.set(station, hostNow());
    this.#sweepSoon();
  }

  /** One timer looks after all workers, because one for each call would be part of its time. */
  #sweepSoon(): void {
    const { idleMs } = this.#options;
    const [oldest] = this.#idle.values();
    if (oldest === undefined || idleMs === Infinity || this.#sweeping) return;
    this.#sweeping = true;
    realTimer(() => this.#sweep(), oldest + idleMs - hostNow());
  }

  #sweep(): void {
    this.#sweeping = false;
    for (const [station, since] of this.#idle) {
      if (hostNow() - since < this.#options.idleMs) break;
      this.#idle.delete(station);
      station.retire();
    }
    this.#sweepSoon();
  }

  #lost(station: Station): void {
    this.#idle.delete(station);
    this.#serve();
  }

  // ── The end ──────────────────────────────────────────────────────────────────────────────────

  /** Stops the running functions. Resolves when every worker is dead. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.resolve(); // until it is known to be closed
    const { graceMs, isolation } = this.#options;
    const all: Killable[] = [...this.#starting, ...this.#idle.keys(), ...this.#busy];
    for (const station of this.#busy) {
      const error = closed();
      station.stop(new CancelledFailure('WORKER_SHUTDOWN', { cause: error }), { error });
    }
    for (const station of this.#idle.keys()) station.retire();
    this.#idle.clear();
    this.#serve();
    if (isolation === 'none') return;
    const kill = (): void => all.forEach((one) => void one.kill());
    const clear = graceMs === Infinity ? ignore : realTimer(kill, graceMs + LAST_MS, true);
    for (const one of this.#starting) void one.kill();
    await Promise.all(all.map(({ exited }) => exited));
    clear();
  }
}

/** How long a worker that is already being killed may take, before it is killed here. */
const LAST_MS = 500;

/** How long a worker that is being killed may take, and interceptors, until a caller is answered. */
const ANSWER_MS = 3_000;

function closed(): unknown {
  return hopeless(
    'workerPool: the pool is closed; shut the runtime down before you close it',
    'WorkerPoolClosed',
  );
}
