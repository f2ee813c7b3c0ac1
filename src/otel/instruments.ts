/** The instruments of a meter provider. All runtimes that use the provider share them. */
import type { AttachedRuntime, RuntimeStats } from '../runtime/context/attached.js';
import type { Attributes, Counter, Histogram, Meter, MeterProvider } from './api.js';
import type { Outcome } from './failures.js';
import { BOUNDS, KEYS, METRICS, SCOPE } from './names.js';

const STATES = ['running', 'waiting', 'paused', 'delayed'] as const;

export class Instruments {
  readonly scheduleToStart: Histogram;
  readonly execution: Histogram;
  readonly endToEnd: Histogram;
  readonly failed: Counter;
  readonly abandoned: Counter;
  /** The heartbeats of each type of activity: counting them must cost next to nothing. */
  readonly #heartbeats = new Map<string, number>();
  /** The events of a runtime keep what is given here, so it is there as long as the runtime. */
  readonly #runtimes = new Set<WeakRef<AttachedRuntime>>();

  constructor(meter: Meter) {
    const histogram = ({ name, ...options }: { readonly name: string }): Histogram =>
      meter.createHistogram(name, { ...options, advice: { explicitBucketBoundaries: BOUNDS } });
    this.scheduleToStart = histogram(METRICS.scheduleToStart);
    this.execution = histogram(METRICS.execution);
    this.endToEnd = histogram(METRICS.endToEnd);
    this.failed = meter.createCounter(METRICS.failed.name, METRICS.failed);
    this.abandoned = meter.createCounter(METRICS.abandoned.name, METRICS.abandoned);
    const { heartbeats, slotsUsed, slotsAvailable, activities } = METRICS;
    meter.createObservableCounter(heartbeats.name, heartbeats).addCallback((result) => {
      for (const [type, count] of this.#heartbeats) result.observe(count, { [KEYS.type]: type });
    });
    meter.createObservableGauge(slotsUsed.name, slotsUsed).addCallback((result) => {
      result.observe(this.#sum(({ slotsUsed }) => slotsUsed));
    });
    meter.createObservableGauge(slotsAvailable.name, slotsAvailable).addCallback((result) => {
      // A runtime without a limit has no end of them.
      const limited = this.#stats().filter((stats) => stats.slotsAvailable !== Infinity);
      if (limited.length === 0) return;
      result.observe(limited.reduce((sum, stats) => sum + stats.slotsAvailable, 0));
    });
    meter.createObservableGauge(activities.name, activities).addCallback((result) => {
      for (const state of STATES) {
        result.observe(
          this.#sum((stats) => stats[state]),
          { [KEYS.state]: state },
        );
      }
    });
  }

  /** The gauges of several runtimes add up. */
  follow(runtime: AttachedRuntime): void {
    this.#runtimes.add(new WeakRef(runtime));
  }

  heartbeat(activityType: string): void {
    this.#heartbeats.set(activityType, (this.#heartbeats.get(activityType) ?? 0) + 1);
  }

  #sum(count: (stats: RuntimeStats) => number): number {
    return this.#stats().reduce((sum, stats) => sum + count(stats), 0);
  }

  #stats(): RuntimeStats[] {
    const all: RuntimeStats[] = [];
    for (const reference of this.#runtimes) {
      const runtime = reference.deref();
      if (runtime === undefined) this.#runtimes.delete(reference);
      else all.push(runtime.stats());
    }
    return all;
  }
}

/** A second set of instruments would report the same metrics twice. */
const made = /* @__PURE__ */ new WeakMap<MeterProvider, Instruments>();

export function instrumentsOf(provider: MeterProvider): Instruments {
  let instruments = made.get(provider);
  if (instruments === undefined) {
    instruments = new Instruments(provider.getMeter(SCOPE));
    made.set(provider, instruments);
  }
  return instruments;
}

/** The attributes of each type and outcome, made once. Never an id, of which there is no end. */
const known = /* @__PURE__ */ new Map<string, Attributes>();

export function attributesOf(activityType: string, outcome?: Outcome): Attributes {
  const key = `${outcome ?? ''} ${activityType}`;
  let attributes = known.get(key);
  if (attributes === undefined) {
    attributes = { [KEYS.type]: activityType, ...(outcome && { [KEYS.status]: outcome }) };
    known.set(key, attributes);
  }
  return attributes;
}
