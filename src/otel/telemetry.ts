/** What one runtime tells OpenTelemetry. */
import { failedOutcome } from '../runtime/shared/attempt-outcome.js';
import type { ActivityEvent, ActivityEvents } from '../kernel/events.js';
import type { RetryState } from '../kernel/failures.js';
import type { LogAttributes } from '../kernel/logger.js';
import { shortened } from '../kernel/text.js';
import type { AttachedRuntime } from '../runtime/context/attached.js';
import type { ExecuteInput } from '../runtime/context/interceptors.js';
import { ActivitySpans, type AttemptSpan } from './activity-spans.js';
import {
  context,
  isSpanContextValid,
  trace,
  type Context,
  type MeterProvider,
  type Tracer,
  type TracerProvider,
} from './api.js';
import { failureAttributes, isError, type Outcome } from './failures.js';
import { attributesOf, instrumentsOf, type Instruments } from './instruments.js';
import { KEYS, SCOPE } from './names.js';

/** Details are a cursor; a span is no place for more. */
const LONGEST_DETAILS = 4_096;

export class Telemetry {
  readonly #tracer: Tracer;
  readonly #instruments: Instruments;
  readonly #details: boolean;
  /** Open activities by their ids. */
  readonly #open = new Map<string, ActivitySpans>();

  constructor(
    runtime: AttachedRuntime,
    tracers: TracerProvider,
    meters: MeterProvider,
    details: boolean,
  ) {
    this.#tracer = tracers.getTracer(SCOPE);
    this.#instruments = instrumentsOf(meters);
    this.#instruments.follow(runtime);
    this.#details = details;
  }

  scheduled(event: ActivityEvent, caller: Context): void {
    this.#open.set(event.activityId, new ActivitySpans(this.#tracer, event, caller));
  }

  started({ activityId, attempt, timestamp }: ActivityEvent): void {
    this.#open.get(activityId)?.started(attempt, timestamp);
  }

  /** Calls the function of an attempt in the context of its span. */
  execute(input: ExecuteInput, next: (input: ExecuteInput) => unknown): unknown {
    const { info } = input.context;
    const spans = this.#open.get(info.activityId);
    if (spans === undefined) return next(input);
    const attempt = spans.begin(info.attempt, info.startedTimestampMs);
    const waitedMs = info.startedTimestampMs - info.currentAttemptScheduledTimestampMs;
    this.#instruments.scheduleToStart.record(seconds(waitedMs), attributesOf(spans.type));
    return context.with(attempt.context, next, undefined, input);
  }

  /** The ids are those of the span that is active at the line, or else of the attempt's. */
  log(attributes: LogAttributes): LogAttributes {
    const attempt = this.#open.get(String(attributes['activityId']))?.attempt;
    const span = trace.getActiveSpan() ?? attempt?.span;
    const ids = span?.spanContext();
    if (ids === undefined || !isSpanContextValid(ids)) return attributes; // no SDK is registered
    return { trace_id: ids.traceId, span_id: ids.spanId, ...attributes };
  }

  heartbeat(activityType: string): void {
    this.#instruments.heartbeat(activityType);
  }

  reported({ activityId, attempt, details }: ActivityEvents['heartbeat']): void {
    const attributes = this.#details ? { [KEYS.details]: textOf(details) } : undefined;
    this.#open.get(activityId)?.event('heartbeat', attempt, attributes);
  }

  attemptFailed(event: ActivityEvents['attemptFailed']): void {
    const { failure } = event;
    const spans = this.#open.get(event.activityId);
    const attempt = spans?.find(event.attempt);
    if (spans === undefined || attempt === undefined) return;
    this.#end(spans, attempt, failedOutcome(failure), event.timestamp, failure);
    // The events that come with this end are told in the same turn.
    queueMicrotask(() => spans.close(attempt));
  }

  attemptAbandoned({ activityId, activityType, attempt }: ActivityEvent): void {
    this.#open.get(activityId)?.event('abandoned', attempt);
    this.#instruments.abandoned.add(1, attributesOf(activityType));
  }

  closed(
    { activityId, attempt, timestamp }: ActivityEvent,
    outcome: Outcome,
    why?: { readonly failure: Error; readonly retryState: RetryState | undefined },
  ): void {
    const spans = this.#open.get(activityId);
    if (spans === undefined) return;
    this.#open.delete(activityId);
    const last = spans.find(attempt);
    if (last !== undefined) this.#end(spans, last, outcome, timestamp, why?.failure);
    spans.end(attempt, outcome, why?.failure, why?.retryState);
    const tookMs = timestamp - spans.scheduledAt;
    this.#instruments.endToEnd.record(seconds(tookMs), attributesOf(spans.type, outcome));
  }

  #end(
    spans: ActivitySpans,
    attempt: AttemptSpan,
    outcome: Outcome,
    timestamp: number,
    failure?: Error,
  ): void {
    const { type } = spans;
    spans.endAttempt(attempt, outcome, failure);
    const tookMs = timestamp - attempt.startedAt;
    this.#instruments.execution.record(seconds(tookMs), attributesOf(type, outcome));
    if (failure === undefined || !isError(outcome)) return;
    this.#instruments.failed.add(1, { ...attributesOf(type), ...failureAttributes(failure) });
  }
}

/** The clock of the host may have been set back meanwhile. */
function seconds(ms: number): number {
  return Math.max(0, ms) / 1_000;
}

function textOf(details: unknown): string {
  const text = JSON.stringify(details, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  ) as string | undefined;
  return shortened(text ?? String(details), LONGEST_DETAILS);
}
