/** The interceptor, which turns the events of a runtime into spans and metrics. */
import { checkNames, hasMethods, option } from '../kernel/bad-input.js';
import { refusable } from '../kernel/stack.js';
import type { AttachedRuntime } from '../runtime/context/attached.js';
import type { ActivityInterceptor } from '../runtime/context/interceptors.js';
import { context, metrics, trace, type MeterProvider, type TracerProvider } from './api.js';
import { Telemetry } from './telemetry.js';

/** The options of `openTelemetry`. All are optional. */
export interface OpenTelemetryOptions {
  /** The provider for spans. Default: the one that is registered when the first activity is scheduled. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** The provider for metrics. Default: the one that is registered when the first activity is scheduled. */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * Whether the `heartbeat` events of a span show the details, as JSON of at most 4,096 characters.
   * Details may contain data that should not leave the process. Default false.
   */
  readonly details?: boolean | undefined;
}

const tracerProvider = /* @__PURE__ */ option('a TracerProvider', (value) =>
  hasMethods(value, 'getTracer'),
);
const meterProvider = /* @__PURE__ */ option('a MeterProvider', (value) =>
  hasMethods(value, 'getMeter'),
);
const details = /* @__PURE__ */ option('true or false', (value) => typeof value === 'boolean');

const NAMES = {
  of: 'openTelemetry',
  example: '{ details: true }',
  known: ['tracerProvider', 'meterProvider', 'details'],
};

/**
 * Makes an interceptor that traces and measures activities: a span for each activity, child spans for
 * its attempts, and metrics. You can give it to several runtimes.
 *
 * @example
 * const runtime = new ActivityRuntime({ interceptors: [openTelemetry()] });
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): ActivityInterceptor {
  refusable(openTelemetry, () => {
    checkNames(options, NAMES);
    tracerProvider(options.tracerProvider, 'openTelemetry tracerProvider');
    meterProvider(options.meterProvider, 'openTelemetry meterProvider');
    details(options.details, 'openTelemetry details');
  });
  return { attach: (runtime) => attach(runtime, options) };
}

function attach(runtime: AttachedRuntime, options: OpenTelemetryOptions): ActivityInterceptor {
  // A program may register its providers after it has made its runtime.
  let made: Telemetry | undefined;
  const telemetry = (): Telemetry =>
    (made ??= new Telemetry(
      runtime,
      options.tracerProvider ?? trace.getTracerProvider(),
      options.meterProvider ?? metrics.getMeterProvider(),
      options.details === true,
    ));
  runtime.on('scheduled', (event) => {
    telemetry().scheduled(event, context.active()); // inside the call of `run` or `start`
  });
  runtime.on('started', (event) => {
    telemetry().started(event);
  });
  runtime.on('heartbeat', (event) => {
    telemetry().reported(event);
  });
  runtime.on('attemptFailed', (event) => {
    telemetry().attemptFailed(event);
  });
  runtime.on('attemptAbandoned', (event) => {
    telemetry().attemptAbandoned(event);
  });
  runtime.on('completed', (event) => {
    telemetry().closed(event, 'COMPLETED');
  });
  runtime.on('failed', (event) => {
    telemetry().closed(event, event.status, event);
  });
  return {
    // A provider that fails must not touch activities. Without telemetry they run as always.
    execute: (input, next) => (made === undefined ? next(input) : made.execute(input, next)),
    log: (attributes) => made?.log(attributes) ?? attributes,
    heartbeat: (given, next, { info }) => {
      made?.heartbeat(info.activityType);
      next(given);
    },
  };
}
