/** When a worker keeps the program alive. */
import { expect, test } from 'vitest';
import { PoolWorker, type CallListener } from '../../../src/workers/worker.js';

class Fake extends PoolWorker {
  readonly kept: boolean[] = [];
  run(): void {}
  call(): void {}
  whereItIs(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  protected killNow(): void {}
  retire(): void {}
  protected keepAlive(keep: boolean): void {
    this.kept.push(keep);
  }
  dies(): void {
    this.hasExited({});
  }
}

const listener: CallListener = { onReport() {}, onDelivery() {}, onExit() {} };
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('a worker stops keeping the program alive when it has been idle for a moment, and starts again with its next call', async () => {
  const worker = new Fake();
  worker.listen(listener);
  worker.listen(undefined);
  worker.listen(listener);
  worker.listen(undefined);
  expect(worker.kept).toEqual([]);
  await expect.poll(() => worker.kept).toEqual([false]);
  worker.listen(listener);
  expect(worker.kept).toEqual([false, true]);
});

test('a worker keeps the program alive while its death is waited for', async () => {
  const worker = new Fake();
  worker.listen(listener);
  worker.listen(undefined);
  const dead = worker.kill();
  await wait(60);
  expect(worker.kept).toEqual([]);
  worker.dies();
  await dead;
});

test('a worker that was idle keeps the program alive while its death is waited for', async () => {
  const worker = new Fake();
  worker.listen(undefined);
  await expect.poll(() => worker.kept).toEqual([false]);
  const dead = worker.kill();
  expect(worker.kept).toEqual([false, true]);
  worker.dies();
  await dead;
});
