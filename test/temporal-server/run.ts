// Runs the tests against a real Temporal server: one built here with Go, else TEMPORAL_ADDRESS.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { builtServer, startServer } from './server.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

const started = performance.now();
const program = await builtServer();
const given = process.env['TEMPORAL_ADDRESS'];
if (typeof program === 'string') {
  console.log(`server built, or found: ${seconds()} s`);
  const server = await startServer(program);
  try {
    process.exitCode = await tests(server.address, server.namespace);
  } finally {
    await server.stop();
  }
} else if (given !== undefined) {
  process.exitCode = await tests(given, process.env['TEMPORAL_NAMESPACE'] ?? 'default');
} else {
  console.log(
    `left out: tests against a Temporal server: ${program.missing}, and no TEMPORAL_ADDRESS`,
  );
}

async function tests(address: string, namespace: string): Promise<number> {
  if (!existsSync(`${here}node_modules/@temporalio/worker`)) {
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts'];
    const status = await run('npm', ['ci', '--prefix', here, ...flags]);
    if (status !== 0) return status;
  }
  const environment = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
  const options = ['--config', `${here}vitest.config.ts`, ...process.argv.slice(2)];
  const status = await run('npx', ['--no-install', 'vitest', 'run', ...options], environment);
  console.log(`all in all: ${seconds()} s`);
  return status;
}

async function run(command: string, args: string[], environment = {}): Promise<number> {
  const env = { ...process.env, ...environment };
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

function seconds(): string {
  return ((performance.now() - started) / 1000).toFixed(0);
}
