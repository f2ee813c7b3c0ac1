/** The context that a function gets. Users can wrap it, spread it and spy on it. */
import { durationMs } from '../../kernel/duration.js';
import type { Logger } from '../../kernel/logger.js';
import { settleQuietly } from '../../kernel/promises.js';
import { fromCaller, refusable, rejectable } from '../../kernel/stack.js';
import type { ActivityContext, ActivityInfo, CancellationDetails } from './context.js';
import { keepAlive } from './keep-alive.js';
import { sleep } from './sleep.js';
import type { ContextSource } from './source.js';
import { watch } from './watch.js';
import { yielding } from './yield.js';

/** The key of the method that `console.log` calls on Node. */
const INSPECT = /* @__PURE__ */ Symbol.for('nodejs.util.inspect.custom');

type Waits = Pick<ActivityContext, 'sleep' | 'keepAlive' | 'watch' | 'yield' | 'completeAsync'>;

/** A context whose members are made when first read, because most activities use only a few. */
class AttemptContext implements ActivityContext {
  readonly #source: ContextSource;
  #details: unknown;
  #info: ActivityInfo | undefined;
  #heartbeat: ActivityContext['heartbeat'] | undefined;
  #waits: Waits | undefined;

  constructor(source: ContextSource) {
    this.#source = source;
  }

  get heartbeat(): ActivityContext['heartbeat'] {
    return (this.#heartbeat ??= heartbeatOf(this.#source));
  }

  get heartbeatDetails(): unknown {
    return (this.#details ??= this.#source.heartbeatDetails());
  }

  get hasHeartbeatDetails(): boolean {
    return this.heartbeatDetails !== undefined;
  }

  get signal(): AbortSignal {
    return this.#source.interruption.signal;
  }

  get cancelled(): Promise<never> {
    return this.#source.interruption.cancelled;
  }

  get cancellationDetails(): CancellationDetails | undefined {
    return this.#source.interruption.details;
  }

  get shutdownSignal(): AbortSignal {
    return this.#source.shutdownSignal();
  }

  get sleep(): ActivityContext['sleep'] {
    return this.#bound.sleep;
  }

  get keepAlive(): ActivityContext['keepAlive'] {
    return this.#bound.keepAlive;
  }

  get watch(): ActivityContext['watch'] {
    return this.#bound.watch;
  }

  get yield(): ActivityContext['yield'] {
    return this.#bound.yield;
  }

  get completeAsync(): ActivityContext['completeAsync'] {
    return this.#bound.completeAsync;
  }

  get #bound(): Waits {
    return (this.#waits ??= waitsOf(this.#source));
  }

  get info(): ActivityInfo {
    return (this.#info ??= this.#source.info());
  }

  get log(): Logger {
    return this.#source.log();
  }

  /** What a log shows of a context, without signals, methods and the task token. */
  toJSON(): object {
    const { info, heartbeatDetails, cancellationDetails } = this;
    return { info, heartbeatDetails, cancellationDetails };
  }

  [INSPECT](): object {
    return this.toJSON();
  }
}

function heartbeatOf(source: ContextSource): ActivityContext['heartbeat'] {
  const heartbeat = (details?: unknown): void => {
    try {
      source.heartbeat(details);
    } catch (error) {
      throw fromCaller(error, heartbeat);
    }
  };
  return heartbeat;
}

function waitsOf(source: ContextSource): Waits {
  const waits: Waits = {
    sleep: (duration) =>
      rejectable(waits.sleep, () => sleep(durationMs(duration, 'ctx.sleep'), source)),
    keepAlive: (work, options) =>
      rejectable(waits.keepAlive, () => {
        try {
          const every = options?.every;
          const everyMs =
            every === undefined ? undefined : durationMs(every, 'ctx.keepAlive every');
          return keepAlive(work, everyMs, source);
        } catch (refused) {
          settleQuietly(work); // it may still reject, with no one to handle it
          throw refused;
        }
      }),
    watch: (stream, options = {}) => refusable(waits.watch, () => watch(stream, options, source)),
    yield: yielding(source),
    completeAsync: () => source.completeAsync(),
  };
  return waits;
}

/**
 * Makes the members look like own properties of the context. They are getters of a class, which a
 * spread would not copy and a spy could not replace. Reading one costs a few nanoseconds more, but
 * making all of them for each attempt would cost more than the rest of a short call.
 */
const OWN_MEMBERS: ProxyHandler<AttemptContext> = {
  get: (context, key) => context[key as keyof ActivityContext],
  set: (_context, key, value, receiver) =>
    Reflect.defineProperty(receiver as object, key, ownProperty(value)),
  ownKeys: (context) => {
    const names = Object.getOwnPropertyNames(AttemptContext.prototype).filter(isMember);
    return [...new Set([...names, ...Reflect.ownKeys(context)])];
  },
  getOwnPropertyDescriptor: (context, key) =>
    Reflect.getOwnPropertyDescriptor(context, key) ??
    (isMember(key) ? ownProperty(context[key]) : undefined),
};

function isMember(key: string | symbol): key is keyof ActivityContext {
  return Object.getOwnPropertyDescriptor(AttemptContext.prototype, key)?.get !== undefined;
}

function ownProperty(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: true, configurable: true };
}

export function attemptContext(source: ContextSource): ActivityContext {
  return new Proxy(new AttemptContext(source), OWN_MEMBERS);
}
