/** The open activities of a runtime: those that run come first, then those between two attempts. */
import type { ActivityEvent, ActivityEventName } from '../kernel/events.js';
import { isRunning } from '../live/deadline.js';
import { Speed } from '../live/progress.js';
import type { ActivityDescription } from '../runtime/description.js';
import type { ActivityHandle } from '../runtime/handle.js';
import type { ActivityRuntime } from '../runtime/runtime.js';

/** The part of an `ActivityRuntime` that `showProgress` uses. */
export type Watchable = Pick<ActivityRuntime, 'on' | 'list' | 'getHandle'>;

interface Entry {
  readonly activityId: string;
  readonly speed: Speed;
  /** The handle, made when the activity is first shown. Thousands may never be. */
  handle?: ActivityHandle;
}

export class Roster {
  readonly #runtime: Watchable;
  readonly #running = new Map<string, Entry>();
  readonly #failed = new Map<string, Entry>();
  readonly #others = new Map<string, Entry>();
  readonly #groups = [this.#running, this.#failed, this.#others];
  readonly #removers: (() => void)[];

  /** @param changed called when an activity was scheduled, or has closed */
  constructor(runtime: Watchable, changed: () => void) {
    this.#runtime = runtime;
    for (const one of runtime.list()) {
      const { attempt, activityId } = one;
      this.#put(
        activityId,
        isRunning(one) ? this.#running : attempt > 1 ? this.#failed : this.#others,
      );
    }
    const on = (name: ActivityEventName, act: (id: string) => void): (() => void) =>
      runtime.on(name, ({ activityId }: ActivityEvent) => act(activityId), { passive: true });
    const closes = (id: string): void => {
      this.#groups.forEach((group) => group.delete(id));
      changed();
    };
    this.#removers = [
      on('scheduled', (id) => {
        this.#put(id, this.#others);
        changed();
      }),
      on('started', (id) => this.#put(id, this.#running)),
      on('attemptFailed', (id) => this.#put(id, this.#failed)),
      on('completed', closes),
      on('failed', closes),
    ];
  }

  get size(): number {
    return this.#groups.reduce((sum, { size }) => sum + size, 0);
  }

  /** Describes the activities that come first, up to a limit. */
  describe(limit: number): { entry: Entry; description: ActivityDescription }[] {
    const described: { entry: Entry; description: ActivityDescription }[] = [];
    for (const entries of this.#groups) {
      for (const entry of entries.values()) {
        if (described.length >= limit) return described;
        entry.handle ??= this.#runtime.getHandle(entry.activityId);
        described.push({ entry, description: entry.handle.describe() });
      }
    }
    return described;
  }

  stop(): void {
    this.#removers.forEach((remove) => remove());
  }

  #put(activityId: string, to: Map<string, Entry>): void {
    const known = this.#groups.find((group) => group.has(activityId));
    const entry = known?.get(activityId) ?? { activityId, speed: new Speed() };
    known?.delete(activityId);
    to.set(activityId, entry);
  }
}
