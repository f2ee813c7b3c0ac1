/** Activity functions that the test controls, one for each attempt. */
import { CancelledFailure, type ActivityContext } from 'systole';
import { Deferred } from '../../src/kernel/promises.js';
import { ApplicationFailure } from 'systole';
import type { Settling } from './control-model.js';

/** What a function does by itself. `accepts`: it stops as soon as its signal aborts. */
export type Manner = 'waits' | 'accepts' | 'returns' | 'throws';

/** The error for a way to settle, in turn in each of the equivalent forms. */
export function errorFor(how: Exclude<Settling, 'return'>, reason?: unknown, form = 0): unknown {
  if (how === 'retryable') return new Error(how);
  if (how === 'nonRetryable') return ApplicationFailure.nonRetryable(how);
  const forms = [
    () => reason,
    () => new CancelledFailure('CANCELLED'),
    () => new DOMException('stop', 'AbortError'),
    () => new Error('stopped', { cause: new Error('because', { cause: reason }) }),
    () => Object.assign(new Error('canceled'), { code: 'ERR_CANCELED' }),
    () => new AggregateError([new Error('no'), reason]),
  ];
  return reason === undefined ? forms[1]!() : forms[form % forms.length]!();
}

export class Puppet {
  readonly ctx: ActivityContext;
  readonly #deferred = new Deferred<unknown>();
  readonly #onSettle: (how: Settling) => void;
  #settled = false;

  /** @param onSettle called right before the runtime hears that the function has settled */
  constructor(ctx: ActivityContext, onSettle: (how: Settling) => void) {
    this.ctx = ctx;
    this.#onSettle = onSettle;
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Why it was told to stop. */
  get told(): string | undefined {
    const { ctx } = this;
    if (ctx.cancellationDetails === undefined) return undefined;
    return (ctx.signal.reason as CancelledFailure).message;
  }

  act(manner: Manner): unknown {
    const { ctx } = this;
    if (manner === 'returns') {
      this.#settle('return');
      return 'returned';
    }
    if (manner === 'throws') {
      this.#settle('retryable');
      throw errorFor('retryable');
    }
    if (manner === 'accepts') {
      ctx.signal.addEventListener('abort', () => this.settle('accept'), { once: true });
    }
    return this.#deferred.promise;
  }

  settle(how: Settling): void {
    if (this.#settled) return;
    this.#settle(how);
    if (how === 'return') this.#deferred.resolve('returned');
    else {
      const reason: unknown = this.told === undefined ? undefined : this.ctx.signal.reason;
      this.#deferred.reject(errorFor(how, reason, this.ctx.info.attempt));
    }
  }

  /** Waits in one branch of the function, which may continue meanwhile. */
  wait(ms: number): void {
    this.ctx.sleep(ms).catch(() => {});
  }

  /** Leaves its attempt open. The error of that call ends the function. */
  leaveOpen(): void {
    try {
      this.ctx.completeAsync();
    } catch (error) {
      this.#settle('retryable');
      this.#deferred.reject(error);
    }
  }

  #settle(how: Settling): void {
    this.#settled = true;
    // Of the two that wait for the same promise, this one came first.
    void Promise.resolve().then(() => this.#onSettle(how));
  }
}
