/**
 * An HTTP service that imports files: with traces and metrics by OpenTelemetry, logs by pino, and the
 * progress of an import as server-sent events. It stops on SIGTERM. Run it with
 * `npx tsx examples/service.ts`: it starts the service as another process, uses it, and checks its
 * spans, metrics and log lines. Install @hono/node-server, hono, pino and the packages of
 * OpenTelemetry that are imported below.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { pino } from 'pino';
import {
  ActivityRuntime,
  isCancellation,
  pinoLogger,
  type ActivityContext,
  type ActivityHandle,
} from 'systole';
import { contextInterceptor } from 'systole/context';
import { openTelemetry } from 'systole/otel';

if (process.argv[2] === 'serve') service();
else await useTheService();

// ── The activity ───────────────────────────────────────────────────────────────────────────────────

interface Progress {
  readonly row: number;
  readonly total: number;
}

async function importRows(ctx: ActivityContext<Progress>, total: number): Promise<number> {
  const { row: first = 0 } = ctx.heartbeatDetails ?? {};
  ctx.log.info('import begins', { row: first });
  for (let row = first; row < total; row++) {
    await ctx.sleep(1); // stands for an insert
    if (row === 25 && ctx.info.attempt === 1) throw new Error('connection lost');
    ctx.heartbeat({ row: row + 1, total });
  }
  return total;
}

// ── The service ────────────────────────────────────────────────────────────────────────────────────

function service(): void {
  const log = pino();

  // A real service sends its spans to a collector. This one writes them to its log.
  const spansToLog: SpanProcessor = {
    onStart: () => {},
    onEnd: (span) => {
      const { spanId, traceId } = span.spanContext();
      const parent = span.parentSpanContext?.spanId;
      log.info({ name: span.name, traceId, spanId, parent, status: span.status.code }, 'span');
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const metricReader = new PrometheusExporter({ preventServerStart: true });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [spansToLog] }));
  const meterProvider = new MeterProvider({ readers: [metricReader] });

  const runtime = new ActivityRuntime({
    maxConcurrentActivities: 2,
    defaults: {
      heartbeatTimeout: '5s',
      heartbeatThrottleInterval: '20ms',
      retryPolicy: { initialInterval: '10ms', maximumAttempts: 5 },
    },
    interceptors: [contextInterceptor, openTelemetry({ meterProvider })],
    logger: pinoLogger(log),
  });
  const tracer = trace.getTracer('service');
  const imports = new Map<string, ActivityHandle<number, Progress>>();

  const app = new Hono()
    .post('/imports/:id', (c) =>
      tracer.startActiveSpan('POST /imports/:id', (span) => {
        const { id } = c.req.param();
        const rows = Number(c.req.query('rows') ?? 100);
        const handle = runtime.start(importRows, { activityId: id, args: [rows] });
        imports.set(id, handle);
        handle.result().catch((error: unknown) => {
          if (!isCancellation(error)) log.error({ err: error, activityId: id }, 'import failed');
        });
        span.end();
        return c.json({ id }, 202);
      }),
    )
    .get('/imports/:id/progress', (c) => {
      const handle = imports.get(c.req.param('id'));
      if (handle === undefined) return c.notFound();
      return streamSSE(c, async (stream) => {
        for await (const { details } of handle.heartbeats()) {
          if (stream.aborted) return; // the client has left
          await stream.writeSSE({ data: JSON.stringify(details) });
        }
      });
    })
    .get('/metrics', async (c) => {
      const { resourceMetrics } = await metricReader.collect();
      return c.text(new PrometheusSerializer().serialize(resourceMetrics));
    });

  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
    log.info({ port }, 'listening');
  });
  process.once('SIGTERM', () => {
    server.close();
    void runtime.shutdown({ abandonAfter: '5s' }).then(({ abandonedActivityIds }) => {
      log.info({ abandoned: abandonedActivityIds.length }, 'stopped');
    });
  });
}

// ── What uses it ───────────────────────────────────────────────────────────────────────────────────

type Line = Record<string, unknown> & { readonly msg: string };

async function useTheService(): Promise<void> {
  const program = [...process.execArgv, fileURLToPath(import.meta.url), 'serve'];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit') as Promise<[code: number | null]>;
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  createInterface(child.stdout).on('line', (text) => {
    lines.push(JSON.parse(text) as Line);
    for (const look of waiting) look();
  });
  const line = (found: (line: Line) => boolean): Promise<Line> =>
    new Promise((resolve) => {
      const look = (): void => {
        const one = lines.find(found);
        if (one === undefined) return;
        waiting.delete(look);
        resolve(one);
      };
      waiting.add(look);
      look();
    });
  const spanOf = (name: string): Promise<Line> =>
    line((it) => it.msg === 'span' && it['name'] === name);

  try {
    const { port } = (await line(({ msg }) => msg === 'listening')) as unknown as AddressInfo;
    const url = `http://127.0.0.1:${port}`;

    // An import with a lost connection, followed to its end.
    assert.equal((await fetch(`${url}/imports/a?rows=100`, { method: 'POST' })).status, 202);
    const events = await (await fetch(`${url}/imports/a/progress`)).text();
    const rows = [...events.matchAll(/"row":(\d+)/g)].map(([, row]) => Number(row));
    assert.equal(rows.at(-1), 100, 'the last report is told: the progress bar is full');
    assert.deepEqual(
      rows,
      [...rows].sort((a, b) => a - b),
    );

    // Spans: the request, the activity below it, and two attempts, of which the first failed.
    const request = await spanOf('POST /imports/:id');
    const activity = await spanOf('Activity:importRows');
    const attempts = lines.filter((it) => it['name'] === 'RunActivity:importRows');
    assert.equal(activity['parent'], request['spanId']);
    assert.deepEqual(
      attempts.map((it) => [it['parent'], it['status']]),
      [
        [activity['spanId'], 2],
        [activity['spanId'], 0],
      ],
    );

    // Logs: each line of an attempt says which span it belongs to.
    const begun = lines.filter(({ msg }) => msg === 'import begins');
    assert.deepEqual(
      begun.map((it) => [it['row'], it['trace_id'], it['span_id']]),
      attempts.map((it, index) => [index * 25, request['traceId'], it['spanId']]),
    );
    const warning = await line(({ msg }) => msg.includes('failed at attempt 1'));
    assert.match(JSON.stringify(warning['err']), /connection lost/);

    // Metrics, as Prometheus reads them.
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const type = 'systole_activity_type="importRows"';
    for (const expected of [
      `systole_activity_attempts_failed_total{${type},error_type="Error"`,
      `systole_activity_execution_duration_count{${type},systole_status="COMPLETED"`,
      `systole_activity_end_to_end_duration_count{${type},systole_status="COMPLETED"`,
      `systole_activity_heartbeats_total{${type}`,
      'systole_slots_available',
      'systole_activities{systole_state="running"',
    ]) {
      assert.ok(metrics.includes(expected), `${expected} is missing in\n${metrics}`);
    }

    // SIGTERM in the middle of another import.
    await fetch(`${url}/imports/b?rows=100000`, { method: 'POST' });
    await line((it) => it.msg === 'import begins' && it['activityId'] === 'b');
    child.kill('SIGTERM');
    assert.deepEqual(await exit, [0, null]);
    assert.equal((await line(({ msg }) => msg === 'stopped'))['abandoned'], 0);
    const all = lines.filter((it) => it['name'] === 'Activity:importRows');
    assert.deepEqual(
      all.map((it) => it['status']),
      [0, 0],
      'a shutdown is no error',
    );
    console.log(
      `${rows.length} reports, ${lines.length} lines of log; everything is as it should be`,
    );
  } finally {
    child.kill('SIGKILL');
  }
}
