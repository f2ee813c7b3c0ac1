/** A table of people. Its database is as unreliable as all of them. */
import { setTimeout as wait } from 'node:timers/promises';

export const people = ['ada', 'alan', 'barbara', 'edsger', 'grace', 'tony'];

/** What goes wrong at a name, the first time. */
export const trouble = new Map<string, () => unknown>();

export async function insert(name: string): Promise<void> {
  await wait(100);
  const happens = trouble.get(name);
  trouble.delete(name);
  await happens?.();
  console.log(name);
}
