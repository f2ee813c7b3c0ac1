/** Sends the heartbeats of an activity as server-sent events. */
import { badOption, checkNames, hasMethods } from '../kernel/bad-input.js';
import { realTimer } from '../kernel/clock.js';
import { CancelledFailure } from '../kernel/failures.js';
import { ignore } from '../kernel/promises.js';
import { refusable } from '../kernel/stack.js';
import type { ActivityHandle } from '../runtime/handle.js';
import type { HeartbeatReport } from '../runtime/heartbeats.js';
import { json } from './json.js';

/** The part of an activity's handle that `heartbeatResponse` uses. */
export type FollowedActivity = Pick<ActivityHandle, 'heartbeats' | 'describe' | 'result'>;

/** The part of a request that `heartbeatResponse` uses: a web `Request`, or one of `node:http`. */
export interface RequestLike {
  /** The headers of the request. Only `Last-Event-ID` is read. */
  readonly headers:
    Pick<Headers, 'get'> | { readonly [name: string]: string | readonly string[] | undefined };
  /** Aborts when the client is gone. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of `heartbeatResponse`. */
export interface HeartbeatResponseOptions {
  /** The request to answer. With it, a client that reconnects gets only what is new. Default: none. */
  readonly request?: RequestLike | undefined;
  /** Whether the events contain the heartbeat details. Default true. */
  readonly details?: boolean | undefined;
}

const OPTIONS = {
  of: 'heartbeatResponse',
  example: '{ request }',
  known: ['request', 'details'],
};

/** Proxies close connections that are silent for too long. */
const COMMENT_EVERY_MS = 15_000;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Otherwise nginx would hold the events back.
  'x-accel-buffering': 'no',
};

/**
 * Returns a `Response` that sends the progress of an activity as server-sent events: a `heartbeat`
 * event for each report, and one `completed` or `failed` event at the end. The stream ends when the
 * activity closes or the client is gone. After a shutdown it ends without such an event, so that the
 * client reconnects to the next process. A slow client gets only the newest report. Results and
 * errors are not sent.
 *
 * @example
 * app.get('/imports/:id', (c) =>
 *   heartbeatResponse(runtime.getHandle(c.req.param('id')), { request: c.req.raw }),
 * );
 *
 * @throws TypeError that names the option, the value received and what is accepted
 */
export function heartbeatResponse(
  handle: FollowedActivity,
  options: HeartbeatResponseOptions = {},
): Response {
  refusable(heartbeatResponse, () => checkAll(handle, options));
  const { request, details = true } = options;
  const seen = lastEventId(request);
  if (seen !== undefined && seen === lastId(handle)) {
    return new Response(null, { status: 204 }); // tells it not to come back
  }
  const body = eventStream(handle, { seen, details, signal: request?.signal });
  return new Response(body, { headers: HEADERS });
}

function checkAll(handle: unknown, options: HeartbeatResponseOptions): void {
  if (!hasMethods(handle, 'heartbeats', 'describe', 'result')) {
    throw badOption('heartbeatResponse', handle, 'the handle of an activity');
  }
  checkNames(options, OPTIONS);
  const { request, details = true } = options;
  if (
    request !== undefined &&
    typeof (request as Partial<RequestLike> | null)?.headers !== 'object'
  ) {
    throw badOption('heartbeatResponse request', request, 'a Request, or a request of node:http');
  }
  if (typeof details !== 'boolean')
    throw badOption('heartbeatResponse details', details, 'true or false');
}

function lastEventId(request: RequestLike | undefined): string | undefined {
  const { headers } = request ?? {};
  if (headers === undefined) return undefined;
  const value =
    typeof headers.get === 'function'
      ? (headers as Headers).get('last-event-id')
      : (headers as Record<string, unknown>)['last-event-id'];
  return typeof value === 'string' ? value : undefined;
}

interface StreamOptions {
  /** The id of the last event that the client has. */
  readonly seen: string | undefined;
  readonly details: boolean;
  readonly signal: AbortSignal | undefined;
}

/** @param setTimer sets a timer and returns a function that clears it */
export function eventStream(
  handle: FollowedActivity,
  { seen, details, signal }: StreamOptions,
  setTimer: (callback: () => void, delayMs: number) => () => void = realTimer,
): ReadableStream<Uint8Array> {
  const reports = handle.heartbeats()[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let clear = ignore;

  const clientIsGone = (): boolean => signal?.aborted === true;
  const send = (text: string): void => controller.enqueue(encoder.encode(text));
  const comment = (): void => {
    // A client that reads nothing should not pile up comments.
    if ((controller.desiredSize ?? 0) > 0) send(': still here\n\n');
    clear = setTimer(comment, COMMENT_EVERY_MS);
  };
  const leave = (): void => {
    clear();
    signal?.removeEventListener('abort', abort);
    void reports.return?.();
  };
  const abort = (): void => {
    leave();
    controller.close();
  };

  return new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
        send('retry: 1000\n\n'); // sends the headers off, too
        if (clientIsGone()) {
          abort();
          return;
        }
        signal?.addEventListener('abort', abort);
        clear = setTimer(comment, COMMENT_EVERY_MS);
      },
      async pull() {
        for (;;) {
          const next = await reports.next().catch((error: unknown) => {
            leave(); // the stream ends with this error, so no comment may follow
            throw error;
          });
          if (clientIsGone()) return;
          if (next.done === true) {
            const stopped = await stoppedByShutdown(handle);
            if (clientIsGone()) return;
            if (!stopped) send(closing(handle));
            leave();
            controller.close();
            return;
          }
          const event = heartbeat(next.value, details);
          if (event.id === seen) continue;
          send(`id: ${event.id}\nevent: heartbeat\ndata: ${event.data}\n\n`);
          return;
        }
      },
      cancel: leave,
    },
    { highWaterMark: 2 },
  );
}

function heartbeat(report: HeartbeatReport, withDetails: boolean): { id: string; data: string } {
  const { attempt, timestamp, details } = report;
  const data = json(withDetails ? { attempt, timestamp, details } : { attempt, timestamp });
  // Several reports may come in one millisecond.
  return { id: `${timestamp}-${attempt}-${hash(json(details))}`, data };
}

/** The id of the last event; undefined while the activity is open. A later run has another one. */
function lastId(handle: FollowedActivity): string | undefined {
  const { closeTime } = handle.describe();
  return closeTime === undefined ? undefined : `closed-${+closeTime}`;
}

/** Whether a shutdown has stopped it: another process may continue it. */
async function stoppedByShutdown(handle: FollowedActivity): Promise<boolean> {
  if (handle.describe().status !== 'CANCELED') return false;
  const error = await handle.result().then(ignore, (failure: unknown) => failure);
  const { cause } = (error ?? {}) as { cause?: unknown };
  return cause instanceof CancelledFailure && cause.message === 'WORKER_SHUTDOWN';
}

function closing(handle: FollowedActivity): string {
  const { status, attempt, closeTime } = handle.describe();
  const data = json({
    status,
    attempt,
    timestamp: closeTime === undefined ? undefined : +closeTime,
  });
  const name = status === 'COMPLETED' ? 'completed' : 'failed';
  return `id: ${lastId(handle)}\nevent: ${name}\ndata: ${data}\n\n`;
}

/** A short text that differs for most different texts. */
function hash(text: string): string {
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    value = (Math.imul(value, 31) + text.charCodeAt(index)) | 0;
  }
  return (value >>> 0).toString(36);
}
