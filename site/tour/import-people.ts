import type { ActivityContext } from 'systole';

/** Inserts names, and starts after the last one that an earlier attempt inserted. */
export async function importPeople(
  ctx: ActivityContext<number>,
  names: readonly string[],
  insert: (name: string) => Promise<void>,
): Promise<number> {
  let done = ctx.heartbeatDetails ?? 0;
  for (const name of names.slice(done)) {
    ctx.signal.throwIfAborted();
    await insert(name);
    ctx.heartbeat(++done);
  }
  return done;
}
