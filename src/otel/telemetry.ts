/** What one runtime tells OpenTelemetry. */
import type { ActivityEvent, ActivityEvents } from '../kernel/events.js';
import type { RetryState } from '../kernel/failures.js';
import { shortened } from '../kernel/text.js';
import type { AttachedRuntime } from '../runtime/context/attached.js';
import type { ExecuteInput } from '../runtime/context/interceptors.js';
import { ActivitySpans, type AttemptSpan } from './activity-spans.js';
import {
  context,
  type Context,
  type MeterProvider,
  type Tracer,
  type TracerProvider,
} from './api.js';
import { failureAttributes, outcomeOf, type Outcome } from './failures.js';
import { instrumentsOf, type Instruments } from './instruments.js';
import { KEYS, SCOPE } from './names.js';
import { tracedLog } from './traced-log.js';

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
    this.#open.get(activityId)?.begin(attempt, timestamp);
  }

  /** Calls the function of an attempt in the context of its span. */
  execute(input: ExecuteInput, next: (input: ExecuteInput) => unknown): unknown {
    const { info, log } = input.context;
    const spans = this.#open.get(info.activityId);
    const attempt = spans?.attempt;
    if (spans === undefined || attempt === undefined) return next(input);
    const waitedMs = info.startedTimestampMs - info.currentAttemptScheduledTimestampMs;
    this.#instruments.scheduleToStart.record(seconds(waitedMs), spans.metricAttributes);
    Reflect.defineProperty(input.context, 'log', {
      get: () => tracedLog(log, attempt.span),
      enumerable: true,
      configurable: true,
    });
    return context.with(attempt.context, next, undefined, input);
  }

  heartbeat(activityType: string): void {
    this.#instruments.heartbeat(activityType);
  }

  reported({ activityId, details }: ActivityEvents['heartbeat']): void {
    const attributes = this.#details ? { [KEYS.details]: textOf(details) } : undefined;
    this.#open.get(activityId)?.event('heartbeat', attributes);
  }

  attemptFailed({ activityId, failure, timestamp }: ActivityEvents['attemptFailed']): void {
    const spans = this.#open.get(activityId);
    const outcome = outcomeOf(failure);
    if (spans?.attempt !== undefined) this.#end(spans, spans.attempt, outcome, timestamp, failure);
  }

  attemptAbandoned({ activityId, activityType }: ActivityEvent): void {
    this.#open.get(activityId)?.event('abandoned');
    this.#instruments.abandoned.add(1, { [KEYS.type]: activityType });
  }

  closed(
    { activityId, attempt, timestamp }: ActivityEvent,
    outcome: Outcome,
    why?: { readonly failure: Error; readonly retryState: RetryState | undefined },
  ): void {
    const spans = this.#open.get(activityId);
    if (spans === undefined) return;
    this.#open.delete(activityId);
    const last = spans.attempt;
    if (last?.ended === false) this.#end(spans, last, outcome, timestamp, why?.failure);
    spans.end(attempt, outcome, why?.failure, why?.retryState);
    this.#instruments.endToEnd.record(seconds(timestamp - spans.scheduledAt), {
      ...spans.metricAttributes,
      [KEYS.status]: outcome,
    });
  }

  #end(
    spans: ActivitySpans,
    attempt: AttemptSpan,
    outcome: Outcome,
    timestamp: number,
    failure?: Error,
  ): void {
    spans.endAttempt(attempt, outcome, failure);
    const attributes = spans.metricAttributes;
    this.#instruments.execution.record(seconds(timestamp - attempt.startedAt), {
      ...attributes,
      [KEYS.status]: outcome,
    });
    if (failure === undefined || (outcome !== 'FAILED' && outcome !== 'TIMED_OUT')) return;
    this.#instruments.failed.add(1, { ...attributes, ...failureAttributes(failure) });
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
