// What the programs here run in workers.
import { spawn } from 'node:child_process';

export const add = (_ctx, a, b) => a + b;

export function spins(ctx) {
  ctx.heartbeat(process.pid);
  for (;;);
}

export function starts(ctx) {
  const sleep = ['--eval', 'setTimeout(() => {}, 60_000)'];
  ctx.heartbeat(spawn(process.execPath, sleep, { stdio: 'inherit' }).pid);
  return ctx.sleep('1 hour');
}

export const pid = () => process.pid;

export function floods(ctx, count) {
  const before = process.memoryUsage().rss;
  const start = performance.now();
  for (let n = 1; n <= count; n++) ctx.heartbeat(n);
  const ms = performance.now() - start;
  return { ms, grownMb: (process.memoryUsage().rss - before) / 2 ** 20 };
}

export function fills(ctx) {
  if (ctx.info.attempt > 1) return ctx.heartbeatDetails;
  ctx.heartbeat('so far');
  const all = [];
  for (;;) all.push(new Array(1e5).fill(Math.random()));
}

export const hangs = () => new Promise(() => {});

export const cooperates = (ctx) => ctx.sleep('1 hour');
