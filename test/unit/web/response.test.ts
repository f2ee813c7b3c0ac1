import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, expect, test } from 'vitest';
import { ActivityRuntime, type ActivityContext, type ActivityHandle } from 'systole';
import { heartbeatResponse } from 'systole/web';
import { json } from '../../../src/web/json.js';
import { eventStream } from '../../../src/web/response.js';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** An activity that heartbeats and ends when it is told to. */
class Puppet {
  readonly handle: ActivityHandle<string>;
  readonly runtime = new ActivityRuntime({ logger: false });
  beat!: (details: unknown) => void;
  complete!: (result: string) => void;
  fail!: (error: Error) => void;

  constructor() {
    const { runtime } = this;
    cleanUps.push(() => runtime.shutdown({ abandonAfter: 0 }));
    this.handle = runtime.start(
      (ctx: ActivityContext) => {
        this.beat = ctx.heartbeat;
        return new Promise<string>((resolve, reject) => {
          this.complete = resolve;
          this.fail = reject;
          ctx.shutdownSignal.addEventListener('abort', () => reject(ctx.shutdownSignal.reason));
        });
      },
      { heartbeatThrottleInterval: 0, retryPolicy: { maximumAttempts: 1 } },
    );
  }
}

/** The events of a response, one by one, without comments. */
async function* events(response: Response): AsyncGenerator<Record<string, string>> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const fields = block.split('\n').map((line) => /^(\w*): (.*)$/.exec(line)!.slice(1));
      const event = Object.fromEntries(fields) as Record<string, string>;
      if (event['event'] !== undefined) yield event;
    }
  }
}

const read = async (response: Response): Promise<string[]> => {
  const all: string[] = [];
  for await (const { event, data } of events(response)) all.push(`${event} ${data}`);
  return all;
};

/** The number of followers that an activity has. */
function counted(handle: ActivityHandle) {
  let open = 0;
  const followed = {
    describe: () => handle.describe(),
    result: () => handle.result(),
    heartbeats: () => ({
      [Symbol.asyncIterator]() {
        const inner = handle.heartbeats()[Symbol.asyncIterator]();
        open++;
        let left = false;
        const leave = (): void => void (left ||= (open--, true));
        return {
          next: async () => {
            const next = await inner.next();
            if (next.done === true) leave();
            return next;
          },
          return: async () => {
            leave();
            return inner.return!();
          },
        };
      },
    }),
  };
  return { followed, open: () => open };
}

