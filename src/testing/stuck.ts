/** Ends a test in which nothing can move any more, and says why, before the test framework does. */
import { realTimer } from '../kernel/clock.js';
import { conclude } from '../runtime/activity/endings.js';
import type { Execution } from '../runtime/activity/execution.js';
import { failing } from '../runtime/activity/next-attempt.js';

/** Waits in real time, because code of the test may still move something. */
export class StuckWatch {
  readonly #patienceMs: number;
  #stop: (() => void) | undefined;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Called when something has moved. */
  clear(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Called when nothing can move. Later, `stuck` is asked which activities still wait. */
  begin(stuck: () => readonly Execution[]): void {
    this.clear();
    if (this.#patienceMs < Infinity) {
      this.#stop = realTimer(() => failAll(stuck()), this.#patienceMs, true);
    }
  }
}

function failAll(open: readonly Execution[]): void {
  const waits = open.map((one) => `${nameOf(one)}: ${waitOf(one)}`).join('; ');
  const cause = new Error(
    `Nothing can move any more. ${waits}. Let the test do that, or raise stuckAfter of ` +
      'TestActivityEnvironment.',
  );
  for (const one of open) conclude(one, failing('FAILED', cause, undefined));
}

function nameOf({ activityType, activityId, state }: Execution): string {
  const attempt = state.attemptNumber + (state.attempt === undefined ? 1 : 0);
  return `${activityType} (${activityId}), attempt ${attempt}`;
}

/** What has to happen before the activity continues. */
function waitOf({ state }: Execution): string {
  const { attempt, phase } = state;
  if (phase === 'PAUSED') return 'waits for unpause()';
  if (phase === 'WAITING') return 'waits for a slot';
  if (attempt?.holdsSlot === false) return 'waits for completion from outside';
  return 'waits in ctx.watch or ctx.sleep, without a limit';
}
