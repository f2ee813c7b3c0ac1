/** Descriptions of open activities, as `describe()` returns them. */
import type { ActivityDescription } from '../../src/index.js';
import { TestActivityEnvironment } from '../../src/testing.js';

type Described = Omit<Partial<ActivityDescription>, 'options'> & {
  readonly options?: Partial<ActivityDescription['options']>;
};

const env = new TestActivityEnvironment({ autoSkip: false, logger: false });
const handle = env.start(() => new Promise<never>(() => {}), { activityType: 'importRows' });
const base = handle.describe();

/** A running attempt that began at time 0, with these differences. */
export function described({ options, ...rest }: Described = {}): ActivityDescription {
  return {
    ...base,
    scheduleTime: new Date(0),
    lastStartedTime: new Date(0),
    ...rest,
    options: { ...base.options, ...options },
  };
}
