// What telemetry adds to a no-op call: the caller's context, OpenTelemetry, one listener.
import { activityOptions } from '../options.mjs';
import { loadEntry, loadSystole } from '../systole.mjs';

const noop = async () => 1;

/** Awaits one call after the other on a runtime that `prepare` has made. */
const contender = (prepare) => async () => {
  const { ActivityRuntime } = await loadSystole();
  const runtime = await prepare(ActivityRuntime);
  return async (count) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) await runtime.run(noop, activityOptions);
    return { time: ((performance.now() - start) * 1e6) / count };
  };
};

const plain = contender((ActivityRuntime) => new ActivityRuntime({ logger: false }));

/** AsyncLocalStorage slows every promise of its process on Node 20: that is counted too. */
export const context = {
  title: 'One no-op call in the context of its caller',
  contenders: {
    plain,
    contextInterceptor: contender(async (ActivityRuntime) => {
      const { contextInterceptor } = await loadEntry('context');
      return new ActivityRuntime({ logger: false, interceptors: [contextInterceptor] });
    }),
  },
  apart: ['contextInterceptor'],
  rows: [
    {
      text: 'contextInterceptor: us more per call',
      of: 'contextInterceptor',
      less: 'plain',
      atMost: 1,
    },
  ],
};

/** Spans and metrics are made, and go nowhere. */
const tracing = contender(async (ActivityRuntime) => {
  const [{ openTelemetry }, { BasicTracerProvider, BatchSpanProcessor }, metrics, hooks, api] =
    await Promise.all([
      loadEntry('otel'),
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/sdk-metrics'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/api'),
    ]);
  const exporter = { export: (_, done) => done({ code: 0 }), shutdown: async () => {} };
  api.context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable());
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const meterProvider = new metrics.MeterProvider({
    readers: [
      new metrics.PeriodicExportingMetricReader({
        exporter: { ...exporter, forceFlush: async () => {} },
      }),
    ],
  });
  const interceptors = [openTelemetry({ tracerProvider, meterProvider })];
  return new ActivityRuntime({ logger: false, interceptors });
});

export const otel = {
  title: 'One no-op call with OpenTelemetry',
  contenders: { plain, openTelemetry: tracing },
  apart: ['openTelemetry'],
  rows: [
    {
      text: 'openTelemetry, exporters that do nothing: us more per call',
      of: 'openTelemetry',
      less: 'plain',
      atMost: 12,
    },
  ],
};

export const listener = {
  title: 'One no-op call with a listener',
  contenders: {
    plain,
    'one listener': contender((ActivityRuntime) => {
      const runtime = new ActivityRuntime({ logger: false });
      let heard = 0;
      runtime.on('completed', () => heard++);
      return runtime;
    }),
  },
  rows: [{ text: 'event with one listener: us', of: 'one listener', less: 'plain', atMost: 0.5 }],
};
