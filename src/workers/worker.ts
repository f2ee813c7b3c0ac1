/** A worker as the pool sees it: a process or a thread in which a function can be called. */
import { realTimer } from '../kernel/clock.js';
import { Deferred } from '../kernel/promises.js';
import type { Delivery } from './wire/mailbox.js';
import type { Call, Report, Task } from './wire/messages.js';
import type { Lease } from './wire/lines.js';

/** How a worker ended. */
export interface Exit {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** The uncaught error, if it is known. */
  readonly cause?: unknown;
}

/** What a call learns from its worker. */
export interface CallListener {
  onReport(report: Report): void;
  onDelivery(delivery: Delivery): void;
  onExit(exit: Exit): void;
}

/** How long a worker without work keeps the program alive. */
const LET_GO_MS = 20;

/** The last output to standard error. */
const STDERR_BYTES = 4_096;

export abstract class PoolWorker {
  /** The functions of its module. */
  names: readonly string[] = [];
  /** How the worker ended; undefined while it is alive. */
  exit: Exit | undefined;
  /** Whether it can take no more work, because it has ended. Its last words may still come. */
  isGone = false;
  readonly #gone = new Deferred<void>();
  readonly #exited = new Deferred<Exit>();
  #listener: CallListener | undefined;
  #stderr = '';
  #held = true;
  #killed = false;
  #lettingGo = false;
  /** The number of the newest details. */
  #order = 0;

  /** Sends an attempt. Throws for values that structured clone refuses. */
  abstract run(task: Task): void;
  /** Reaches even a function that does not yield. */
  abstract call(call: Call): void;
  /** The stack of the running code; undefined if no code runs or it cannot be read. */
  abstract whereItIs(): Promise<string | undefined>;
  /** Ends an attempt when its lease is over. A thread of this process needs nobody to do it. */
  lease(_lease: Lease): void {}
  /** Ends it, whatever it is doing. */
  protected abstract killNow(): void;
  /** Lets it end by itself, because it has nothing to do. */
  abstract retire(): void;
  /** Whether it keeps the program alive. At first it does. */
  protected abstract keepAlive(keep: boolean): void;

  /** Resolves when it is dead, or can at least run no more JavaScript. */
  async kill(): Promise<Exit> {
    this.#killed = true;
    if (this.exit === undefined) {
      this.#hold(true); // somebody waits for its death
      this.killNow();
    }
    return this.#exited.promise;
  }

  /** Resolves when it can take no more work. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Resolves when it has ended and everything that it has written is here. */
  get exited(): Promise<Exit> {
    return this.#exited.promise;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** The call that gets its messages; undefined between calls, when it keeps no program alive. */
  listen(listener: CallListener | undefined): void {
    this.#listener = listener;
    if (listener === undefined) this.#letGoSoon();
    else this.#hold(true);
  }

  /** Whether it runs a function, or starts. */
  get busy(): boolean {
    return this.#listener !== undefined;
  }

  /** Later, because the next call may come at once, and to change it takes a tenth of a short call. */
  #letGoSoon(): void {
    if (this.#lettingGo) return;
    this.#lettingGo = true;
    realTimer(() => {
      this.#lettingGo = false;
      if (!this.busy && !this.#killed && this.exit === undefined) this.#hold(false);
    }, LET_GO_MS);
  }

  #hold(hold: boolean): void {
    if (this.#held === hold) return;
    this.#held = hold;
    this.keepAlive(hold);
  }

  // ── For the kinds of workers ─────────────────────────────────────────────────────────────────

  protected heard(report: Report): void {
    if (report.is === 'ready') this.names = report.names;
    if ('delivery' in report && report.delivery !== undefined) this.delivered(report.delivery);
    if (report.is === 'wrote') this.wrote(report.text);
    else if (report.is !== 'beat') this.#listener?.onReport(report);
  }

  protected delivered(delivery: Delivery): void {
    const { order, details } = delivery;
    // Older ones may come later, in another way.
    const isNews = details !== undefined && order > this.#order;
    if (isNews) this.#order = order;
    this.#listener?.onDelivery(isNews ? delivery : { ...delivery, details: undefined });
  }

  protected wrote(text: string): void {
    this.#stderr = (this.#stderr + text).slice(-STDERR_BYTES);
  }

  protected hasGone(): void {
    this.isGone = true;
    this.#gone.resolve();
  }

  protected hasExited(exit: Exit): void {
    if (this.exit !== undefined) return;
    this.hasGone();
    this.exit = exit;
    this.#exited.resolve(exit);
    this.#listener?.onExit(exit);
  }
}
