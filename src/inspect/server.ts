/** Answers the requests of the page. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../kernel/clock.js';
import { printable } from '../kernel/text.js';
import { said } from '../kernel/thrown.js';
import { STYLE } from '../timeline/look.js';
import type { Recording } from '../timeline/recording.js';
import { fromAddress } from './address.js';
import { Feed, openHandle, type Client, type Inspectable } from './feed.js';
import { judge, newToken, WRITE_PATH } from './guard.js';
import {
  ACTIONS,
  type Action,
  type ActivityPage,
  type Hello,
  type TimelinePart,
} from './messages.js';
import { page, policyOf } from './page.js';
import { aboutActivity } from './row.js';

interface Served {
  readonly runtime: Inspectable;
  readonly recording: Recording;
  readonly clock: Clock;
  readonly token: string;
  readonly actions: boolean;
  readonly details: boolean;
}

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': policyOf(page, [STYLE]),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer', // the address has the token
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The most events of the recording in one answer. */
const MAX_EVENTS = 2_000;
const MAX_BODY_BYTES = 10_000;

export class PageServer {
  readonly #served: Served;
  readonly #feed: Feed;
  readonly #run = newToken();
  readonly server: Server;

  constructor(served: Served) {
    const { runtime, clock, details } = served;
    this.#served = served;
    this.#feed = new Feed(runtime, clock, details);
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else end(response, 500, { error: printable(said(error as Error), 500) });
      });
    });
    // A page that is open does not keep the program running.
    this.server.on('connection', (socket) => socket.unref());
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { actions, token } = this.#served;
    const { method = '', url = '', headers } = request;
    const { localPort = 0 } = request.socket;
    const asked = { method, url, host: headers.host, origin: headers.origin };
    const verdict = judge(asked, localPort, token, actions);
    if (verdict.status === 308) {
      response.writeHead(308, { ...HEADERS, location: verdict.location }).end();
      return;
    }
    if (verdict.status !== 200) {
      end(response, verdict.status, { error: verdict.why });
      return;
    }
    const { path, query } = verdict;
    if (path === '') {
      response.writeHead(200, { ...HEADERS, 'content-type': 'text/html; charset=utf-8' }).end(page);
    } else if (path === 'events') this.#stream(response);
    else if (path === 'activity')
      end(response, 200, this.#activity(fromAddress(query.get('id') ?? '')));
    else if (path === 'timeline') end(response, 200, this.#timeline(Number(query.get('after'))));
    else if (path === WRITE_PATH) await this.#act(request, response);
  }

  #stream(response: ServerResponse): void {
    const { actions, details } = this.#served;
    const hello: Hello = { run: this.#run, actions, details };
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
    response.write(`retry: 1000\nevent: hello\ndata: ${JSON.stringify(hello)}\n\n`);
    const client: Client = {
      send: (data) => void response.write(`data: ${data}\n\n`),
      get ready() {
        return !response.writableNeedDrain;
      },
    };
    this.#feed.join(client);
    response.on('close', () => this.#feed.leave(client));
  }

  #activity(id: string): ActivityPage {
    const { runtime, recording, clock, details } = this.#served;
    const events = recording.toJSON().filter(({ activityId }) => activityId === id);
    const handle = openHandle(runtime, id);
    const about =
      handle === undefined ? {} : aboutActivity(handle.describe(), details, clock.wallNow());
    return { ...about, events: events.slice(-MAX_EVENTS) };
  }

  #timeline(after: number): TimelinePart {
    const [head, ...events] = this.#served.recording.toJSON();
    const dropped = head?.dropped ?? 0;
    const next = dropped + events.length;
    const from = Math.max(0, (after > 0 && after <= next ? after : 0) - dropped);
    return { next, events: events.slice(from).slice(-MAX_EVENTS) };
  }

  async #act(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { runtime } = this.#served;
    const asked = await bodyOf(request);
    const { id, action } = (asked ?? {}) as { readonly id?: unknown; readonly action?: unknown };
    if (typeof id !== 'string' || !isAction(action)) {
      end(response, 400, { error: `expected { id, action }; actions: ${ACTIONS.join(', ')}` });
      return;
    }
    const handle = openHandle(runtime, id);
    if (handle === undefined) {
      end(response, 404, { error: 'this activity is not open any more' });
      return;
    }
    try {
      const because = 'asked by systole/inspect';
      if (action === 'cancel' || action === 'terminate') handle[action](because);
      else handle[action]();
      this.#feed.touch(id);
      end(response, 200, {});
    } catch (error) {
      end(response, 409, { error: printable(said(error as Error), 500) });
    }
  }
}

function isAction(value: unknown): value is Action {
  return (ACTIONS as readonly unknown[]).includes(value);
}

function end(response: ServerResponse, status: number, body: object): void {
  const headers = { ...HEADERS, 'content-type': 'application/json; charset=utf-8' };
  response.writeHead(status, headers).end(JSON.stringify(body));
}

/** Reads the body of a request; undefined if it is too long or no JSON. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}
