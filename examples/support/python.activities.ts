/** The activity of ../python.ts. It runs in a worker process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { ActivityContext } from 'systole';

export interface Step {
  readonly step: number;
  readonly squares: number;
  readonly pid: number;
}

/** Runs a Python program. Each line that it prints is a heartbeat. */
export async function runSteps(ctx: ActivityContext<Step>, program: string): Promise<Step[]> {
  const from = ctx.heartbeatDetails?.step ?? 0;
  const child = spawn('python3', [program, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const steps: Step[] = [];
  for await (const line of createInterface(child.stdout)) {
    const step = JSON.parse(line) as Step;
    ctx.heartbeat(step);
    steps.push(step);
  }
  if (child.exitCode === null) await once(child, 'exit');
  if (child.exitCode !== 0) throw new Error(`python3 exited with ${child.exitCode}`);
  return steps;
}
