/** The far side of a worker, without a worker. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CancelledFailure, type ActivityContext } from '../../../../src/index.js';
import { Mailbox } from '../../../../src/workers/wire/mailbox.js';
import type { Call, Report, Task } from '../../../../src/workers/wire/messages.js';
import { packCall } from '../../../../src/workers/wire/calls.js';
import { send } from '../../../../src/workers/wire/errors.js';

const task = (id: number, name: string): Task => ({
  id,
  name,
  args: [],
  info: {},
  details: undefined,
});
const stop = (id: number): Call => ({
  task: id,
  stop: send(new CancelledFailure('CANCELLED', { cause: `of ${id}` })),
  all: undefined,
});

const functions = {
  stops: async (ctx: ActivityContext) => {
    await turn();
    return (ctx.signal.reason as Error | undefined)?.cause;
  },
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
let ports: MessageChannel;

beforeEach(() => {
  ports = new MessageChannel();
  vi.stubGlobal('SYSTOLE_START', { load: async () => functions, init: {}, code: '' });
});

afterEach(() => {
  ports.port1.close();
  vi.unstubAllGlobals();
});

async function far() {
  const { Server } = await import('../../../../src/workers/far/server.js');
  const reports: Report[] = [];
  const mailbox = new Mailbox();
  const report = (one: Report): void => void reports.push(one);
  const server = new Server({ mailbox, calls: ports.port2, report, sendsDetails: false });
  await server.open('module');
  const call = (one: Call): void => {
    ports.port1.postMessage(packCall(one));
    mailbox.call();
  };
  return { server, reports, call, mailbox };
}

test('a stop that overtakes its attempt is kept for it', async () => {
  const { server, reports, call } = await far();
  call(stop(7));
  await turn();
  await turn();
  await server.run(task(7, 'stops'));
  expect(reports.at(-1)).toMatchObject({ is: 'returned', task: 7, result: 'of 7' });
});

test('a stop that comes too late stops no later attempt', async () => {
  const { server, reports, call } = await far();
  await server.run(task(7, 'stops'));
  call(stop(7));
  await turn();
  await turn();
  await server.run(task(8, 'stops'));
  expect(reports.slice(1)).toMatchObject([
    { task: 7, result: undefined },
    { task: 8, result: undefined },
  ]);
});

test('an attempt that arrives after the program has gone does not begin', async () => {
  const { server, reports, mailbox } = await far();
  mailbox.leave();
  await server.run(task(7, 'stops'));
  expect(reports).toEqual([{ is: 'ready', names: ['stops'] }]);
});
