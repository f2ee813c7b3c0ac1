/**
 * Another program finishes this activity. The activity asks a payment provider for a charge. When the
 * money has moved, the provider calls a webhook, and the webhook completes the activity by its token.
 * Run it with `npx tsx examples/webhook-completion.ts`.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ActivityNotFoundError, ActivityRuntime, type ActivityContext } from 'systole';

interface Receipt {
  readonly orderId: string;
  readonly cents: number;
}

const runtime = new ActivityRuntime();

/** The activity sends its token along. Its timeout keeps running until the answer comes. */
async function charge(ctx: ActivityContext, orderId: string, cents: number): Promise<Receipt> {
  const order = { orderId, cents, token: ctx.info.taskToken };
  const answer = await fetch(provider.url, { method: 'POST', body: JSON.stringify(order) });
  if (!answer.ok) throw new Error(`the provider answered ${answer.status}`); // this is retried
  ctx.completeAsync();
}

/** Our webhook. The token says which activity it is, and proves that the caller may complete it. */
const webhook = await serve(async (request) => {
  const { token, ...receipt } = (await body(request)) as Receipt & { token: string };
  try {
    await runtime.completion.complete(token, receipt);
    return 204;
  } catch (error) {
    if (error instanceof ActivityNotFoundError) return 410; // completed, timed out, or cancelled
    throw error;
  }
});

/** Plays the provider. It is out of order at first. Then it accepts, and calls back twice. */
let requests = 0;
const callbacks: number[] = [];
const provider = await serve(async (request) => {
  if (++requests === 1) return 503;
  const text = JSON.stringify(await body(request));
  setTimeout(() => void callBackTwice(text), 100);
  return 202;
});

async function callBackTwice(text: string): Promise<void> {
  for (let time = 1; time <= 2; time++) {
    const { status } = await fetch(webhook.url, { method: 'POST', body: text });
    callbacks.push(status);
  }
  provider.close();
}

const receipt = await runtime.run(charge, {
  args: ['order-17', 4_200],
  startToCloseTimeout: '30s',
  retryPolicy: { initialInterval: '50ms', maximumAttempts: 3 },
});
console.log('paid:', receipt);
await provider.closed;
console.log('the webhook answered', callbacks.join(' and then '));
webhook.close();

assert.deepEqual(receipt, { orderId: 'order-17', cents: 4_200 });
assert.equal(requests, 2);
assert.deepEqual(callbacks, [204, 410]);
assert.equal(runtime.stats().open, 0);

/** A server on a free port of this machine. */
async function serve(answer: (request: IncomingMessage) => Promise<number>) {
  const server = createServer((request, response) => {
    void answer(request).then((status) => response.writeHead(status).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    closed: once(server, 'close'),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function body(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return JSON.parse(text);
}
