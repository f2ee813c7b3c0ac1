/** What a process can know about the owners of claims: who they are, and whether they still live. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { hostDate } from '../kernel/clock.js';
import { randomToken } from '../runtime/shared/ids.js';

/** A moment on the clocks of this machine. */
export interface Moment {
  /** The run of the machine since it was started, as far as it can be known. */
  readonly boot: string;
  /**
   * A clock that all processes of the machine share, and that nobody can set, in milliseconds. It
   * stands still while the machine sleeps.
   */
  readonly steady: number;
  /** The date in milliseconds since the Unix epoch. */
  readonly date: number;
}

/** Knows the processes of this machine. Tests have one of their own. */
export interface Machine {
  now(): Moment;
  /** A name for a runtime of this process, with which others can tell whether the process lives. */
  newOwner(): string;
  /** Whether the process of an owner is gone for certain. False if it cannot be known. */
  isDead(owner: string): boolean;
  /** A short name for this process, made of letters, digits and dots, with which files are marked. */
  readonly mark: string;
  /** Whether the process with a mark is gone for certain. False for what is no mark. */
  isGone(mark: string): boolean;
}

/** The parts of an owner's name. */
const OWNER = /^process (\d+) \(started (\S+), machine (\S+), runtime \S+\)$/;

export function thisMachine(): Machine {
  return (machine ??= new ThisMachine());
}

let machine: Machine | undefined;

class ThisMachine implements Machine {
  readonly #boot = bootOf();
  /** The processes that are visible here: those of another container are not. */
  readonly #space = spaceOf(this.#boot);
  readonly #started = startOf(process.pid);

  now(): Moment {
    const steady = Number(process.hrtime.bigint() / 1_000n) / 1_000;
    return { boot: this.#boot, steady, date: hostDate() };
  }

  newOwner(): string {
    const runtime = randomToken();
    const { pid } = process;
    return `process ${pid} (started ${this.#started ?? '?'}, machine ${this.#space}, runtime ${runtime})`;
  }

  isDead(owner: string): boolean {
    const [, pid, started, space] = OWNER.exec(owner) ?? [];
    return space === this.#space && hasEnded(Number(pid), started as string);
  }

  get mark(): string {
    return `${process.pid}.${shortHash(this.#started ?? '?')}.${shortHash(this.#space)}`;
  }

  isGone(mark: string): boolean {
    const [, pid, started, space] = /^(\d+)\.([0-9a-f]{8})\.([0-9a-f]{8})$/.exec(mark) ?? [];
    if (space !== shortHash(this.#space)) return false;
    return hasEnded(Number(pid), started as string, shortHash);
  }
}

/** @param shown how its start is shown in `started` */
function hasEnded(pid: number, started: string, shown = (start: string) => start): boolean {
  if (!exists(pid)) return true;
  const now = startOf(pid);
  if (now === undefined) return !exists(pid);
  return started !== shown('?') && shown(now) !== started; // its id was used again, or it is a zombie
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it belongs to another user
  }
}

/**
 * When a process was started, in a form that only serves to compare; `dead` for one that has ended but
 * whose parent has not noticed. Undefined if it cannot be known.
 */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // The name of the program may have spaces and brackets in it.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      return /[ZX]/.test(fields[0] ?? '') ? 'dead' : fields[19];
    }
    if (process.platform === 'win32') return undefined;
    const options = { encoding: 'utf8', stdio: 'pipe' } as const;
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], options);
    return text.trim().replaceAll(/\s+/g, '_') || undefined;
  } catch {
    return undefined;
  }
}

function bootOf(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return `${hostName()}/${process.platform}`.replaceAll(/\s/g, '_');
  }
}

/** A program that may not ask (Deno asks for a permission) is alone: it cannot tell who lives. */
function hostName(): string {
  try {
    return hostname();
  } catch {
    return randomToken();
  }
}

function spaceOf(boot: string): string {
  try {
    return `${boot}/${readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '')}`;
  } catch {
    return boot;
  }
}

/** How long the lease of an owner still holds, in milliseconds; negative if it is over. */
export function remainingMs(
  lease: { readonly boot: string; readonly steady: number; readonly date: number },
  now: Moment,
): number {
  // Without a name for this run of the machine, its steady clock may be that of an earlier run.
  const isComparable = lease.boot === now.boot && !now.boot.includes('/');
  return isComparable ? lease.steady - now.steady : lease.date - now.date;
}
