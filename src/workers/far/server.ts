/** Loads the module of activities and runs one of its functions at a time. */
import { receiveMessageOnPort, type MessagePort as Port } from 'node:worker_threads';
import { callFunction } from '../../runtime/attempt/call.js';
import type { AnyFunction } from '../../runtime/attempt/owner.js';
import { functionsOf, type Functions } from '../wire/functions.js';
import { NO_TASK, type Delivery, type Mailbox, type SentDetails } from '../wire/mailbox.js';
import {
  DELIVERY_MS,
  type Call,
  type OfAttempt,
  type Report,
  type Task,
} from '../wire/messages.js';
import { unpackCall } from '../wire/calls.js';
import { send } from '../wire/errors.js';
import { uncloneable } from '../wire/uncloneable.js';
import { farAmbient } from './ambient.js';
import { FarAttempt, clock, type Line } from './attempt.js';
import { load } from './globals.js';

export interface Wires {
  readonly mailbox: Mailbox;
  /** The port where calls arrive. */
  readonly calls: MessagePort;
  /** Throws for values that structured clone refuses. */
  readonly report: (report: Report, sent?: () => void) => void;
  /** Called when an attempt has begun, before its function. */
  readonly begun?: () => void;
  /** Whether details must be sent, because the other side cannot read the mailbox. */
  readonly sendsDetails: boolean;
}

type Ending = Report & { readonly task: number; readonly delivery: Delivery | undefined } & {
  readonly result?: unknown;
};

export class Server implements Line {
  readonly #wires: Wires;
  #functions: Functions = {};
  #attempt: FarAttempt | undefined;
  /** The newest attempt that has begun. */
  #task = NO_TASK;
  /** Calls for an attempt that has not arrived: they come by another way, and may be faster. */
  #early: Call[] = [];
  /** The calls that have been taken from the port. */
  #heard = 0;
  /** The newest details of the attempt, and which of them this thread has sent. */
  #last: Delivery | undefined;
  #sent = 0;
  #sentAt = -Infinity;
  #sending = false;

  constructor(wires: Wires) {
    this.#wires = wires;
    const calls = wires.calls as unknown as Port;
    calls.on('message', (call) => {
      this.#heard++;
      this.#hear(call as string);
    });
    calls.unref();
  }

  /**
   * Loads the module and reports its functions.
   *
   * @param also resolves when everything else is ready
   */
  async open(address: string, also?: Promise<unknown>): Promise<void> {
    const { report } = this.#wires;
    try {
      this.#functions = functionsOf(await load(address));
      await also;
      report({ is: 'ready', names: Object.keys(this.#functions) });
    } catch (thrown) {
      report({ is: 'unusable', error: send(thrown) });
    }
  }

  // ── One attempt ──────────────────────────────────────────────────────────────────────────────

  async run(task: Task): Promise<void> {
    const attempt = new FarAttempt(task, this);
    this.#attempt = attempt;
    this.#task = task.id;
    this.#last = undefined;
    this.#wires.mailbox.setTask(task.id);
    if (this.#wires.mailbox.left) return; // the process is about to end
    this.#wires.begun?.();
    this.#hearEarly(attempt);
    const fn = this.#functions[task.name] as AnyFunction;
    let ending: OfAttempt;
    try {
      const context = attempt.ctx;
      const returned: unknown = farAmbient.run(context, () =>
        callFunction(fn, context, task.args, undefined),
      );
      ending = { is: 'returned', result: await returned, delivery: undefined };
    } catch (thrown) {
      ending = { is: 'threw', error: send(thrown), delivery: undefined };
    }
    attempt.end();
    farAmbient.end();
    this.#attempt = undefined;
    this.#wires.mailbox.setTask(NO_TASK);
    this.#end({ ...ending, task: task.id, delivery: this.#unsent() });
  }

  #end(ending: Ending): void {
    const { report } = this.#wires;
    try {
      report(ending);
    } catch (refused) {
      const { task, result, delivery } = ending;
      const error = send(uncloneable('result', result, refused));
      report({ is: 'threw', task, error, delivery });
    }
  }

  // ── Heartbeats ───────────────────────────────────────────────────────────────────────────────

  put(details: SentDetails): void {
    const order = this.#wires.mailbox.put(details);
    if (this.#wires.sendsDetails) this.#last = { task: this.#task, beats: 0, order, details };
  }

  /** The first heartbeat after a while is sent at once. The others are fetched. */
  beat(): void {
    const { mailbox, sendsDetails } = this.#wires;
    mailbox.beat();
    if (!sendsDetails || this.#sending) return;
    const now = clock.now();
    if (now - this.#sentAt < DELIVERY_MS) return;
    this.#sentAt = now;
    this.flush();
  }

  /** Sends the content of the mailbox, unless the watchdog is sending it. */
  flush(): void {
    const delivery = this.#wires.mailbox.take();
    if (delivery === undefined) return;
    if (delivery.details !== undefined) this.#sent = delivery.order;
    this.#sending = true;
    this.#wires.report({ is: 'beat', delivery }, () => (this.#sending = false));
  }

  #unsent(): Delivery | undefined {
    const { mailbox, sendsDetails } = this.#wires;
    if (!sendsDetails) return undefined;
    mailbox.take(); // the next attempt starts with an empty one
    return this.#last?.order === this.#sent ? undefined : this.#last;
  }

  // ── Calls ────────────────────────────────────────────────────────────────────────────────────

  /** Receives the messages that wait at the port, for a function that does not yield. */
  poll(): void {
    const { mailbox, calls } = this.#wires;
    if (mailbox.calls === this.#heard) return;
    for (;;) {
      const found = receiveMessageOnPort(calls as never) as { message: string } | undefined;
      if (found === undefined) return;
      this.#heard++;
      this.#hear(found.message);
    }
  }

  waitForCall(): void {
    this.#wires.mailbox.waitForCall(this.#heard);
    this.poll();
  }

  #hear(text: string): void {
    const call = unpackCall(text);
    if (call.task > this.#task) this.#early.push(call);
    else if (call.task === this.#task) this.#attempt?.hear(call);
  }

  #hearEarly(attempt: FarAttempt): void {
    const calls = this.#early;
    this.#early = [];
    for (const call of calls) if (call.task === this.#task) attempt.hear(call);
  }

  report(report: Report): void {
    this.#wires.report(report);
  }
}
