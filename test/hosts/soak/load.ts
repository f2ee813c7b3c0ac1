/**
 * The load of the soak test: activities that work, fail, hang and are cancelled, and the checks.
 */
import { isTimeout, type ActivityContext, type ActivityRuntime } from '../../../src/index.js';

const HEARTBEAT_TIMEOUT_MS = 4_000;

/** What is found during the run. Everything except `done` and `latenessMs` must stay 0. */
export interface Findings {
  done: { completed: number; failed: number; cancelled: number; attempts: number; steps: number };
  /** How late each hung attempt timed out. */
  latenessMs: number[];
  early: number;
  /** Attempts that timed out although their function was working. */
  falseTimeouts: number;
  /** Attempts that got less than was sent before. */
  lostDetails: number;
  /** Steps that were done twice. */
  doubleRuns: number;
  /** Endings other than planned. */
  wrongEndings: number;
}

export function noFindings(): Findings {
  return {
    done: { completed: 0, failed: 0, cancelled: 0, attempts: 0, steps: 0 },
    latenessMs: [],
    early: 0,
    falseTimeouts: 0,
    lostDetails: 0,
    doubleRuns: 0,
    wrongEndings: 0,
  };
}

/** What should happen in one life, drawn before it starts. */
interface Plan {
  readonly steps: number;
  readonly stepMs: number;
  readonly end: 'completes' | 'fails for good' | 'is cancelled';
  /** By step: once each. */
  readonly faults: Map<number, 'throws' | 'hangs'>;
}

function draw(): Plan {
  const steps = 5 + Math.floor(Math.random() * 20);
  const faults = new Map<number, 'throws' | 'hangs'>();
  if (Math.random() < 0.3) faults.set(Math.floor(Math.random() * steps), 'throws');
  if (Math.random() < 0.1) faults.set(Math.floor(Math.random() * steps), 'hangs');
  const lot = Math.random();
  const end = lot < 0.9 ? 'completes' : lot < 0.95 ? 'fails for good' : 'is cancelled';
  return { steps, stepMs: 20 + Math.random() * 500, end, faults };
}

class Giveup extends Error {}

/** One activity from its start to its end. */
export async function live(runtime: ActivityRuntime, found: Findings): Promise<void> {
  const plan = draw();
  let stepsDone = 0;
  let hungSince: number | undefined;
  let lastBeat = 0;
  /** The time is read before the call, so no timeout may come sooner, whatever delays us. */
  const heartbeat = (ctx: ActivityContext<number>, details?: number): void => {
    lastBeat = performance.now();
    ctx.heartbeat(details);
  };

  const activity = async (ctx: ActivityContext<number>): Promise<void> => {
    found.done.attempts++;
    heartbeat(ctx);
    let step = ctx.heartbeatDetails ?? 0;
    if (step < stepsDone) found.lostDetails++;
    for (; step < plan.steps; step++) {
      await ctx.sleep(plan.stepMs);
      const fault = plan.faults.get(step);
      plan.faults.delete(step);
      if (fault === 'throws') throw new Error('planned');
      if (fault === 'hangs') {
        hungSince = lastBeat;
        await new Promise(() => {});
      }
      if (step !== stepsDone) found.doubleRuns++;
      stepsDone++;
      found.done.steps++;
      heartbeat(ctx, step + 1);
      if (plan.end === 'is cancelled' && step === plan.steps - 2) handle.cancel();
    }
    if (plan.end === 'fails for good') throw new Giveup();
  };

  const handle = runtime.start(activity, {
    activityType: 'soak',
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    cancellationDelivery: 'immediate',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retryPolicy: { initialInterval: 50, maximumInterval: 200, nonRetryableErrorTypes: [Giveup] },
  });
  ids.set(handle.activityId, (failure) => {
    if (!isTimeout(failure)) return;
    if (hungSince === undefined) found.falseTimeouts++;
    else {
      const lateMs = performance.now() - hungSince - HEARTBEAT_TIMEOUT_MS;
      if (lateMs < 0) found.early++;
      found.latenessMs.push(lateMs);
    }
    hungSince = undefined;
  });
  const ending = await handle.result().then(
    () => 'completes',
    (error: unknown) =>
      (error as Error).cause instanceof Giveup ? 'fails for good' : 'is cancelled',
  );
  ids.delete(handle.activityId);
  if (ending === 'completes') found.done.completed++;
  else if (ending === 'is cancelled') found.done.cancelled++;
  else found.done.failed++;
  if (ending !== plan.end) found.wrongEndings++;
}

const ids = new Map<string, (failure: Error) => void>();

/** Called once, before any activity starts. */
export function watch(runtime: ActivityRuntime): void {
  runtime.on('attemptFailed', ({ activityId, failure }) => ids.get(activityId)?.(failure));
}
