// What a process uses. Needs --expose-gc, which every worker is started with.
import { setImmediate as turn } from 'node:timers/promises';

/** The bytes in use when nothing more can be collected. */
export async function heapUsed() {
  for (let i = 0; i < 3; i++) {
    await turn();
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

export const MB = 2 ** 20;
