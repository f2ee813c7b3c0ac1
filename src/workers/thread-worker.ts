/** A worker that is a thread of this process. */
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { realTimer } from '../kernel/clock.js';
import { threadCode } from './code.js';
import { isNew, Mailbox } from './wire/mailbox.js';
import { DELIVERY_MS, type Call, type Report, type Task } from './wire/messages.js';
import type { WorkerOptions } from './options.js';
import { pausedStack } from './wire/stack.js';
import { attachTo } from './thread-debugger.js';
import { packCall } from './wire/calls.js';
import { PoolWorker } from './worker.js';

/**
 * How long a thread may take to end. A native call ends only when it returns. The thread then runs
 * no JavaScript any more, and is not waited for.
 */
const LAST_MS = 1_000;

export class ThreadWorker extends PoolWorker {
  readonly #thread: Worker;
  readonly #mailbox = new Mailbox();
  readonly #calls: MessagePort;
  #beats = 0;
  /** Stops reading the mailbox; undefined while nothing is read. */
  #stopReading: (() => void) | undefined;
  #cause: unknown;

  constructor({ module, env, execArgv, memoryLimitMb }: WorkerOptions) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#calls = port1;
    port1.unref();
    const { memory } = this.#mailbox;
    this.#thread = new Worker(threadCode, {
      ['eval']: true,
      workerData: { role: 'thread', module, memory, port: port2 },
      transferList: [port2],
      name: 'systole-worker',
      ...(env !== undefined && { env }),
      ...(execArgv !== undefined && { execArgv: [...execArgv] }),
      ...(memoryLimitMb !== undefined && {
        resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb },
      }),
    });
    this.#thread.on('message', (report: Report) => {
      if (report.is === 'returned' || report.is === 'threw') this.#take(); // its last details
      this.heard(report);
    });
    this.#thread.on('error', (cause) => {
      this.#cause = cause;
      this.hasGone(); // 'exit' follows
    });
    this.#thread.once('exit', (exitCode) => {
      this.#stopReading?.();
      this.#take();
      port1.close();
      this.hasExited({ exitCode, cause: this.#cause });
    });
  }

  /** Heartbeats are read at intervals, whatever the thread is doing. */
  readonly #read = (): void => {
    this.#stopReading = undefined;
    if (this.busy) this.#readSoon();
    this.#take();
  };

  #readSoon(): void {
    this.#stopReading ??= realTimer(this.#read, DELIVERY_MS);
  }

  #take(): void {
    const delivery = this.#mailbox.take();
    if (delivery === undefined || !isNew(delivery, this.#beats)) return;
    this.#beats = delivery.beats;
    this.delivered(delivery);
  }

  run(task: Task): void {
    this.#thread.postMessage(task);
    this.#readSoon();
  }

  call(call: Call): void {
    this.#calls.postMessage(packCall(call));
    this.#mailbox.call();
  }

  whereItIs(): Promise<string | undefined> {
    const thread = attachTo(this.#thread.threadId);
    // Until then it resumes a thread that stops late.
    realTimer(thread.detach, LAST_MS);
    return pausedStack(thread);
  }

  protected killNow(): void {
    void this.#thread.terminate();
    const gone = realTimer(
      () => {
        this.#thread.unref();
        this.hasExited({});
      },
      LAST_MS,
      true,
    );
    void this.exited.then(gone);
  }

  retire(): void {
    void this.#thread.terminate();
  }

  protected keepAlive(keep: boolean): void {
    this.#thread[keep ? 'ref' : 'unref']();
  }
}
