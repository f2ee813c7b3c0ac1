/** The real SDK of OpenTelemetry, in memory. */
import { context, type Attributes } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, MetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';

class Reader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** One point of a metric: its attributes and its value, or the count and sum of a histogram. */
export interface Point {
  readonly attributes: Attributes;
  readonly value: number | { readonly count: number; readonly sum: number };
}

export class Memory {
  readonly #exporter = new InMemorySpanExporter();
  readonly #reader = new Reader();
  readonly tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(this.#exporter)],
  });
  readonly meterProvider = new MeterProvider({ readers: [this.#reader] });

  /** All spans that have ended, in the order they ended. */
  get spans(): ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  /** The spans as a tree: each with its name, what its status is, and its events. */
  get tree(): string[] {
    const lines: string[] = [];
    const byStart = [...this.spans].sort((a, b) => this.#order(a) - this.#order(b));
    const visit = (parent: string | undefined, depth: number): void => {
      for (const span of byStart) {
        if (span.parentSpanContext?.spanId !== parent) continue;
        const events = span.events.map(({ name }) => name);
        const status = ['', ' OK', ' ERROR'][span.status.code] ?? '';
        lines.push(
          `${'  '.repeat(depth)}${span.name}${status}${events.length > 0 ? ` (${events.join(', ')})` : ''}`,
        );
        visit(span.spanContext().spanId, depth + 1);
      }
    };
    visit(undefined, 0);
    return lines;
  }

  #order({ startTime: [seconds, nanos] }: ReadableSpan): number {
    return seconds * 1e9 + nanos;
  }

  /** The only span of that name, or the one with that number of those that have it. */
  span(name: string, index = 0): ReadableSpan {
    const found = this.spans.filter((span) => span.name === name)[index];
    if (found === undefined) throw new Error(`no span ${name}; ${this.tree.join('\n')}`);
    return found;
  }

  async metrics(): Promise<Map<string, { unit: string; points: Point[] }>> {
    const { resourceMetrics }: { resourceMetrics: ResourceMetrics } = await this.#reader.collect();
    const all = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    return new Map(
      all.map(({ descriptor: { name, unit }, dataPoints }) => [
        name,
        {
          unit,
          points: (dataPoints as { attributes: Attributes; value: unknown }[]).map(
            ({ attributes, value }) => ({ attributes, value: short(value) }),
          ),
        },
      ]),
    );
  }
}

function short(value: unknown): Point['value'] {
  if (typeof value === 'number') return value;
  const { count, sum } = value as { count: number; sum: number };
  return { count, sum };
}

/** Makes `context.with` work, as an SDK does for a process. */
export function trackContext(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}
