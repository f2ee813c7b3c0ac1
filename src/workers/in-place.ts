/** `isolation: 'none'`: functions run on this event loop, but get and give what they would in a worker. */
import { realTimer } from '../kernel/clock.js';
import type { CancelledFailure } from '../kernel/failures.js';
import { Deferred, ignore } from '../kernel/promises.js';
import { callFunction } from '../runtime/attempt/call.js';
import type { AnyFunction } from '../runtime/attempt/owner.js';
import { ambient } from '../runtime/context/ambient.js';
import type { ActivityContext } from '../runtime/context/context.js';
import type { Verdict } from './call.js';
import { WorkerTerminatedError } from './wire/worker-errors.js';
import type { Functions } from './wire/functions.js';
import type { Station } from './station.js';
import { receive, send } from './wire/errors.js';
import { uncloneable } from './wire/uncloneable.js';

/** Nothing can be killed here, so a function that does not stop is given up. */
export class InPlace implements Station {
  readonly names: readonly string[];
  readonly usable = true;
  readonly gone = new Promise<never>(() => {});
  readonly exited = this.gone;
  readonly #functions: Functions;
  readonly #graceMs: number;
  /** Stops the running function. */
  #stop: Station['stop'] = ignore;

  constructor(functions: Functions, graceMs: number) {
    this.#functions = functions;
    this.names = Object.keys(functions);
    this.#graceMs = graceMs;
  }

  async call(name: string, ctx: ActivityContext, args: readonly unknown[]): Promise<unknown> {
    if (ctx.cancellationDetails !== undefined) throw ctx.signal.reason;
    const given = cloned('args', args) as readonly unknown[];
    const { signal } = ctx;
    const givenUp = new Deferred<never>();
    let clear = ignore;
    const giveUp = (cause: unknown): void => {
      if (this.#graceMs === Infinity) return;
      const message = `The function has not stopped ${this.#graceMs} ms after it was told to. It still runs: isolation 'none' can kill nothing`;
      const late = (): void => givenUp.reject(new WorkerTerminatedError(message, { cause }));
      clear = realTimer(late, this.#graceMs, true);
    };
    const onAbort = (): void => giveUp(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#stop = (reason: CancelledFailure, verdict?: Verdict): void => {
      if (verdict === undefined) giveUp(reason);
      else givenUp.reject(verdict.error);
    };
    const fn = this.#functions[name] as AnyFunction;
    const running = ambient().run(ctx, () => callFunction(fn, ctx, given, undefined));
    try {
      return cloned('result', await Promise.race([crossing(running), givenUp.promise]));
    } finally {
      clear();
      signal.removeEventListener('abort', onAbort);
      this.#stop = ignore;
    }
  }

  stop(reason: CancelledFailure, verdict?: Verdict): void {
    this.#stop(reason, verdict);
  }

  lease(): void {
    // It is suspended and blocked together with this process.
  }

  retire(): void {
    // It never takes calls.
  }

  kill(): Promise<void> {
    return Promise.resolve();
  }
}

/** What the function throws, as it would arrive from a worker. */
async function crossing(running: unknown): Promise<unknown> {
  try {
    return await running;
  } catch (thrown) {
    throw receive(send(thrown));
  }
}

function cloned(root: string, value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch (refused) {
    throw uncloneable(root, value, refused);
  }
}
