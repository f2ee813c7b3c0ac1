import type { ActivityContext } from 'systole';

/** Makes the activity for a database. A test gives it another one. */
export function importInto(insert: (name: string) => Promise<void>) {
  return async function importPeople(
    ctx: ActivityContext<number>,
    names: readonly string[],
  ): Promise<number> {
    let done = ctx.heartbeatDetails ?? 0; // starts after the last name that was inserted
    for (const name of names.slice(done)) {
      ctx.signal.throwIfAborted();
      await insert(name);
      ctx.heartbeat(++done);
    }
    return done;
  };
}
