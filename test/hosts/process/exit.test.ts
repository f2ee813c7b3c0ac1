/** Real processes: what keeps them alive, what does not, and what must not end them. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

interface Exit {
  readonly code: number | null;
  readonly lines: string[];
  readonly stderr: string;
}

function run(fixture: string, flags: string[] = []): Promise<Exit> {
  const path = fileURLToPath(new URL(`fixtures/${fixture}.mts`, import.meta.url));
  const child = spawn(process.execPath, [...flags, '--import', 'tsx', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000, // one that does not exit by itself is killed, and its code is null
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, lines: stdout.split('\n').filter(Boolean), stderr });
    });
  });
}

test('a process exits by itself right after its activities have ended', async () => {
  const { code, lines, stderr } = await run('done');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [failure, exit] = lines;
  expect(failure).toBe('ActivityFailure');
  expect(exit).toMatch(/^exit after \d+ ms$/);
  // Anything that could keep it alive takes an hour or more. The rest is a busy machine.
  expect(Number(/\d+/.exec(exit!)![0])).toBeLessThan(20_000);
});

test('a process stays alive while an activity waits', async () => {
  const { code, lines, stderr } = await run('backoff');
  expect(lines).toEqual([
    'attempt 1',
    'attempt 2',
    'attempt 3',
    'backed off',
    'delayed',
    'activity ScheduleToStart timeout after 30 ms',
    'activity Heartbeat timeout after 60 ms',
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('an unhandled rejection of an abandoned function does not end the process', async () => {
  const { code, lines, stderr } = await run('zombie');
  expect(lines).toEqual(['done', 'zombie 2 settled', 'exit 0']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('a process that is never idle keeps nothing of activities that are over', async () => {
  const { lines, stderr } = await run('never-idle', ['--expose-gc']);
  expect(stderr).toBe('');
  const bytesPerActivity = JSON.parse(lines[0]!) as Record<string, number>;
  expect(Object.keys(bytesPerActivity)).toEqual(['deadlines', 'keys', 'hung']);
  expect(bytesPerActivity['deadlines']).toBeLessThan(20);
  expect(bytesPerActivity['keys']).toBeLessThan(20);
  // For a hanging function, only the id is kept, and neither its arguments nor its activity.
  expect(bytesPerActivity['hung']).toBeLessThan(600);
});

test('a page of systole/inspect that is open does not keep the process alive', async () => {
  const path = fileURLToPath(new URL('fixtures/inspected.mts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000, // then its code is null
  });
  const exit = new Promise((resolve) => child.on('close', resolve));
  let said = '';
  let stream: Promise<string> | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    const [url = '', rest] = said.split('\n');
    // The connection breaks when the process ends.
    if (rest !== undefined) {
      stream ??= fetch(`${url}events`)
        .then(async ({ body }) => {
          let received = '';
          const decoder = new TextDecoder();
          for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
            received += decoder.decode(bytes, { stream: true });
            if (received.includes('"rows"')) said += 'seen\n';
          }
          return 'ended';
        })
        .catch(() => 'broken');
    }
  });
  expect(await exit).toBe(0);
  expect(said).toContain('seen');
  expect(said).toContain('done');
  expect(await stream).toMatch(/ended|broken/);
});
