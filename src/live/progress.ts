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

/** How much is done in percent, rounded down; empty if unknown. Only what is done is `100 %`. */
export function percentOf(progress: Progress): string {
  const part = partOf(progress);
  if (part === undefined) return '';
  return `${part === 1 ? 100 : Math.min(99, Math.floor(part * 100 + ROUNDING))} %`;
}

/** 57 of 100 is a little less than 57 % in floating point. */
const ROUNDING = 1e-9;

/** How far an activity was at some time. */
interface Sample {
  readonly at: number;
  readonly done: number;
}

/** A rate is about the last 15 seconds. */
const WINDOW_MS = 15_000;
/** A rate from less time would jump about. */
const MIN_MS = 500;
const MAX_SAMPLES = 150;
/** Progress has stalled if it takes this many times longer than it has ever taken in the window. */
const STALLED = 4;

/** Measures the speed of one activity. A stall begins a new rate: work continues as fast as before. */
export class Speed {
  #samples: readonly Sample[] = [];

  /** @param at a monotonic time in milliseconds */
  note(done: number, at: number): void {
    const last = this.#samples.at(-1);
    if (done === last?.done) return;
    const again = last !== undefined && done < last.done;
    const kept = again || this.#stalled(at) ? [] : this.#samples;
    const old = kept.filter((one) => one.at < at - WINDOW_MS).length;
    // The newest of the old ones is where the window begins.
    const from = Math.max(0, old - 1, kept.length + 1 - MAX_SAMPLES);
    this.#samples = [...kept.slice(from), { at, done }];
  }

  /** The current speed. It falls while nothing is done. Undefined in a stall, or if too little is known. */
  perSecond(at: number): number | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || at - first.at < MIN_MS) return undefined;
    const perSecond = ((last.done - first.done) / (at - first.at)) * 1_000;
    return perSecond > 0 && !this.#stalled(at) ? perSecond : undefined;
  }

  /** Whether nothing was done for much longer than usual. What takes minutes each time is no stall. */
  #stalled(at: number): boolean {
    const { length } = this.#samples;
    const last = this.#samples.at(-1);
    if (last === undefined || length === 1 || at - last.at <= WINDOW_MS) return false;
    const gaps = this.#samples.slice(1).map((one, n) => one.at - (this.#samples[n] as Sample).at);
    return at - last.at > STALLED * Math.max(...gaps);
  }
}
