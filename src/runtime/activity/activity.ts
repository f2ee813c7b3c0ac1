/**
 * One activity: what it was started with, and everything it keeps. `execution.ts` says how it lives,
 * and `endings.ts` how it ends.
 */
import type { Bucket, Deadline } from '../../kernel/deadline.js';
import type { ActivityEventName, EventFields } from '../../kernel/events.js';
import { functionName } from '../../kernel/function-name.js';
import { Deferred } from '../../kernel/promises.js';
import type { Snapshot } from '../../heartbeat/details/codec.js';
import type { Attempt } from '../attempt/attempt.js';
import type { AnyFunction, AttemptOwner } from '../attempt/owner.js';
import { Checkpoint } from '../attempt/checkpoint.js';
import type { ResolvedOptions } from '../options/table.js';
import { emit, Outbox } from '../shared/outbox.js';
import { placeOf, type Place, type Waiter } from '../shared/place.js';
import type { KeyQueue, Ticket } from '../shared/queue.js';
import type { Listed, Roster } from '../shared/registry.js';
import type { Services } from '../shared/services.js';
import { Caller } from './caller.js';
import { PastAttempts } from './past.js';
import { ActivityState } from './state.js';

export abstract class Activity implements AttemptOwner<Attempt>, Deadline, Ticket, Listed, Waiter {
  // The links of three lists: the deadlines, the registry and the queue for slots write them.
  bucket: Bucket | undefined;
  earlier: Deadline | undefined;
  later: Deadline | undefined;
  before: Listed | undefined;
  after: Listed | undefined;
  queue: KeyQueue | undefined;
  ahead: Ticket | undefined;
  behind: Ticket | undefined;
  order = 0;

  readonly services: Services;
  readonly roster: Roster<Activity>;
  readonly fn: AnyFunction;
  readonly args: readonly unknown[];
  readonly scheduledAt: number;
  readonly state: ActivityState;
  readonly caller = new Caller();

  #id: string | undefined;
  #checkpoint: Checkpoint | undefined;
  /** Undefined until an attempt has ended that was not the last. */
  past: PastAttempts | undefined;
  #outbox: Outbox | undefined;
  /** Functions that have not settled: more than one if attempts were abandoned. */
  #functions = 0;
  #settled: Deferred<void> | undefined;
  #onClosed: (() => void)[] | undefined;

  /** @param activityId undefined: one is generated when it is asked for */
  constructor(
    services: Services,
    roster: Roster<Activity>,
    fn: AnyFunction,
    args: readonly unknown[],
    options: ResolvedOptions,
    activityId: string | undefined,
  ) {
    this.services = services;
    this.roster = roster;
    this.fn = fn;
    this.args = args;
    this.#id = activityId;
    this.state = new ActivityState(this, roster.open, options);
    this.scheduledAt = services.clock.now();
  }

  abstract onDue(now: number): void;
  abstract begin(now?: number): void;
  abstract onRoom(): void;
  abstract returned(attempt: Attempt, result: unknown): void;
  abstract threw(attempt: Attempt, thrown: unknown): void;
  abstract leftOpen(attempt: Attempt): void;
  abstract enforceLimits(read?: number): boolean;

  // ── What it is ───────────────────────────────────────────────────────────────────────────────

