/** The spans of one activity: its own, and one for each attempt. */
import { messageOf } from '../kernel/thrown.js';
import { SpanStatusCode, trace } from './api.js';
import type { Attributes, Context, Span, SpanContext, Tracer } from './api.js';
import { failureAttributes, timeoutAttributes, type Outcome } from './failures.js';
import { KEYS, SPAN_EVENTS, SPANS } from './names.js';

/** The span of an attempt that runs, or has just ended. */
export interface AttemptSpan {
  readonly number: number;
  readonly span: Span;
  /** The context in which the function runs. */
  readonly context: Context;
  readonly startedAt: number;
  /** Its outcome is known. The span is still open for the events that come with the end. */
  ended: boolean;
}

export class ActivitySpans {
  /** Of the metrics: never an id, of which there is no end. */
  readonly metricAttributes: Attributes;
  readonly scheduledAt: number;
  /** The attempt that runs, or ran last. */
  attempt: AttemptSpan | undefined;
  readonly #type: string;
  readonly #tracer: Tracer;
  readonly #attributes: Attributes;
  readonly #span: Span;
  readonly #context: Context;
  #before: SpanContext | undefined;

  /** @param caller the context that `run` or `start` was called in */
  constructor(tracer: Tracer, { activityId, activityType, timestamp }: Scheduled, caller: Context) {
    this.metricAttributes = { [KEYS.type]: activityType };
    this.#type = activityType;
    this.scheduledAt = timestamp;
    this.#tracer = tracer;
    this.#attributes = { [KEYS.id]: activityId, [KEYS.type]: activityType };
    this.#span = tracer.startSpan(
      SPANS.activity + activityType,
      { attributes: this.#attributes },
      caller,
    );
    this.#context = trace.setSpan(caller, this.#span);
  }

  begin(number: number, startedAt: number): void {
    this.#close();
    const span = this.#tracer.startSpan(
      SPANS.attempt + this.#type,
      {
        attributes: { ...this.#attributes, [KEYS.attempt]: number },
        links: this.#before === undefined ? [] : [{ context: this.#before }],
      },
      this.#context,
    );
    const context = trace.setSpan(this.#context, span);
    this.attempt = { number, span, context, startedAt, ended: false };
    this.#before = span.spanContext();
  }

  /** An event of the running attempt; nothing if the span has ended. */
  event(name: keyof typeof SPAN_EVENTS, attributes?: Attributes): void {
    this.attempt?.span.addEvent(SPAN_EVENTS[name], attributes);
  }

  /**
   * The outcome of the attempt is known. Its span ends when the events have been told that come with
   * the end, in the same turn: that is before anything else can happen.
   */
  endAttempt(attempt: AttemptSpan, outcome: Outcome, failure?: Error): void {
    attempt.ended = true;
    attempt.span.setAttribute(KEYS.status, outcome);
    if (outcome === 'TIMED_OUT') this.event('timedOut', timeoutAttributes(failure));
    if (outcome === 'PAUSED') this.event('paused');
    if (failure !== undefined && isError(outcome)) fail(attempt.span, failure);
    queueMicrotask(() => {
      if (this.attempt === attempt) this.#close();
    });
  }

  /** The activity has closed. */
  end(attempt: number, outcome: Outcome, failure?: Error, retryState?: string): void {
    this.#close();
    const span = this.#span;
    span.setAttributes({ [KEYS.attempt]: attempt, [KEYS.status]: outcome });
    if (retryState !== undefined) span.setAttribute(KEYS.retryState, retryState);
    if (failure !== undefined && isError(outcome)) fail(span, failure);
    span.end();
  }

  #close(): void {
    this.attempt?.span.end();
    this.attempt = undefined;
  }
}

/** The event that an activity begins with. */
interface Scheduled {
  readonly activityId: string;
  readonly activityType: string;
  readonly timestamp: number;
}

/** What somebody asked for is no error. */
function isError(outcome: Outcome): boolean {
  return outcome === 'FAILED' || outcome === 'TIMED_OUT';
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
