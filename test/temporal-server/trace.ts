/**
 * What happens to one activity, as its function and its driver see it. All doors record the same.
 */

export interface Told {
  readonly reason: string;
  /** The flags of the cancellation details that are set. */
  readonly flags: readonly string[];
}

export interface Trace {
  /** Each attempt when it started. */
  readonly attempts: { readonly attempt: number; readonly details: unknown }[];
  /** How the function was told to stop. */
  readonly told: readonly Told[];
  /** The results of the driver's operations. */
  readonly notes: unknown[];
}

/** One per activity: the function finds it by the activity's id, in the same process. */
export class Recorder implements Trace {
  readonly attempts: { readonly attempt: number; readonly details: unknown }[] = [];
  readonly told: Told[] = [];
  readonly notes: unknown[] = [];
  /** The delays before each next attempt in a runtime of this process, by the failed attempt. */
  readonly delays: Record<string, number> = {};
  /** Of each attempt that gave it. */
  readonly tokens: string[] = [];
  readonly #reached = new Map<string, () => void>();
  readonly #points = new Map<string, Promise<void>>();

  started(attempt: number, details: unknown): void {
    this.attempts.push({ attempt, details });
    this.reach(`attempt ${attempt}`);
  }

  wasTold(reason: string, details: object | undefined): void {
    const flags = Object.entries(details ?? {}).flatMap(([flag, set]) =>
      set === true ? [flag] : [],
    );
    this.told.push({ reason, flags: flags.sort() });
  }

  /** Both sides may name a point first. One waits for it, and the other reaches it. */
  reach(point: string): void {
    void this.at(point);
    this.#reached.get(point)?.();
  }

  at(point: string): Promise<void> {
    let promise = this.#points.get(point);
    if (promise === undefined) {
      promise = new Promise((resolve) => this.#reached.set(point, resolve));
      this.#points.set(point, promise);
    }
    return promise;
  }
}

const recorders = new Map<string, Recorder>();

export function recorderOf(activityId: string): Recorder {
  let recorder = recorders.get(activityId);
  if (recorder === undefined) recorders.set(activityId, (recorder = new Recorder()));
  return recorder;
}
