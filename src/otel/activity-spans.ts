/** The spans of one activity: its own, and one for each attempt. */
import { messageOf } from '../kernel/thrown.js';
import { SpanStatusCode, trace } from './api.js';
import type { Attributes, Context, Span, SpanContext, Tracer } from './api.js';
import { failureAttributes, isError, timeoutAttributes, type Outcome } from './failures.js';
import { KEYS, SPAN_EVENTS, SPANS } from './names.js';

/** The span of an attempt that runs, or has just ended. */
export interface AttemptSpan {
  readonly number: number;
  readonly span: Span;
  /** The context in which the function runs. */
  readonly context: Context;
  readonly startedAt: number;
  /** Whether the outcome is known. The span stays open for the events that come with the end. */
  ended: boolean;
}

export class ActivitySpans {
  readonly type: string;
  readonly scheduledAt: number;
  /** The attempt that runs, or ran last. */
  attempt: AttemptSpan | undefined;
  readonly #tracer: Tracer;
  readonly #id: string;
  readonly #span: Span;
  readonly #context: Context;
  #before: SpanContext | undefined;
  /** The attempt before, until all of its events are told: a listener may start the next one earlier. */
  #overtaken: AttemptSpan | undefined;

  /** @param caller the context that `run` or `start` was called in */
  constructor(tracer: Tracer, { activityId, activityType, timestamp }: Scheduled, caller: Context) {
    this.type = activityType;
    this.scheduledAt = timestamp;
    this.#tracer = tracer;
    this.#id = activityId;
    const attributes = { [KEYS.id]: activityId, [KEYS.type]: activityType };
    this.#span = tracer.startSpan(SPANS.activity + activityType, { attributes }, caller);
    this.#context = trace.setSpan(caller, this.#span);
  }

  /**
   * Begins the span of an attempt, unless it has begun. The function of an attempt that a listener
   * starts is called before the event `started` is told.
   */
  begin(number: number, startedAt: number): AttemptSpan {
    const { attempt } = this;
    if (attempt?.number === number && !attempt.ended) return attempt;
    this.close(this.#overtaken);
    this.#overtaken = attempt;
    const attributes = {
      [KEYS.id]: this.#id,
      [KEYS.type]: this.type,
      [KEYS.attempt]: number,
    };
    const before = this.#before;
    const options =
      before === undefined ? { attributes } : { attributes, links: [{ context: before }] };
    const span = this.#tracer.startSpan(SPANS.attempt + this.type, options, this.#context);
    const context = trace.setSpan(this.#context, span);
    this.#before = span.spanContext();
    return (this.attempt = { number, span, context, startedAt, ended: false });
  }

  /** The start of an attempt is told after all events of the one before. */
  started(number: number, startedAt: number): void {
    this.begin(number, startedAt);
    if (this.#overtaken?.ended === true) this.close(this.#overtaken);
  }

  /** The attempt with this number, if its end has not been told. */
  find(number: number): AttemptSpan | undefined {
    return [this.attempt, this.#overtaken].find((one) => one?.number === number && !one.ended);
  }

  /** Adds an event to the span of an attempt. After a reset, two attempts may have the same number. */
  event(name: keyof typeof SPAN_EVENTS, number: number, attributes?: Attributes): void {
    const attempt = [this.#overtaken, this.attempt].find((one) => one?.number === number);
    attempt?.span.addEvent(SPAN_EVENTS[name], attributes);
  }

  /** Notes the outcome of an attempt. Its span is open until `close`: events may come with it. */
  endAttempt(attempt: AttemptSpan, outcome: Outcome, failure?: Error): void {
    attempt.ended = true;
    const { span } = attempt;
    span.setAttribute(KEYS.status, outcome);
    if (outcome === 'TIMED_OUT') span.addEvent(SPAN_EVENTS.timedOut, timeoutAttributes(failure));
    if (outcome === 'PAUSED') span.addEvent(SPAN_EVENTS.paused);
    if (failure !== undefined && isError(outcome)) fail(span, failure);
  }

  /** Ends all spans when the activity has closed. */
  end(attempt: number, outcome: Outcome, failure?: Error, retryState?: string): void {
    this.close(this.#overtaken);
    this.close(this.attempt);
    const span = this.#span;
    span.setAttribute(KEYS.attempt, attempt);
    span.setAttribute(KEYS.status, outcome);
    if (retryState !== undefined) span.setAttribute(KEYS.retryState, retryState);
    if (failure !== undefined && isError(outcome)) fail(span, failure);
    span.end();
  }

  /** Ends the span of an attempt. A second call does nothing. */
  close(attempt: AttemptSpan | undefined): void {
    if (attempt === undefined) return;
    if (attempt === this.attempt) this.attempt = undefined;
    else if (attempt === this.#overtaken) this.#overtaken = undefined;
    else return;
    attempt.span.end();
  }
}

/** The event that an activity begins with. */
interface Scheduled {
  readonly activityId: string;
  readonly activityType: string;
  readonly timestamp: number;
}

function fail(span: Span, failure: Error): void {
  span.setAttributes(failureAttributes(failure));
  span.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(failure) });
  try {
    span.recordException(failure);
  } catch {
    // The user's own error throws when it is read.
  }
}
