import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { attachTo } from '../../../src/workers/thread-debugger.js';

test('a debugger that has been detached ignores what is posted late', async () => {
  const worker = new Worker('setInterval(() => {}, 1_000);', { eval: true, name: 'systole-test' });
  const thread = attachTo(worker.threadId);
  await new Promise<void>((resolve) => thread.post('Debugger.enable', resolve));
  thread.detach();
  expect(() => thread.post('Debugger.disable')).not.toThrow();
  await worker.terminate();
});
