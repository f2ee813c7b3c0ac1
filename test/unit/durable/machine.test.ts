/** What a process can know about other processes of its machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { remainingMs, thisMachine } from '../../../src/durable/machine.js';

const machine = thisMachine();
const program = ['-e', "console.log('up'); setInterval(() => {}, 1e6)"];

/** The name that an owner in another process has: ours with its own id and start. */
const nameOf = (pid: number, started: string): string =>
  machine.newOwner().replace(/process \d+ \(started [^,]+/, `process ${pid} (started ${started}`);

test('an owner of this process lives, and each has a name of its own', () => {
  const names = [machine.newOwner(), machine.newOwner()];
  expect(names[0]).not.toBe(names[1]);
  expect(names.map((name) => machine.isDead(name))).toEqual([false, false]);
  expect(machine.isGone(machine.mark)).toBe(false);
});

test('an owner whose process is gone is dead, and so is its mark', async () => {
  const child = spawn(process.execPath, program);
  await once(child.stdout, 'data');
  const pid = child.pid!;
  const mark = machine.mark.replace(/^\d+/, String(pid));
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(machine.isDead(nameOf(pid, '1'))).toBe(true);
  expect(machine.isGone(mark)).toBe(true);
});

// Elsewhere it is not known when a process was started.
test.skipIf(process.platform !== 'linux')(
  'a process id that is used again is not taken for the owner',
  () => {
    expect(machine.isDead(nameOf(process.pid, '1'))).toBe(true);
    expect(machine.isDead(nameOf(process.ppid, '1'))).toBe(true);
  },
);

// A killed process stays in the table until its parent asks for it.
test.skipIf(process.platform !== 'linux')('a zombie is dead', async () => {
  const shell = spawn('sh', ['-c', 'sleep 100 & echo $!; exec sleep 100']);
  const [line] = (await once(shell.stdout, 'data')) as [Buffer];
  const pid = Number(String(line));
  process.kill(pid, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(machine.isDead(nameOf(pid, '1'))).toBe(true);
  shell.kill('SIGKILL');
});

test('an owner on another machine, or in another container, may live', () => {
  const elsewhere = machine.newOwner().replace(/machine [^,]+/, 'machine other/1');
  expect(machine.isDead(elsewhere.replace(/process \d+/, 'process 999999999'))).toBe(false);
  expect(machine.isDead('runtime of some other kind')).toBe(false);
  expect(machine.isGone('999999999.aaaaaaaa.bbbbbbbb')).toBe(false);
});

test('a lease is measured on the steady clock of one run of the machine, else by the date', () => {
  const lease = { boot: 'a', steady: 100, date: 5_000 };
  expect(remainingMs(lease, { boot: 'a', steady: 40, date: 9_999 })).toBe(60);
  expect(remainingMs(lease, { boot: 'b', steady: 40, date: 4_000 })).toBe(1_000);
  const unknown = { ...lease, boot: 'host/darwin' };
  expect(remainingMs(unknown, { boot: 'host/darwin', steady: 40, date: 4_000 })).toBe(1_000);
});
