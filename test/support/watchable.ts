/** A runtime in virtual time, as those see it that look at one. */
import type { Inspectable } from '../../src/inspect/feed.js';
import { ActivityHandle } from '../../src/runtime/handle.js';
import type { Harness } from './harness.js';

export function runtimeOf({ engine }: Harness): Inspectable {
  return {
    on: (name, listener, options) => engine.events.add(name, listener, false, options?.passive),
    list: () => engine.list(),
    stats: () => engine.stats(),
    getHandle: <R, D>(id: string) => {
      const execution = engine.find(id);
      return new ActivityHandle<R, D>(execution, execution.result);
    },
  };
}
