/** The debugger of a thread. It reaches the thread even if a loop there never yields. */
import { Session } from 'node:inspector';
import type { Debugger } from './wire/stack.js';

interface Attached {
  readonly sessionId: string;
  readonly workerInfo: { readonly title: string };
}

/** Attaches a debugger to another thread of this process, through the session of this one. */
export function attachTo(threadId: number): Debugger & { readonly detach: () => void } {
  const session = new Session();
  session.connect();
  const listeners = new Map<string, (params: never) => void>();
  const waiting: (() => void)[] = [];
  const answers = new Map<number, () => void>();
  let sessionId: string | undefined;
  let posts = 0;
  let attached = true;
  const post = (method: string, answered = (): void => {}): void => {
    if (!attached) return; // on a busy event loop, the timers of the caller may fire after it
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
  const detach = (): void => {
    attached = false;
    session.disconnect();
  };
  return { post, on: (method, listener) => listeners.set(method, listener), detach };
}
