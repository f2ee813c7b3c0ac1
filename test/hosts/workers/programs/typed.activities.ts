import type { ActivityContext } from 'systole';

interface Cursor {
  readonly line: number;
}

export async function twice(ctx: ActivityContext<Cursor>, n: number): Promise<number> {
  if (ctx.info.attempt === 1) {
    ctx.heartbeat({ line: n });
    throw new Error('again');
  }
  return (ctx.heartbeatDetails as Cursor).line * 2;
}
