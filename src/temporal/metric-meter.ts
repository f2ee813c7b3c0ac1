/** A metric meter in the place of Temporal's that counts nothing. */

interface NoMetric {
  readonly name: string;
  add(...measurement: unknown[]): void;
  record(...measurement: unknown[]): void;
  set(...measurement: unknown[]): void;
  withTags(tags: object): NoMetric;
}

type Create = (name: string, ...more: unknown[]) => NoMetric;

/** A metric meter whose counters, histograms and gauges do nothing. */
export interface NoMetricMeter {
  readonly createCounter: Create;
  readonly createHistogram: Create;
  readonly createGauge: Create;
  readonly createUpDownCounter: Create;
  withTags(tags: object): NoMetricMeter;
}

const nothing = (): void => {};

const metric: Create = (name) => {
  const made: NoMetric = {
    name,
    add: nothing,
    record: nothing,
    set: nothing,
    withTags: () => made,
  };
  return made;
};

/** Takes the place of Temporal's metric meter. Its metrics do nothing. */
export const metricMeter: NoMetricMeter = {
  createCounter: metric,
  createHistogram: metric,
  createGauge: metric,
  createUpDownCounter: metric,
  withTags: () => metricMeter,
};