  /** Made when first asked for: most activities are never called by their id. */
  get activityId(): string {
    if (this.#id === undefined) {
      this.#id = this.services.ids.next();
      if (this.isOpen) this.roster.open.name(this, this.#id);
    }
    return this.#id;
  }

  /** The id that the caller gave; an id that was generated may be here too. */
  get knownId(): string | undefined {
    return this.#id;
  }

  get activityType(): string {
    return this.options.activityType ?? functionName(this.fn) ?? 'anonymous';
  }

  get place(): Place | undefined {
    return placeOf(this.fn);
  }

  get options(): ResolvedOptions {
    return this.state.options;
  }

  get priority(): number {
    return this.options.priority;
  }

  get concurrencyKey(): string | undefined {
    return this.options.concurrencyKey;
  }

  get isOpen(): boolean {
    return this.state.closedAs === undefined;
  }

  /** What the caller waits for. */
  get result(): Promise<unknown> {
    return this.caller.result;
  }

  /** The scheduleToClose deadline; Infinity without one. */
  get expiresAt(): number {
    const { scheduleToCloseTimeoutMs, startDelayMs } = this.options;
    if (scheduleToCloseTimeoutMs === 0) return Infinity;
    return this.scheduledAt + startDelayMs + scheduleToCloseTimeoutMs;
  }

  // ── What it keeps ────────────────────────────────────────────────────────────────────────────

  get checkpoint(): Checkpoint {
    return (this.#checkpoint ??= new Checkpoint(this));
  }

  /** Whether there may be details at the checkpoint, or in a store that is not read yet. */
  get mayHoldDetails(): boolean {
    return this.#checkpoint !== undefined || this.state.loading;
  }

  /** Nobody should resume from what the store may still hold. */
  get forgotten(): boolean {
    return this.#checkpoint?.forgotten === true;
  }

  get details(): Snapshot | undefined {
    return this.#checkpoint?.details;
  }

  /** A copy of the newest details, for code that looks on. */
  copyDetails(): unknown {
    return this.#checkpoint?.copy();
  }

  /** Nobody should resume from here. */
  forgetDetails(): void {
    if (this.mayHoldDetails) this.checkpoint.forget(this.state.loading);
  }

  /** The same when the activity has closed: a description still shows the details. */
  closeCheckpoint(): void {
    if (this.mayHoldDetails) this.checkpoint.close(this.state.loading);
  }

  remember(): PastAttempts {
    return (this.past ??= new PastAttempts());
  }

  /** Follows the attempts from now on; `retry/loop.ts` says how. */
  enterRetryLoop(): void {
    this.remember().follow(this.state);
  }

  /** When the last heartbeat of any attempt came. */
  get lastHeartbeatAt(): number | undefined {
    return this.state.lastAttempt?.alive.beatenAt ?? this.past?.lastHeartbeatAt;
  }

  // ── What it tells ────────────────────────────────────────────────────────────────────────────

  get outbox(): Outbox {
    return (this.#outbox ??= new Outbox());
  }

  /** Tells of a change: now, or after the end of an attempt that is being told. */
  emit<Name extends ActivityEventName>(
    name: Name,
    fields: EventFields<Name>,
    attempt: number = this.state.attemptNumber,
  ): void {
    if (this.#outbox === undefined) emit(this, name, attempt, fields);
    else this.#outbox.tell(() => emit(this, name, attempt, fields));
  }

  // ── Its one deadline ─────────────────────────────────────────────────────────────────────────

  /** The scheduleToStart deadline; Infinity if nothing waits for a slot. */
  get scheduleToStartAt(): number {
    const timeoutMs = this.options.scheduleToStartTimeoutMs;
    const waits = this.state.phase === 'WAITING' && timeoutMs > 0;
    return waits ? this.state.waitingSince + timeoutMs : Infinity;
  }

  /** Arms the deadline for whatever comes first. */
  rearm(now: number): void {
    if (!this.isOpen) return;
    const { expiresAt } = this;
    const { attempt, opensAt } = this.state;
    const due =
      attempt === undefined
        ? Math.min(opensAt, this.scheduleToStartAt, expiresAt)
        : attempt.nextDue;
    if (due === Infinity) this.services.deadlines.disarm(this);
    else this.services.deadlines.arm(this, due, now);
  }

  // ── Its functions, and its end ───────────────────────────────────────────────────────────────

  protected functionCalled(): void {
    this.#functions++;
  }

  protected functionSettled(): void {
    this.#functions--;
    if (this.#functions > 0 || this.isOpen || this.#settled === undefined) return;
    this.roster.closedButRunning.delete(this.#settled);
    this.#settled.resolve();
  }

  /** Settles when the activity has closed and none of its functions runs. */
  settled(): Promise<void> {
    if (!this.isOpen && this.#functions === 0) return Promise.resolve();
    return (this.#settled ??= new Deferred<void>()).promise;
  }

  /** Calls back once the activity has closed, before anybody is told. */
  onClosed(listener: () => void): void {
    (this.#onClosed ??= []).push(listener);
  }

  /** The activity has closed: it holds nothing any more. */
  letGo(): void {
    this.services.deadlines.disarm(this);
    if (this.#id !== undefined) this.roster.open.forget(this.#id);
    if (this.#functions > 0) {
      // No more than this: a function that hangs may be all that is left of the activity.
      this.roster.closedButRunning.set((this.#settled ??= new Deferred()), this.activityId);
    } else this.#settled?.resolve();
    const listeners = this.#onClosed;
    this.#onClosed = undefined;
    listeners?.forEach((listener) => {
      listener();
    });
  }
}
