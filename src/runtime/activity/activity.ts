/**
 * One activity: its input and everything it keeps. `execution.ts` describes its life, and
 * `endings.ts` its end. What only some activities need is made when they need it.
 */
/* eslint-disable max-lines -- It is one object, because each further one costs every open activity memory. */
import type { Bucket, Deadline } from '../../kernel/deadline.js';
import type { ActivityEventName, EventFields } from '../../kernel/events.js';
import { functionName } from '../../kernel/function-name.js';
import { Deferred } from '../../kernel/promises.js';
import type { Snapshot } from '../../heartbeat/details/codec.js';
import type { Attempt } from '../attempt/attempt.js';
import type { AnyFunction, AttemptOwner } from '../attempt/owner.js';
import { Checkpoint } from '../attempt/checkpoint.js';
import { nextDue } from '../attempt/timing.js';
import type { ResolvedOptions } from '../options/table.js';
import { emit, Outbox } from '../shared/outbox.js';
import { placeOf, type Place, type Waiter } from '../shared/place.js';
import type { KeyQueue, Ticket } from '../shared/queue.js';
import type { Listed, Roster } from '../shared/registry.js';
import type { Services } from '../shared/services.js';
import { Caller } from './caller.js';
import { PastAttempts } from './past.js';
import { ActivityState } from './state.js';

export function typeOf(fn: AnyFunction, { activityType }: ResolvedOptions): string {
  return activityType ?? functionName(fn) ?? 'anonymous';
}

export abstract class Activity implements AttemptOwner<Attempt>, Deadline, Ticket, Listed, Waiter {
  // The links of three lists. Only the deadlines, the registry and the queue for slots write them.
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
  scheduledAt: number;
  readonly state: Readonly<ActivityState>;
  readonly caller = new Caller();

  #id: string | undefined;
  #checkpoint: Checkpoint | undefined;
  /** The attempts before the current one; undefined until one has ended and another one follows. */
  past: PastAttempts | undefined;
  #outbox: Outbox | undefined;
  /** The number of functions that have not settled. Abandoned attempts count too. */
  #functions = 0;
  #settled: Deferred<void> | undefined;
  #onClosed: (() => void)[] | undefined;

  /** @param activityId undefined to generate one when it is needed */
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

  /** Called when its phase, its delay, its options, or what it was asked to do has changed. */
  changed(): void {
    this.services.ledger?.changed(this);
  }

  /** Makes it older: an earlier process has scheduled it. */
  backdate(ms: number): void {
    this.scheduledAt -= ms;
  }

  // ── What it is ───────────────────────────────────────────────────────────────────────────────

  /** The id. It is generated when first read, because most activities never need one. */
  get activityId(): string {
    if (this.#id === undefined) {
      this.#id = this.services.ids.next();
      if (this.isOpen) this.roster.open.name(this, this.#id);
    }
    return this.#id;
  }

  /** The id, if the caller gave one or one has been generated. */
  get knownId(): string | undefined {
    return this.#id;
  }

  get activityType(): string {
    return typeOf(this.fn, this.options);
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

  get result(): Promise<unknown> {
    return this.caller.result;
  }

  /** The scheduleToClose deadline; Infinity without one. */
  get expiresAt(): number {
    const { scheduleToCloseTimeoutMs, startDelayMs } = this.options;
    if (scheduleToCloseTimeoutMs === 0) return Infinity;
    return this.scheduledAt + startDelayMs + scheduleToCloseTimeoutMs;
  }

  /** Stops waiting for a slot and for room. */
  withdraw(): void {
    this.services.slots.withdraw(this);
    if (this.state.phase === 'WAITING') this.place?.forget(this);
  }

  // ── What it keeps ────────────────────────────────────────────────────────────────────────────

  get checkpoint(): Checkpoint {
    return (this.#checkpoint ??= new Checkpoint(this));
  }

  /** Whether there may be details, here or in an unread store. */
  get mayHoldDetails(): boolean {
    return this.#checkpoint !== undefined || this.state.loading;
  }

  /** Whether details that the store may still hold should not be used. */
  get forgotten(): boolean {
    return this.#checkpoint?.forgotten === true;
  }

  get details(): Snapshot | undefined {
    return this.#checkpoint?.details;
  }

  /** A copy of the newest details, for events and descriptions. */
  copyDetails(): unknown {
    return this.#checkpoint?.copy();
  }

  /** Forgets the details, so that no attempt resumes from them. */
  forgetDetails(): void {
    if (this.mayHoldDetails) this.checkpoint.forget(this.state.loading);
  }

  /** What is remembered of earlier attempts. `follow` enters the loop of `retry/loop.ts`. */
  remember(): PastAttempts {
    return (this.past ??= new PastAttempts());
  }

  /** When the last heartbeat of any attempt came. */
  get lastHeartbeatAt(): number | undefined {
    return this.state.lastAttempt?.alive.beatenAt ?? this.past?.lastHeartbeatAt;
  }

  // ── What it tells ────────────────────────────────────────────────────────────────────────────

  get outbox(): Outbox {
    return (this.#outbox ??= new Outbox());
  }

  /** Emits an event now, or after the events of an attempt's end. */
  emit<Name extends ActivityEventName>(
    name: Name,
    fields: EventFields<Name>,
    attempt: number = this.state.attemptNumber,
  ): void {
    if (this.#outbox === undefined) emit(this, name, attempt, fields);
    else this.#outbox.tell(() => emit(this, name, attempt, fields));
  }

  // ── Its one deadline ─────────────────────────────────────────────────────────────────────────

  /** Arms the deadline for the time that comes first. */
  rearm(now: number): void {
    if (!this.isOpen) return;
    const { expiresAt } = this;
    const { attempt, opensAt, scheduleToStartAt } = this.state;
    const due =
      attempt === undefined ? Math.min(opensAt, scheduleToStartAt, expiresAt) : nextDue(attempt);
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

  /** Resolves when the activity has closed and none of its functions runs. */
  settled(): Promise<void> {
    if (!this.isOpen && this.#functions === 0) return Promise.resolve();
    return (this.#settled ??= new Deferred<void>()).promise;
  }

  /** Calls back when the activity has closed, before listeners and the caller are told. */
  onClosed(listener: () => void): void {
    (this.#onClosed ??= []).push(listener);
  }

  /** Releases everything that the activity holds, when it has closed. */
  letGo(): void {
    this.services.deadlines.disarm(this);
    if (this.#id !== undefined) this.roster.open.forget(this.#id);
    if (this.#functions > 0) {
      // Nothing more is kept: a hanging function may be all that is left of the activity.
      this.roster.closedButRunning.set((this.#settled ??= new Deferred()), this.activityId);
    } else this.#settled?.resolve();
    const listeners = this.#onClosed;
    this.#onClosed = undefined;
    listeners?.forEach((listener) => {
      listener();
    });
  }
}
