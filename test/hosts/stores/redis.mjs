// Starts a Redis that keeps nothing on the disk.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** @param port the port; without one, any that is free */
export async function startRedis(program, port) {
  const own = port ?? (await freePort());
  const args = ['--port', String(own), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const ready = (async () => {
    let text = '';
    for await (const more of child.stdout) {
      text += more;
      if (text.includes('Ready to accept connections')) return;
    }
    throw new Error(`Redis did not start:\n${text}`);
  })();
  await ready;
  return {
    url: `redis://127.0.0.1:${own}`,
    port: own,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
