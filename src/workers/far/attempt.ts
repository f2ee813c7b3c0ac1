/**
 * The context of a function in a worker. It is an ordinary one, but its calls go to the program.
 */
import { SystemClock } from '../../kernel/clock.js';
import { CancelledFailure, type CancelReason } from '../../kernel/failures.js';
import { loggerThat, type Logger } from '../../kernel/logger.js';
import { DetailsCodec, type Snapshot } from '../../heartbeat/details/codec.js';
import { LEFT_OPEN } from '../../runtime/attempt/call.js';
import { attemptContext } from '../../runtime/context/attempt-context.js';
import type { ActivityInfo, CancellationDetails } from '../../runtime/context/context.js';
import { FLAGS, Interruption } from '../../runtime/context/interruption.js';
import type { ContextSource } from '../../runtime/context/source.js';
import { randomToken } from '../../runtime/shared/ids.js';
import { MAX_DETAILS_BYTES, type SentDetails } from '../wire/mailbox.js';
import type { Call, OfAttempt, Report, Task } from '../wire/messages.js';
import { receive, send, type Sent } from '../wire/errors.js';
import { pollingSignal } from './polling-signal.js';

export const clock = new SystemClock();

const codec = new DetailsCodec(undefined, MAX_DETAILS_BYTES);

/** The connection of an attempt to the program. */
export interface Line {
  put(details: SentDetails): void;
  beat(): void;
  /** Receives the messages that have come meanwhile, if the function does not yield. */
  poll(): void;
  /** Waits for a message, and lets nothing else run meanwhile. */
  waitForCall(): void;
  report(report: Report): void;
}

export class FarAttempt implements ContextSource {
  readonly ctx = attemptContext(this);
  readonly #task: Task;
  readonly #line: Line;
  readonly #poll = (): void => this.#line.poll();
  readonly timers = clock;
  /** The newest details, of this attempt or an earlier one. */
  #newest: SentDetails | undefined;
  /** Whether the function has settled. */
  ended = false;
  readonly #interruption: Interruption;
  readonly #shutdown = new AbortController();
  #shutdownSignal: AbortSignal | undefined;
  #token: string | undefined;

  constructor(task: Task, line: Line) {
    this.#task = task;
    this.#newest = task.details;
    this.#line = line;
    this.#interruption = new PollingInterruption(this.#poll);
  }

  /** Reading it also receives the messages that have come meanwhile. */
  get interruption(): Interruption {
    this.#poll();
    return this.#interruption;
  }

  hear(call: Call): void {
    if ('token' in call) this.#token = call.token;
    else if ('shutdown' in call) this.#shutdown.abort(receive(call.shutdown));
    else this.#interruption.deliver(receive(call.stop) as CancelledFailure, reasonsOf(call.all));
  }

  /** Called when the function has settled. */
  end(): void {
    this.ended = true;
    this.#interruption.release();
  }

  heartbeat(details: unknown): void {
    if (this.ended) return;
    try {
      if (details !== undefined) this.#line.put((this.#newest = encoded(details)));
    } finally {
      this.#line.beat();
      this.#line.poll();
    }
  }

  heartbeatDetails(): unknown {
    return decoded(this.#task.details);
  }

  newestDetails(): unknown {
    return decoded(this.#newest);
  }

  shutdownSignal(): AbortSignal {
    if (this.#shutdownSignal === undefined) {
      this.#report({ is: 'watchesShutdown' });
      this.#shutdownSignal = pollingSignal(this.#shutdown.signal, this.#poll);
    }
    return this.#shutdownSignal;
  }

  get heartbeatTimeoutMs(): number {
    return (this.#task.info as Partial<ActivityInfo>).heartbeatTimeoutMs ?? 0;
  }

  /** A worker delivers a request as soon as it receives it. */
  hearInWait(): void {}

  completeAsync(): never {
    if (!this.ended) this.#report({ is: 'leftOpen' });
    throw new Error(LEFT_OPEN);
  }

  info(): ActivityInfo {
    // Not enumerable, so that it does not appear in logs: it is a secret.
    const info = Object.defineProperty({ ...this.#task.info }, 'taskToken', {
      get: () => this.#taskToken(),
    });
    return Object.freeze(info as unknown as ActivityInfo);
  }

  /** Asks the program for the token, because few functions need it and it takes time to make. */
  #taskToken(): string {
    if (this.#token === undefined && this.ended) this.#token = randomToken(); // it is not valid
    if (this.#token === undefined) this.#report({ is: 'wantsToken' });
    while (this.#token === undefined) this.#line.waitForCall();
    return this.#token;
  }

  log(): Logger {
    return loggerThat((level, message, attributes = {}) => {
      const more: Record<string, Sent> = {};
      for (const [key, value] of Object.entries(attributes)) more[key] = send(value);
      this.#report({ is: 'log', level, message, more });
    });
  }

  #report(report: OfAttempt): void {
    this.#line.report({ ...report, task: this.#task.id });
  }
}

/** Returns a signal that works in a loop that never yields. */
class PollingInterruption extends Interruption {
  readonly #poll: () => void;
  #signal: AbortSignal | undefined;

  constructor(poll: () => void) {
    super();
    this.#poll = poll;
  }

  override get signal(): AbortSignal {
    return (this.#signal ??= pollingSignal(super.signal, this.#poll));
  }
}

/** All requests to the attempt. */
function reasonsOf(all: CancellationDetails | undefined): CancelledFailure[] {
  return Object.entries(FLAGS)
    .filter(([, flag]) => all?.[flag] === true)
    .map(([reason]) => new CancelledFailure(reason as CancelReason));
}

function encoded(details: Snapshot): SentDetails {
  return typeof details === 'number' ? details : codec.encode(codec.snapshot(details, () => {}));
}

function decoded(details: SentDetails | undefined): unknown {
  return typeof details === 'string' ? codec.decode(details) : details;
}
