/** How far an activity is, read from its heartbeat details. */
import { isFields } from '../kernel/bad-input.js';

/** How far an activity is, for `showProgress`. */
export interface Progress {
  /** How much is done, in any unit. */
  readonly done: number;
  /** The total, in the same unit as `done`. Without it, there is no percentage and no bar. */
  readonly total?: number | undefined;
  /** A few words about the current step. */
  readonly label?: string | undefined;
}

/** Reads `{ done, total?, label? }`; undefined for anything else. */
export function progressIn(value: unknown): Progress | undefined {
  if (!isFields(value)) return undefined;
  const { done, total, label } = value as Partial<Progress>;
  if (!isAmount(done)) return undefined;
  return {
    done,
    total: isAmount(total) ? total : undefined,
    label: typeof label === 'string' ? label : undefined,
  };
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/** The part that is done, from 0 to 1; undefined if nobody knows. */
export function partOf({ done, total }: Progress): number | undefined {
  if (total === undefined) return undefined;
  return total === 0 ? 1 : Math.min(1, done / total);
}

/** What counts for a rate: how far it was then. */
interface Sample {
  readonly at: number;
  readonly done: number;
}

/** A rate is about the last so many milliseconds. */
const WINDOW_MS = 15_000;
/** A rate from less time would jump about. */
const LEAST_MS = 500;
const MOST_SAMPLES = 150;

/** Measures how fast one activity gets on. */
export class Speed {
  #samples: Sample[] = [];

  /** @param at a monotonic time in milliseconds */
  note(done: number, at: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && done < last.done) this.#samples = []; // it began again
    if (done === last?.done) return;
    this.#samples.push({ at, done });
    const { length } = this.#samples;
    const old = this.#samples.filter((one) => one.at < at - WINDOW_MS).length;
    // The newest of the old ones is where the window begins.
    this.#samples.splice(0, Math.max(old - 1, length - MOST_SAMPLES));
  }

  /** Undefined as long as there is too little to tell. It falls while nothing is done. */
  perSecond(at: number): number | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || at - first.at < LEAST_MS) return undefined;
    const perSecond = ((last.done - first.done) / (at - first.at)) * 1_000;
    return perSecond > 0 ? perSecond : undefined;
  }
}
