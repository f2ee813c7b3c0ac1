/** Runs an example's own program in another process, until it prints a line that matches. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Program {
  readonly lines: readonly string[];
  readonly code: number | null;
  readonly signal: string | null;
}

/** The first line at which a program gets a signal. */
interface Stop {
  readonly at: RegExp;
  readonly signal: NodeJS.Signals;
}

/** Resolves when the program has ended. */
export async function runProgram(file: string, args: string[], stop?: Stop): Promise<Program> {
  const child = spawn(process.execPath, [...process.execArgv, file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'close') as Promise<[number | null, string | null]>;
  const lines: string[] = [];
  let stopped = false;
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (stopped || stop?.at.test(line) !== true) continue;
    stopped = true; // once: a second SIGTERM ends a program that is shutting down
    child.kill(stop.signal);
  }
  const [code, signal] = await exit;
  return { lines, code, signal };
}
