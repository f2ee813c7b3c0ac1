/** The lane of one activity: its waits, its attempts and its end, read from events. */
import type { TimelineEvent } from './events.js';

/** What an activity waits for. */
export type WaitKind = 'slot' | 'delay' | 'backoff' | 'pause';

/** A stretch of time. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Wait extends Span {
  readonly kind: WaitKind;
}

export interface Beat {
  readonly at: number;
  readonly details: string | undefined;
}

/** One attempt, as far as the recording shows it. */
export interface Try extends Span {
  readonly number: number;
  /** Such as `'FAILED'`; `'RUNNING'` if the recording does not show an end. */
  readonly outcome: string;
  readonly timeoutType: string | undefined;
  readonly reason: string | undefined;
  /** The details that it was given; undefined if they were not recorded. */
  readonly given: string | undefined;
  readonly retryDelayMs: number | undefined;
  readonly beats: readonly Beat[];
  /** The time for which the function kept running after the end of its attempt. */
  readonly tail: (Span & { readonly settled: boolean }) | undefined;
}

export interface Lane extends Span {
  readonly activityId: string;
  readonly activityType: string;
  readonly waits: readonly Wait[];
  readonly tries: readonly Try[];
  /** How the activity closed; undefined while it is open. */
  readonly status: string | undefined;
  readonly timeoutType: string | undefined;
  readonly reason: string | undefined;
}

type Open<T> = { -readonly [Key in keyof T]: T[Key] };
type OpenTry = Open<Omit<Try, 'beats' | 'tail'>> & {
  beats: Beat[];
  tail: Open<NonNullable<Try['tail']>> | undefined;
};

/** Events have whole milliseconds, so a shorter wait for a slot may have been none. */
const ROUNDING_MS = 1;

/** A lane that is still being read. */
export class OpenLane implements Lane {
  readonly activityId: string;
  readonly activityType: string;
  readonly from: number;
  to: number;
  readonly waits: Wait[] = [];
  readonly tries: OpenTry[] = [];
  status: string | undefined;
  timeoutType: string | undefined;
  reason: string | undefined;
  #running: OpenTry | undefined;
  /** The wait that has not ended. Delays and backoffs end at `until`; what follows is for a slot. */
  #waiting: { readonly kind: WaitKind; readonly from: number; readonly until: number } | undefined;

  constructor(
    { activityId = '', activityType = '', event, attempt = 0 }: TimelineEvent,
    from: number,
  ) {
    this.activityId = activityId;
    this.activityType = activityType;
    this.from = this.to = from;
    // The beginning is missing, but an attempt was running: no other has such events.
    const running = ['heartbeat', 'attemptFailed', 'attemptAbandoned', 'completed'].includes(event);
    if (running && attempt > 0) this.#begin(from, attempt, undefined);
  }

  take(event: TimelineEvent): void {
    const { at, attempt = 0, delayMs } = event;
    if (this.status !== undefined && event.event !== 'attemptAbandoned') return; // it has closed
    this.to = at;
    const until = this.#waiting?.until ?? at;
    // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- the story takes the others
    switch (event.event) {
      case 'scheduled':
        if (delayMs === undefined) this.#wait('slot', at, at);
        else this.#wait('delay', at, at + delayMs);
        break;
      case 'started':
        this.#stopWaiting(at);
        this.#end(at, event);
        this.#begin(at, attempt, event.details);
        break;
      case 'heartbeat':
        if (this.#running?.number === attempt) {
          this.#running.beats.push({ at, details: event.details });
        }
        break;
      case 'attemptFailed':
        this.#end(at, event);
        if (delayMs !== undefined) this.#wait('backoff', at, at + delayMs);
        break;
      case 'attemptAbandoned':
        this.#abandon(at, attempt);
        break;
      case 'paused':
        if (this.#running === undefined) this.#wait('pause', at, until);
        break;
      case 'unpaused':
        if (this.#running === undefined) this.#wait(until > at ? 'backoff' : 'slot', at, until);
        break;
      case 'reset':
        if (this.#running === undefined) this.#wait('slot', at, at);
        break;
      case 'completed':
        this.#close(event, 'COMPLETED');
        break;
      case 'failed':
        this.#close(event, event.outcome ?? 'FAILED');
        break;
    }
  }

  /** The attempt whose function has now settled, if it is one of this lane. */
  settled({ attempt }: TimelineEvent): OpenTry | undefined {
    return this.tries.find((one) => one.number === attempt && one.tail?.settled === false);
  }

  settle(event: TimelineEvent): void {
    const tail = this.settled(event)?.tail;
    if (tail !== undefined) [tail.to, tail.settled] = [event.at, true];
  }

  /** The recording is over: what has not ended lasts until then. */
  cut(at: number): void {
    this.#stopWaiting(at);
    if (this.#running !== undefined) this.#running.to = at;
    if (this.status === undefined) this.to = at;
    for (const { tail } of this.tries) if (tail?.settled === false) tail.to = at;
  }

  #begin(at: number, number: number, given: string | undefined): void {
    const unknown = { timeoutType: undefined, reason: undefined, retryDelayMs: undefined };
    const tail = undefined;
    this.#running = {
      number,
      from: at,
      to: at,
      outcome: 'RUNNING',
      given,
      beats: [],
      tail,
      ...unknown,
    };
    this.tries.push(this.#running);
  }

  #end(at: number, event: TimelineEvent): void {
    const ended = this.#running;
    this.#running = undefined;
    if (ended === undefined) return;
    ended.to = at;
    if (event.outcome !== undefined) this.#explain(ended, event.outcome, event);
  }

  #explain(ended: OpenTry, outcome: string, { timeoutType, reason, delayMs }: TimelineEvent): void {
    Object.assign(ended, { outcome, timeoutType, reason, retryDelayMs: delayMs });
  }

  #abandon(at: number, attempt: number): void {
    if (this.#running?.number === attempt) {
      this.#running.to = at;
      this.#running = undefined;
    }
    const abandoned = this.tries.findLast((one) => one.number === attempt);
    if (abandoned !== undefined) abandoned.tail ??= { from: at, to: at, settled: false };
  }

  #close(event: TimelineEvent, status: string): void {
    const { at, timeoutType, reason } = event;
    this.#stopWaiting(at);
    if (this.#running !== undefined) this.#running.to = at;
    this.#running = undefined;
    const last = this.tries.at(-1);
    if (last?.outcome === 'RUNNING') this.#explain(last, status, event);
    Object.assign(this, { status, timeoutType, reason });
  }

  #wait(kind: WaitKind, from: number, until: number): void {
    this.#stopWaiting(from);
    this.#waiting = { kind, from, until };
  }

  #stopWaiting(at: number): void {
    const wait = this.#waiting;
    this.#waiting = undefined;
    if (wait === undefined) return;
    const { kind, from, until } = wait;
    const timed = kind === 'delay' || kind === 'backoff';
    const to = timed ? Math.min(at, Math.max(from, until)) : at;
    if (to - from > (kind === 'slot' ? ROUNDING_MS : 0)) this.waits.push({ kind, from, to });
    if (at - to > ROUNDING_MS) this.waits.push({ kind: 'slot', from: to, to: at });
  }
}
