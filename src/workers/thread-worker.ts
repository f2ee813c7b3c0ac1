/** A worker that is a thread of this process. */
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { Session } from 'node:inspector';
import { realTimer } from '../kernel/clock.js';
import { threadCode } from './code.js';
import { isNew, Mailbox } from './mailbox.js';
import { DELIVERY_MS, type Call, type Report, type Task } from './messages.js';
import type { WorkerOptions } from './options.js';
import { pausedStack, type Debugger } from './stack.js';
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
  /** Undefined while nothing is read. */
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
    this.#thread.on('error', (cause) => (this.#cause = cause));
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
    const session = new Session();
    session.connect();
    // Until then it resumes a thread that stops late.
    realTimer(() => session.disconnect(), LAST_MS);
    return pausedStack(threadOf(session, this.#thread.threadId));
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

interface Attached {
  readonly sessionId: string;
  readonly workerInfo: { readonly title: string };
}

/** A debugger for another thread of this process, through the session of this one. */
function threadOf(session: Session, threadId: number): Debugger {
  const listeners = new Map<string, (params: never) => void>();
  const waiting: (() => void)[] = [];
  const answers = new Map<number, () => void>();
  let sessionId: string | undefined;
  let posts = 0;
  const post = (method: string, answered = (): void => {}): void => {
    if (sessionId === undefined) waiting.push(() => post(method, answered));
    else {
      answers.set(++posts, answered);
      const message = JSON.stringify({ id: posts, method });
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
    }
  };
  session.on('NodeWorker.attachedToWorker', ({ params }: { params: Attached }) => {
    if (!params.workerInfo.title.startsWith(`[worker ${threadId}]`)) return;
    sessionId = params.sessionId;
    waiting.forEach((postNow) => postNow());
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    if (params.sessionId !== sessionId) return;
    const {
      id,
      method,
      params: given,
    } = JSON.parse(params.message) as {
      id?: number;
      method?: string;
      params?: never;
    };
    if (id !== undefined) answers.get(id)?.();
    if (method !== undefined) listeners.get(method)?.(given as never);
  });
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  return { post, on: (method, listener) => listeners.set(method, listener) };
}