test('a response has an event for each report, and says at the end that the activity completed', async () => {
  const puppet = new Puppet();
  const response = heartbeatResponse(puppet.handle);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const stream = events(response);
  puppet.beat({ row: 1 });
  const first = (await stream.next()).value as Record<string, string>;
  expect(first['event']).toBe('heartbeat');
  expect(JSON.parse(first['data']!)).toMatchObject({ attempt: 1, details: { row: 1 } });
  puppet.beat({ row: 2 });
  expect(
    JSON.parse(((await stream.next()).value as Record<string, string>)['data']!),
  ).toMatchObject({
    details: { row: 2 },
  });
  puppet.complete('a secret result');
  const last = (await stream.next()).value as Record<string, string>;
  expect(last).toMatchObject({
    event: 'completed',
    id: expect.stringMatching(/^closed-\d+$/) as string,
  });
  expect(JSON.parse(last['data']!)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
  expect(last['data']).not.toContain('secret');
  expect((await stream.next()).done).toBe(true);
});

test('a failure ends the response with a failed event that has the status and not the error', async () => {
  const puppet = new Puppet();
  const all = read(heartbeatResponse(puppet.handle));
  puppet.fail(new Error('a secret error'));
  expect(await all).toEqual([expect.stringMatching(/^failed {"status":"FAILED","attempt":1,/)]);
  expect((await all).join()).not.toContain('secret');
});

test('a response with details: false leaves the details out', async () => {
  const puppet = new Puppet();
  puppet.beat('a secret');
  const all = read(heartbeatResponse(puppet.handle, { details: false }));
  puppet.complete('');
  expect((await all)[0]).toMatch(/^heartbeat {"attempt":1,"timestamp":\d+}$/);
});

test.each([
  [5n, '"5"'],
  [new Map([['a', new Set([1])]]), '[["a",[1]]]'],
  [new RangeError('no'), '{"name":"RangeError","message":"no"}'],
  [/a/g, '"/a/g"'],
  [new Uint8Array([1, 2]), '[1,2]'],
  ['line\nend\n\nevent: completed', '"line\\nend\\n\\nevent: completed"'],
])('details %s are written as %s', async (details, written) => {
  const puppet = new Puppet();
  puppet.beat(details);
  const all = read(heartbeatResponse(puppet.handle));
  puppet.complete('');
  expect((await all)[0]).toContain(`"details":${written}}`);
});

test.each([
  [undefined, 'null'],
  [{ toJSON: () => undefined }, 'null'],
  [
    new Map([
      [
        'a',
        {
          get b() {
            throw new Error('no');
          },
        },
      ],
    ]),
    'null',
  ],
])('a value that JSON cannot hold is written as null: %j', (value, text) => {
  expect(json(value)).toBe(text);
});

test('a client that reconnects gets what is new, and nothing when the activity was over', async () => {
  const puppet = new Puppet();
  puppet.beat(1);
  const before = events(heartbeatResponse(puppet.handle));
  const seen = (await before.next()).value as Record<string, string>;
  await before.return(undefined);
  const request = new Request('http://x/', { headers: { 'Last-Event-ID': seen['id']! } });
  const again = events(heartbeatResponse(puppet.handle, { request }));
  const next = again.next();
  await new Promise((resolve) => setImmediate(resolve)); // it has looked at the first report
  puppet.beat(2);
  expect(((await next).value as Record<string, string>)['data']).toContain('"details":2');
  puppet.complete('');
  const last = (await again.next()).value as Record<string, string>;
  const over = heartbeatResponse(puppet.handle, {
    request: { headers: { 'last-event-id': last['id'] } },
  });
  expect(over.status).toBe(204);
  expect(await over.text()).toBe('');
});

test('a client that has heard the end of an earlier run hears the later one', async () => {
  const [first, later] = [new Puppet(), new Puppet()];
  const stream = events(heartbeatResponse(first.handle));
  first.complete('');
  const { id } = (await stream.next()).value as Record<string, string>;
  // The later one closes in a later millisecond.
  while (id === `closed-${Date.now()}`) await new Promise((resolve) => setImmediate(resolve));
  const request = { headers: { 'last-event-id': id } };
  const open = heartbeatResponse(later.handle, { request });
  expect(open.status).toBe(200);
  later.complete('');
  expect(await read(open)).toEqual([expect.stringMatching(/^completed /)]);
  expect(heartbeatResponse(later.handle, { request }).status).toBe(200);
});

test('after a shutdown the stream ends without an event for the end of the activity', async () => {
  const puppet = new Puppet();
  const all = read(heartbeatResponse(puppet.handle));
  puppet.beat(1);
  await puppet.runtime.shutdown();
  expect(puppet.handle.describe().status).toBe('CANCELED');
  expect(await all).toEqual([expect.stringMatching(/^heartbeat /)]);
});

test('an activity that was cancelled ends with a failed event, also in a shutdown', async () => {
  const puppet = new Puppet();
  const all = read(heartbeatResponse(puppet.handle));
  puppet.handle.cancel();
  await puppet.runtime.shutdown();
  expect(await all).toEqual([expect.stringMatching(/^failed {"status":"CANCELED"/)]);
});

test('a client that leaves while the ledger is written gets nothing more', async () => {
  const gone = new AbortController();
  let ask!: () => void;
  const asked = new Promise<void>((resolve) => (ask = resolve));
  let reject!: (error: Error) => void;
  const handle = {
    describe: () => ({ status: 'CANCELED' }) as never,
    result: () => (ask(), new Promise<never>((_, refuse) => (reject = refuse))),
    heartbeats: async function* () {},
  };
  const request = { headers: {}, signal: gone.signal };
  const text = heartbeatResponse(handle, { request }).text();
  await asked;
  gone.abort();
  reject(new Error('no'));
  expect(await text).toBe('retry: 1000\n\n');
});

test('a client that is gone leaves nothing behind', async () => {
  const puppet = new Puppet();
  const { followed, open } = counted(puppet.handle);
  const cancelled = heartbeatResponse(followed);
  const gone = new AbortController();
  const aborted = heartbeatResponse(followed, { request: { headers: {}, signal: gone.signal } });
  const text = aborted.text();
  expect(open()).toBe(2);
  await cancelled.body!.cancel();
  expect(open()).toBe(1);
  gone.abort();
  expect(open()).toBe(0);
  expect(await text).toBe('retry: 1000\n\n');
  heartbeatResponse(followed, { request: { headers: {}, signal: AbortSignal.abort() } });
  expect(open()).toBe(0);
});

test('a comment is sent every 15 s, but not to a client that reads nothing', async () => {
  const puppet = new Puppet();
  const timers: { callback: () => void; delayMs: number }[] = [];
  let cleared = 0;
  const setTimer = (callback: () => void, delayMs: number): (() => void) => {
    timers.push({ callback, delayMs });
    return () => cleared++;
  };
  const options = { seen: undefined, details: true, signal: undefined };
  const reader = eventStream(puppet.handle, options, setTimer).getReader();
  const next = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
  expect(await next()).toBe('retry: 1000\n\n');
  timers.at(-1)!.callback();
  expect(await next()).toBe(': still here\n\n');
  for (let n = 0; n < 10; n++) timers.at(-1)!.callback();
  expect(await next()).toBe(': still here\n\n');
  expect(await next()).toBe(': still here\n\n');
  puppet.complete('');
  expect(await next()).toMatch(/^id: closed-/);
  expect(timers.every(({ delayMs }) => delayMs === 15_000)).toBe(true);
  expect(cleared).toBe(1);
});

test('a slow client gets only the newest report', async () => {
  const puppet = new Puppet();
  const response = heartbeatResponse(puppet.handle);
  for (let row = 1; row <= 1_000; row++) {
    puppet.beat(row);
    if (row % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  puppet.complete('');
  await puppet.handle.settled();
  const all = await read(response);
  expect(all.length).toBeLessThan(6);
  expect(all.at(-2)).toContain('"details":1000');
});

test('a thousand clients follow one activity', async () => {
  const puppet = new Puppet();
  const { followed, open } = counted(puppet.handle);
  const clients = Array.from({ length: 1_000 }, () => read(heartbeatResponse(followed)));
  puppet.beat('half');
  await new Promise((resolve) => setImmediate(resolve));
  puppet.complete('');
  for (const all of await Promise.all(clients)) {
    expect(all.map((line) => line.split(' ')[0])).toEqual(['heartbeat', 'completed']);
  }
  expect(open()).toBe(0);
});

test('a response works under Hono', async () => {
  const puppet = new Puppet();
  const app = new Hono();
  app.get('/', (c) => heartbeatResponse(puppet.handle, { request: c.req.raw }));
  const port = await new Promise<number>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info) =>
      resolve(info.port),
    );
    cleanUps.push(() => new Promise((closed) => server.close(closed)));
  });
  await followOver(port, puppet);
});

test('a response works under node:http with the bridge of the docs', async () => {
  const puppet = new Puppet();
  const { followed, open } = counted(puppet.handle);
  const server = createServer((request, response) => {
    const answer = heartbeatResponse(followed, { request });
    answer.headers.forEach((value, name) => response.setHeader(name, value));
    response.statusCode = answer.status;
    if (answer.body === null) response.end();
    else pipeline(Readable.fromWeb(answer.body as ReadableStream), response).catch(() => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => new Promise((closed) => server.close(closed)));
  const { port } = server.address() as AddressInfo;
  const gone = new AbortController();
  const leaving = await fetch(`http://127.0.0.1:${port}/`, { signal: gone.signal });
  expect(open()).toBe(1);
  gone.abort();
  await leaving.text().catch(() => {});
  while (open() > 0) await new Promise((resolve) => setImmediate(resolve));
  await followOver(port, puppet);
  expect(open()).toBe(0);
  const headers = { 'Last-Event-ID': `closed-${+puppet.handle.describe().closeTime!}` };
  expect((await fetch(`http://127.0.0.1:${port}/`, { headers })).status).toBe(204);
});

async function followOver(port: number, puppet: Puppet): Promise<void> {
  const stream = events(await fetch(`http://127.0.0.1:${port}/`));
  const first = stream.next();
  puppet.beat({ row: 1 });
  expect(((await first).value as Record<string, string>)['data']).toContain('"details":{"row":1}');
  puppet.complete('');
  expect((await stream.next()).value).toMatchObject({ event: 'completed' });
  expect((await stream.next()).done).toBe(true);
}

test.each([
  [undefined, {}, 'heartbeatResponse: received undefined; expected the handle of an activity'],
  [{}, {}, 'heartbeatResponse: received an object; expected the handle of an activity'],
  [
    'ok',
    { request: 5 },
    'heartbeatResponse request: received 5; expected a Request, or a request of node:http',
  ],
  ['ok', { details: 1 }, 'heartbeatResponse details: received 1; expected true or false'],
  ['ok', { requests: 1 }, 'heartbeatResponse has no option "requests"; did you mean'],
])('heartbeatResponse(%j, %j) is refused', (handle, options, message) => {
  const given = handle === 'ok' ? new Puppet().handle : handle;
  expect(() => heartbeatResponse(given as never, options as never)).toThrow(message);
});

test('details that cannot be read end the stream, and nothing is sent later', async () => {
  const timers = new Set<() => void>();
  const setTimer = (callback: () => void): (() => void) => {
    timers.add(callback);
    return () => void timers.delete(callback);
  };
  const broken = {
    describe: () => ({}) as never,
    result: () => Promise.resolve(),
    heartbeats: () => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('unreadable')) }),
    }),
  };
  const options = { seen: undefined, details: true, signal: undefined };
  const reader = eventStream(broken, options, setTimer).getReader();
  await expect(reader.read().then(() => reader.read())).rejects.toThrow('unreadable');
  expect(timers.size).toBe(0);
});

test('1,000 clients follow one activity, and each gets its end', async () => {
  const puppet = new Puppet();
  const all = Array.from({ length: 1_000 }, () => read(heartbeatResponse(puppet.handle)));
  for (let n = 0; n < 20; n++) {
    puppet.beat({ n });
    await new Promise((resolve) => setImmediate(resolve));
  }
  puppet.complete('done');
  for (const events of await Promise.all(all)) {
    expect(events.at(-1)).toMatch(/^completed /);
    expect(events.at(-2)).toContain('"details":{"n":19}');
  }
});
