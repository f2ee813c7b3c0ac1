import { expect, test } from 'vitest';
import { crashAtEveryHeartbeat, TestActivityEnvironment } from 'systole/testing';
import { importInto } from './import-people.js';

const names = ['ada', 'alan', 'barbara', 'edsger'];

test('a hang costs a second, and no name is inserted twice', async () => {
  await using env = new TestActivityEnvironment();
  const table: string[] = [];
  env.timeoutOnHeartbeat(2);
  const importPeople = importInto(async (name) => void table.push(name));
  const count = await env.run(importPeople, { heartbeatTimeout: '1s', args: [names] });
  expect(count).toBe(4);
  expect(env.attempts.map(({ outcome }) => outcome)).toEqual(['TIMED_OUT', 'COMPLETED']);
  expect(env.attempts[1]?.heartbeatDetails).toBe(2);
});

test('whenever the process crashes, the next one continues', async () => {
  let table: string[] = [];
  const crashes = await crashAtEveryHeartbeat(
    importInto(async (name) => void table.push(name)),
    () => {
      table = [];
      return { args: [names] };
    },
    () => expect(table).toEqual(names),
  );
  expect(crashes).toBe(4);
});
