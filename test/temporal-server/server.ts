/**
 * A real Temporal server for the tests. It is built once from `server/` and started on loopback.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const source = fileURLToPath(new URL('server/', import.meta.url));

/** The Go of this machine, without downloading another one. */
const env = { ...process.env, GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };

/** 0 for no limit. Go keeps what is already built. */
const BUILD_MINUTES = Number(process.env['TEMPORAL_BUILD_MINUTES'] ?? 0);

export interface Server {
  readonly address: string;
  readonly namespace: string;
  readonly stop: () => Promise<void>;
}

/** Why there is no server. */
export interface Missing {
  readonly missing: string;
}

/** The path of the server's program; builds it if this version of it has not been built here. */
export async function builtServer(): Promise<string | Missing> {
  const goVersion = await version();
  if (goVersion === undefined) return { missing: 'there is no Go' };
  const mod = await readFile(join(source, 'go.mod'), 'utf8');
  const needed = /^go (\S+)$/m.exec(mod)?.[1] ?? '';
  if (isOlder(goVersion, needed)) {
    return { missing: `Go ${goVersion} is older than ${needed}, which the server needs` };
  }
  const hash = createHash('sha256').update(goVersion);
  for (const file of ['main.go', 'go.mod', 'go.sum']) {
    hash.update(await readFile(join(source, file)));
  }
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(cache, 'systole', `temporal-server-${hash.digest('hex').slice(0, 16)}`);
  const program = join(folder, process.platform === 'win32' ? 'server.exe' : 'server');
  if (existsSync(program)) return program;
  console.log('building the Temporal server: minutes the first time, and not again');
  await mkdir(folder, { recursive: true });
  const flags = ['-trimpath', '-tags', 'disable_grpc_modules', '-ldflags=-s -w'];
  const building = `${program}.${process.pid}`;
  try {
    const options = { cwd: source, env, maxBuffer: 1e8, timeout: BUILD_MINUTES * 60_000 };
    await run('go', ['build', ...flags, '-o', building, '.'], options);
  } catch (error) {
    const { stderr, killed } = error as { stderr?: string; killed?: boolean };
    if (killed === true) {
      return { missing: `the server is not built in ${BUILD_MINUTES} minutes; once more goes on` };
    }
    if (/dial tcp|no such host|i\/o timeout|TLS handshake/.test(stderr ?? '')) {
      return { missing: 'the Go modules of the server cannot be downloaded' };
    }
    throw error;
  }
  await rename(building, program);
  return program;
}

async function version(): Promise<string | undefined> {
  try {
    const { stdout } = await run('go', ['env', 'GOVERSION'], { env });
    return stdout.trim().replace(/^go/, '');
  } catch {
    return undefined;
  }
}

function isOlder(version: string, needed: string): boolean {
  return version.localeCompare(needed, 'en', { numeric: true }) < 0;
}

/** It ends when its input closes, which is no later than this process. */
export async function startServer(program: string): Promise<Server> {
  const server = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  const lines = createInterface({ input: server.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), exited])) as [unknown];
  if (typeof line !== 'string') throw new Error(`the server ended with ${String(line)}`);
  const { address, namespace } = JSON.parse(line) as { address: string; namespace: string };
  return {
    address,
    namespace,
    stop: async () => {
      server.stdin.end();
      await exited;
    },
  };
}
