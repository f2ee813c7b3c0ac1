/** What is used of `@opentelemetry/api`, an optional peer. Only this file imports it. */
export { context, isSpanContextValid, metrics, SpanStatusCode, trace } from '@opentelemetry/api';
export type {
  Attributes,
  Context,
  Histogram,
  Counter,
  Meter,
  MeterProvider,
  Span,
  SpanContext,
  Tracer,
  TracerProvider,
} from '@opentelemetry/api';
