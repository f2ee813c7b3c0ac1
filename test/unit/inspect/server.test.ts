/** The server behind the page, as a browser and others would ask it. */
import { request as ask, type IncomingHttpHeaders } from 'node:http';
import { readFile } from 'node:fs/promises';
import SuperJSON from 'superjson';
import { afterEach, expect, test, vi } from 'vitest';
import { ActivityRuntime, type ActivityContext } from '../../../src/index.js';
import { inspect, type InspectOptions, type Inspector } from '../../../src/inspect.js';
import { fromAddress, toAddress } from '../../../src/inspect/address.js';
import type { ActivityPage, Changes, TimelinePart } from '../../../src/inspect/messages.js';
import { never } from '../../support/harness.js';

const open: Inspector[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function inspected(options: InspectOptions = {}, limits: object = {}) {
  const runtime = new ActivityRuntime({ logger: false, ...limits });
  const inspector = await inspect(runtime, options);
  open.push(inspector);
  const { url } = inspector;
  const { port, origin } = new URL(url);
  return { runtime, inspector, url, port: Number(port), origin };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** With headers that `fetch` does not let us set. */
function send(
  address: string,
  {
    headers = {},
    method = 'GET',
    body = '',
  }: { headers?: object; method?: string; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = ask(address, { method, headers: { ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function* messages(url: string): AsyncGenerator<Changes> {
  const leave = new AbortController();
  const { body } = await fetch(`${url}events`, { signal: leave.signal });
  let text = '';
  try {
    const decoder = new TextDecoder();
    for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
      const part = decoder.decode(bytes, { stream: true });
      const events = (text + part).split('\n\n');
      text = events.pop()!;
      for (const event of events) {
        if (event.startsWith('data: ')) yield JSON.parse(event.slice(6)) as Changes;
      }
    }
  } finally {
    leave.abort();
  }
}

/** The first message for which it is true. */
async function until(url: string, is: (changes: Changes) => boolean): Promise<Changes> {
  for await (const changes of messages(url)) if (is(changes)) return changes;
  throw new Error('the stream has ended');
}

async function json<T>(address: string): Promise<T> {
  return (await (await fetch(address)).json()) as T;
}

test('the address is on 127.0.0.1, and has a token that nobody can guess', async () => {
  const [one, two] = [await inspected(), await inspected()];
  expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{22}\/$/);
  expect(new URL(one.url).pathname).not.toBe(new URL(two.url).pathname);
});

test('the page may run only its own script and load nothing', async () => {
  const { url } = await inspected();
  const { status, headers, text } = await send(url);
  expect(status).toBe(200);
  expect(text).toMatch(/^<!doctype html>/);
  expect(text.match(/<script/g)).toHaveLength(1);
  expect(text).not.toMatch(/\b(src|href|style|on\w+)=/);
  const policy = String(headers['content-security-policy']);
  expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-/);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
  });
});

test.each(['', 'events', 'activity?id=x', 'timeline', 'action'])(
  'other hosts, other sites and wrong tokens are refused: %j',
  async (path) => {
    const { url, port, origin } = await inspected({ actions: true });
    const method = path === 'action' ? 'POST' : 'GET';
    const refusedAs = async (address: string, headers: object): Promise<string> => {
      const { status, text } = await send(address, { method, headers });
      return `${status} ${text}`;
    };
    const mine = { origin };
    expect(await refusedAs(url + path, { ...mine, host: `evil.example:${port}` })).toBe(
      '403 {"error":"wrong host; use 127.0.0.1 or localhost"}',
    );
    expect(await refusedAs(url + path, { ...mine, host: '127.0.0.1' })).toContain('wrong host');
    expect(await refusedAs(url + path, { origin: 'http://evil.example' })).toContain(
      'wrong origin',
    );
    expect(await refusedAs(url + path, { origin: 'null' })).toContain('wrong origin');
    expect(await refusedAs(url + path, { origin: `https://127.0.0.1:${port}` })).toContain(
      'wrong origin',
    );
    expect(await refusedAs(url + path, { origin: `http://localhost:${port}` })).toContain(
      'wrong origin',
    );
    const wrong = `${origin}/${'A'.repeat(22)}/${path}`;
    expect(await refusedAs(wrong, mine)).toBe(
      '403 {"error":"wrong token; open the address that the program prints now"}',
    );
    expect(await refusedAs(`${origin}/${path}`, mine)).toContain('wrong token');
    expect(await refusedAs(url.slice(0, -2) + path, mine)).toContain('wrong token');
  },
);

test('wrong methods and unknown pages are refused', async () => {
  const { url, origin } = await inspected({ actions: true });
  const status = async (path: string, method: string): Promise<number> =>
    (await send(url + path, { method, headers: { origin } })).status;
  expect(await status('', 'POST')).toBe(405);
  expect(await status('events', 'DELETE')).toBe(405);
  expect(await status('action', 'GET')).toBe(405);
  expect(await status('other', 'GET')).toBe(404);
  expect(await status('events/more', 'GET')).toBe(404);
  expect(await status('action/more', 'POST')).toBe(404);
});

test('a request to localhost is accepted', async () => {
  const { url, port } = await inspected();
  const headers = { host: `localhost:${port}`, origin: `http://localhost:${port}` };
  expect((await send(url, { headers })).status).toBe(200);
});

test('the stream begins with all rows and continues with what changes', async () => {
  const { runtime, url } = await inspected({}, { maxConcurrentActivities: 1 });
  const first = runtime.start(
    (ctx: ActivityContext) => {
      ctx.heartbeat({ done: 1, total: 4, label: 'a' });
      return never();
    },
    { activityId: 'first', activityType: 'rows', heartbeatTimeout: '1h' },
  );
  runtime.start(never, { activityId: 'second' });
  const seen: Changes[] = [];
  for await (const changes of messages(url)) {
    seen.push(changes);
    if (seen.length === 1) {
      expect(changes).toMatchObject({
        fresh: true,
        counts: { open: 2, running: 1, waiting: 1, slotsUsed: 1, slotsAvailable: 0 },
      });
      expect(changes.rows).toEqual([
        expect.objectContaining({
          id: 'first',
          type: 'rows',
          state: 'running',
          attempt: 1,
          progress: { done: 1, total: 4, label: 'a' },
          limit: { name: 'HEARTBEAT', at: expect.any(Number) as number, lengthMs: 3_600_000 },
        }),
        expect.objectContaining({ id: 'second', state: 'waiting' }),
      ]);
      first.terminate();
      runtime.start(never, { activityId: 'third' });
    } else if (changes.gone?.length) {
      expect(changes.gone).toEqual(['first']);
      expect(changes.rows?.map(({ id, state }) => `${id} ${state}`)).toEqual([
        'second running',
        'third waiting',
      ]);
      break;
    }
  }
});

test('all changes between two messages come in one message, without activities that have already closed', async () => {
  const { runtime, url } = await inspected();
  const seen: string[] = [];
  for await (const { rows = [], fresh } of messages(url)) {
    seen.push(...rows.map(({ id }) => id));
    if (fresh) {
      await Promise.all(Array.from({ length: 500 }, () => runtime.run(() => undefined)));
      for (let n = 0; n < 300; n++) runtime.start(never, { activityId: String(n) });
    } else if (rows.length > 0) break;
  }
  expect(seen).toEqual(Array.from({ length: 300 }, (_, n) => String(n)));
});

test('a request to cancel is shown although it has no event', async () => {
  const { runtime, url } = await inspected();
  const handle = runtime.start(never, {
    activityId: 'x',
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
  let asked = false;
  const changes = await until(url, ({ rows = [] }) => {
    if (!asked) handle.cancel();
    asked = true;
    return rows.some(({ state }) => state === 'cancelling');
  });
  expect(changes.rows).toHaveLength(1);
});

test('the page of an activity has its failure, its details, its options and its events', async () => {
  const { runtime, url } = await inspected();
  const handle = runtime.start(
    (ctx: ActivityContext, secret: string) => {
      ctx.heartbeat({ row: 7 });
      throw new Error(`not found\u001b: ${secret.length}`, { cause: new Error('inner') });
    },
    { activityId: 'a b/ü', args: ['hunter2'], retryPolicy: { initialInterval: '1h' } },
  );
  const told = await json<ActivityPage>(`${url}activity?id=${encodeURIComponent('a b/ü')}`);
  expect(told).toMatchObject({
    row: { id: 'a b/ü', state: 'backing off', attempt: 2 },
    details: '{"row":7}',
    lastFailure: 'Error: not found\\u001b: 7\ncaused by Error: inner',
    abandonedAttempts: 0,
    options: { initialInterval: '3600000', backoffCoefficient: '2', priority: '3' },
  });
  expect(told.events.map(({ event }) => event)).toEqual([
    'scheduled',
    'started',
    'heartbeat',
    'attemptFailed',
  ]);
  handle.terminate();
  const closed = await json<ActivityPage>(`${url}activity?id=${encodeURIComponent('a b/ü')}`);
  expect(closed.row).toBeUndefined();
  expect(closed.events.at(-1)).toMatchObject({ event: 'failed', outcome: 'TERMINATED' });
});

test('arguments and results are in no answer, and details in none with details: false', async () => {
  const { runtime, url } = await inspected({ details: false });
  runtime.start(
    (ctx: ActivityContext, password: string) => {
      ctx.heartbeat({ done: 1, total: 2, label: 'SECRET-DETAILS', password });
      return never();
    },
    { activityId: 'x', args: ['SECRET-ARGUMENT'], heartbeatThrottleInterval: 0 },
  );
  await runtime.run(() => 'SECRET-RESULT', { activityId: 'y' });
  const answers = [
    JSON.stringify(await until(url, ({ rows = [] }) => rows.length > 0)),
    (await send(`${url}activity?id=x`)).text,
    (await send(`${url}activity?id=y`)).text,
    (await send(`${url}timeline`)).text,
  ];
  expect(answers.join()).toContain('"x"');
  expect(answers.join()).not.toContain('SECRET');
});

/** Without the blocks of the event loop, which depend on how busy the machine is. */
function ofActivities({ events }: TimelinePart): TimelinePart['events'] {
  return events.filter(({ event }) => event !== 'blocked');
}

test('the timeline comes in parts', async () => {
  const { runtime, url } = await inspected();
  await runtime.run(() => undefined, { activityId: 'one' });
  const first = await json<TimelinePart>(`${url}timeline`);
  expect(ofActivities(first).map(({ event }) => event)).toEqual([
    'scheduled',
    'started',
    'completed',
  ]);
  await runtime.run(() => undefined, { activityId: 'two' });
  const second = await json<TimelinePart>(`${url}timeline?after=${first.next}`);
  expect(ofActivities(second).map(({ activityId }) => activityId)).toEqual(['two', 'two', 'two']);
  expect(ofActivities(await json(`${url}timeline?after=${second.next}`))).toEqual([]);
  // A number of an earlier start of the program.
  expect(ofActivities(await json(`${url}timeline?after=999`))).toHaveLength(6);
});

test('with actions, a page can cancel, pause, unpause, reset and terminate', async () => {
  const { runtime, url, origin } = await inspected({ actions: true });
  const handle = runtime.start(never, { activityId: 'x', cancellationDelivery: 'immediate' });
  const act = async (action: string, id = 'x'): Promise<string> => {
    const body = JSON.stringify({ id, action });
    const { status, text } = await send(`${url}action`, {
      method: 'POST',
      headers: { origin },
      body,
    });
    return `${status} ${text}`;
  };
  expect(await act('pause')).toBe('200 {}');
  expect(handle.describe().runState).toMatch(/^PAUSE/);
  expect(await act('unpause')).toBe('200 {}');
  expect(handle.describe().runState).not.toMatch(/^PAUSE/);
  expect(await act('unpause')).toMatch(/^409 .*ActivityStateError: unpause: activity .*x.* is /);
  expect(await act('reset')).toBe('200 {}');
  expect(await act('cancel')).toBe('200 {}');
  expect(handle.describe()).toMatchObject({ canceledReason: 'asked by systole/inspect' });
  const other = runtime.start(never, { activityId: 'y' });
  expect(await act('terminate', 'y')).toBe('200 {}');
  expect(other.describe().status).toBe('TERMINATED');
  expect(await act('terminate', 'y')).toBe('404 {"error":"this activity is not open any more"}');
  expect(await act('complete', 'y')).toMatch(/^400 /);
  const long = await send(`${url}action`, {
    method: 'POST',
    headers: { origin },
    body: 'x'.repeat(20_000),
  });
  expect(long.status).toBe(400);
});

test('a request to act is refused without actions: true, and without an origin', async () => {
  const { runtime, url, origin } = await inspected();
  const handle = runtime.start(never, { activityId: 'x' });
  const body = JSON.stringify({ id: 'x', action: 'terminate' });
  const refused = await send(`${url}action`, { method: 'POST', headers: { origin }, body });
  expect(refused).toMatchObject({
    status: 403,
    text: '{"error":"inspect was called without actions: true"}',
  });
  const allowed = await inspected({ actions: true });
  const unknown = await send(`${allowed.url}action`, { method: 'POST', body });
  expect(unknown).toMatchObject({ status: 403, text: '{"error":"no origin"}' });
  expect(handle.describe().status).toBe('RUNNING');
});

test('close ends the streams, frees the port and stops listening to the runtime', async () => {
  const { inspector, url, port, runtime } = await inspected({ token: 'a-token-of-my-own' });
  expect(url).toBe(`http://127.0.0.1:${port}/a-token-of-my-own/`);
  runtime.start(never, { activityId: 'x' });
  const stream = messages(url);
  await stream.next();
  await inspector.close();
  await inspector.close();
  await expect(stream.next().then(() => stream.next())).rejects.toThrow();
  const again = await inspect(runtime, { port, token: 'a-token-of-my-own' });
  open.push(again);
  expect(again.url).toBe(url);
});

test('the refusal of a port says what to do, and its stack begins with the call', async () => {
  const { runtime, port } = await inspected();
  const refused = inspect(runtime, { port }); // this line
  const error = (await refused.catch((thrown: unknown) => thrown)) as Error;
  const [head, first] = error.stack!.split('\n');
  expect(head).toBe(
    `Error: inspect: port ${port} is in use by another program or another inspect(); close that, or leave port out to get a free one`,
  );
  const lines = (await readFile(new URL(import.meta.url), 'utf8')).split('\n');
  const line = lines.findIndex((text) => text.endsWith('// this line')) + 1;
  expect(first).toContain(`server.test.ts:${line}:`);
  expect(error.cause).toMatchObject({ code: 'EADDRINUSE' });
});

test('the address without its last slash leads to the page, with the right token only', async () => {
  const { url, origin, port } = await inspected();
  const { status, headers } = await send(url.slice(0, -1));
  expect([status, headers.location]).toEqual([308, new URL(url).pathname]);
  expect((await fetch(url.slice(0, -1))).url).toBe(url);
  const wrong = `${origin}/${'A'.repeat(22)}`;
  expect(await send(wrong)).toMatchObject({ status: 403 });
  const headersOf = { host: `evil.example:${port}` };
  expect(await send(url.slice(0, -1), { headers: headersOf })).toMatchObject({ status: 403 });
  expect(await send(url.slice(0, -1), { method: 'POST' })).toMatchObject({ status: 405 });
});

/** Details that the runtime can copy and nobody can read. */
class Unreadable {
  get done(): number {
    throw new Error('nobody may read this');
  }
}

test('details that throw when they are read are logged once, and the rest is shown', async () => {
  const serializer = new SuperJSON();
  serializer.registerClass(Unreadable);
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  const { runtime, url } = await inspected({}, { serializer });
  for (const activityId of ['bad', 'bad too']) {
    runtime.start(
      (ctx: ActivityContext) => {
        ctx.heartbeat(new Unreadable());
        return never();
      },
      { activityId },
    );
  }
  runtime.start(never, { activityId: 'good' });
  const { rows } = await until(url, ({ rows = [] }) => rows.length > 0);
  expect(rows?.map(({ id, state, progress }) => [id, state, progress])).toEqual([
    ['bad', 'running', undefined],
    ['bad too', 'running', undefined],
    ['good', 'running', undefined],
  ]);
  await until(url, ({ fresh }) => fresh === false);
  expect(error.mock.calls).toEqual([
    [
      'systole: inspect could not read an activity (Error: nobody may read this)',
      { activityId: 'bad', error: new Error('nobody may read this') },
    ],
  ]);
  error.mockRestore();
  expect((await send(`${url}activity?id=bad`)).status).toBe(200);
});

test('a failure is shown although its cause throws when it is read', async () => {
  const { runtime, url } = await inspected();
  runtime.start(
    () => {
      throw Object.defineProperty(new Error('outer'), 'cause', {
        get: () => {
          throw new Error('nobody may read this');
        },
      });
    },
    { activityId: 'x', retryPolicy: { initialInterval: '1h' } },
  );
  const told = await json<ActivityPage>(`${url}activity?id=x`);
  expect(told).toMatchObject({ row: { id: 'x' }, lastFailure: 'Error: outer' });
});

test.each(['a b/ü', '\ud83d', 'x\udc00"\\', '\\ud83d', '100 %', '"'])(
  'an activity with the id %j has an address',
  async (id) => {
    const { runtime, url } = await inspected();
    runtime.start(never, { activityId: id });
    const told = await json<ActivityPage>(`${url}activity?id=${toAddress(id)}`);
    expect(told.row?.id).toBe(id);
    expect(fromAddress(decodeURIComponent(toAddress(id)))).toBe(id);
  },
);

test('an address may have an id as people type it', () => {
  expect(['plain', 'a "b"'].map(fromAddress)).toEqual(['plain', 'a "b"']);
});

test.each([
  [{}, {}, /^inspect: received an object; expected an ActivityRuntime$/],
  [new ActivityRuntime(), { ports: 1 }, /^inspect has no option "ports"; did you mean "port"\?$/],
  [
    new ActivityRuntime(),
    { port: -1 },
    /^inspect port: received -1; expected a whole number from 0 to 65535$/,
  ],
  [
    new ActivityRuntime(),
    { token: 'short' },
    /^inspect token: received a string of 5 characters; expected 16 to 200 letters, digits, - or _$/,
  ],
  [
    new ActivityRuntime(),
    { token: 1234567890123456 },
    /^inspect token: received a value of type number; expected 16 to 200 letters, /,
  ],
  [new ActivityRuntime(), { actions: 1 }, /^inspect actions: received 1; expected true or false$/],
])('inspect(%o, %o) is refused', async (runtime, options, message) => {
  await expect(inspect(runtime as never, options as never)).rejects.toThrow(message);
});
