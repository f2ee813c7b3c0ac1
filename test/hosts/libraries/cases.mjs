// What an activity may wait in: each case is given a signal, and hangs until that aborts. `begun`
// says that it hangs now; a request to `/hang` says so by itself, when it has arrived.
import { execFile, spawn } from 'node:child_process';
import { EventEmitter, on, once } from 'node:events';
import { watch, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { createInterface } from 'node:readline/promises';
import { addAbortSignal, PassThrough, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { setInterval, setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Anthropic from '@anthropic-ai/sdk';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import axios from 'axios';
import { Effect } from 'effect';
import { Effect as Effect3 } from 'effect3';
import { execa } from 'execa';
import { request as gaxios } from 'gaxios';
import got from 'got';
import ky from 'ky';
import nodeFetch from 'node-fetch';
import OpenAI from 'openai';
import PQueue from 'p-queue';
import pRetry from 'p-retry';
import { Piscina } from 'piscina';
import * as undici from 'undici';

const HANG = ['-e', 'console.log("begun"); setInterval(() => {}, 1000)'];
const never = () => new Promise(() => {});
const PATIENT = { minTimeout: 1_000_000, maxTimeout: 1_000_000 };

/** What the code would ask an AI service. */
const CHAT = { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'hello' }] };

const sink = () => new Writable({ write: (_chunk, _encoding, done) => done() });

const pool = new Piscina({
  filename: fileURLToPath(new URL('hanging-worker.mjs', import.meta.url)),
  maxThreads: 1,
});

/** Ends what the cases share. */
export async function close() {
  await pool.close({ force: true });
}

function s3(url) {
  return new S3Client({
    endpoint: url,
    region: 'here',
    forcePathStyle: true,
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
  });
}

async function readAll(stream, begun) {
  for await (const chunk of stream) if (chunk !== undefined) begun();
}

/** An error event rejects. Anything else leaves it hanging. */
function erring(emitter) {
  return new Promise((_, reject) => emitter.on('error', reject));
}

/** By package and call. `in` is the code as the docs show it. */
export const cases = [
  // ── Requests ─────────────────────────────────────────────────────────────────────────────────
  {
    of: 'fetch',
    in: 'fetch(url, { signal })',
    wait: ({ hang, signal }) => fetch(hang, { signal }),
  },
  {
    of: 'fetch',
    in: 'response.text()',
    wait: async ({ body, signal, begun }) => {
      const response = await fetch(body, { signal });
      begun();
      return response.text();
    },
  },
  {
    of: 'fetch',
    in: 'Promise.any([fetch(…), …])',
    wait: ({ hang, signal }) =>
      Promise.any([fetch(hang, { signal }), fetch(hang, { signal }), Promise.reject(new Error())]),
  },
  {
    of: 'undici',
    in: 'request(url, { signal })',
    wait: ({ hang, signal }) => undici.request(hang, { signal }),
  },
  {
    of: 'undici',
    in: 'body.text()',
    wait: async ({ body, signal, begun }) => {
      const response = await undici.request(body, { signal });
      begun();
      return response.body.text();
    },
  },
  {
    of: 'undici',
    in: 'fetch(url, { signal })',
    wait: ({ hang, signal }) => undici.fetch(hang, { signal }),
  },
  {
    of: 'undici',
    in: 'stream(url, { signal }, factory)',
    wait: ({ hang, signal }) => undici.stream(hang, { signal }, sink),
  },
  {
    of: 'axios',
    in: 'get(url, { signal })',
    wait: ({ hang, signal }) => axios.get(hang, { signal }),
  },
  {
    of: 'axios',
    in: "get(url, { signal, adapter: 'fetch' })",
    wait: ({ hang, signal }) => axios.get(hang, { signal, adapter: 'fetch' }),
  },
  {
    of: 'axios',
    in: "responseType: 'stream'",
    wait: async ({ body, signal, begun }) => {
      const { data } = await axios.get(body, { signal, responseType: 'stream' });
      return readAll(data, begun);
    },
  },
  { of: 'got', in: 'got(url, { signal })', wait: ({ hang, signal }) => got(hang, { signal }) },
  {
    of: 'got',
    in: 'got.stream(url, { signal })',
    wait: ({ body, signal, begun }) => readAll(got.stream(body, { signal }), begun),
  },
  { of: 'ky', in: 'ky(url, { signal })', wait: ({ hang, signal }) => ky(hang, { signal }) },
  {
    of: 'ky',
    in: '.text()',
    wait: async ({ body, signal, begun }) => {
      const response = await ky(body, { signal });
      begun();
      return response.text();
    },
  },
  {
    of: 'ky',
    in: 'between two tries',
    wait: ({ fail, signal, begun }) =>
      ky(fail, {
        signal,
        retry: {
          limit: 1,
          delay: () => {
            setImmediate(begun);
            return 1_000_000;
          },
        },
      }),
  },
  {
    of: 'node-fetch',
    in: 'fetch(url, { signal })',
    wait: ({ hang, signal }) => nodeFetch(hang, { signal }),
  },
  {
    of: 'node-fetch',
    in: 'response.text()',
    wait: async ({ body, signal, begun }) => {
      const response = await nodeFetch(body, { signal });
      begun();
      return response.text();
    },
  },
  {
    of: 'gaxios',
    in: 'request({ url, signal })',
    wait: ({ hang, signal }) => gaxios({ url: hang, signal }),
  },
  {
    of: 'gaxios',
    in: "responseType: 'stream'",
    wait: async ({ body, signal, begun }) => {
      const { data } = await gaxios({ url: body, signal, responseType: 'stream' });
      return readAll(data, begun);
    },
  },
  {
    of: 'openai',
    in: 'chat.completions.create(…, { signal })',
    wait: ({ hang, signal }) =>
      new OpenAI({ apiKey: 'k', baseURL: hang }).chat.completions.create(CHAT, { signal }),
  },
  {
    of: 'openai',
    in: 'for await (… of stream), then signal.throwIfAborted()',
    wait: async ({ events, signal, begun }) => {
      const client = new OpenAI({ apiKey: 'k', baseURL: events });
      const stream = await client.chat.completions.create({ ...CHAT, stream: true }, { signal });
      await readAll(stream, begun);
      signal.throwIfAborted(); // the loop ends as if all data had come
    },
  },
  {
    of: '@anthropic-ai/sdk',
    in: 'messages.create(…, { signal })',
    wait: ({ hang, signal }) =>
      new Anthropic({ apiKey: 'k', baseURL: hang }).messages.create(CHAT, { signal }),
  },
  {
    of: '@anthropic-ai/sdk',
    in: 'messages.stream(…, { signal })',
    wait: ({ events, signal, begun }) => {
      const client = new Anthropic({ apiKey: 'k', baseURL: events });
      return client.messages.stream(CHAT, { signal }).on('streamEvent', begun).finalMessage();
    },
  },
  {
    of: '@aws-sdk/client-s3',
    in: 'send(command, { abortSignal: signal })',
    wait: ({ hang, signal }) =>
      s3(hang).send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }), { abortSignal: signal }),
  },
  {
    of: '@aws-sdk/client-s3',
    in: 'pipeline(Body, file, { signal })',
    wait: async ({ body, signal, begun }) => {
      const command = new GetObjectCommand({ Bucket: 'b', Key: 'k' });
      const { Body } = await s3(body).send(command, { abortSignal: signal });
      begun();
      return pipeline(Body, sink(), { signal });
    },
  },
  // ── Processes, threads, queues ───────────────────────────────────────────────────────────────
  {
    of: 'execa',
    in: 'execa(file, { cancelSignal: signal })',
    wait: ({ signal, begun }) => {
      const child = execa(process.execPath, HANG, { cancelSignal: signal });
      child.stdout.once('data', begun);
      return child;
    },
  },
  {
    of: 'p-retry',
    in: 'pRetry(() => fetch(…), { signal })',
    wait: ({ hang, signal }) => pRetry(() => fetch(hang, { signal }), { signal }),
  },
  {
    of: 'p-retry',
    in: 'between two tries',
    wait: ({ signal, begun }) => {
      const work = () => {
        setImmediate(begun);
        throw new Error('no');
      };
      return pRetry(work, { signal, ...PATIENT });
    },
  },
  {
    of: 'p-queue',
    in: 'add(work, { signal })',
    wait: ({ hang, signal }) => new PQueue().add(() => fetch(hang, { signal }), { signal }),
  },
  {
    of: 'p-queue',
    in: 'in the queue',
    wait: ({ signal, begun }) => {
      const queue = new PQueue({ concurrency: 1 });
      void queue.add(never);
      begun();
      return queue.add(never, { signal });
    },
  },
  {
    of: 'piscina',
    in: 'run(task, { signal })',
    wait: ({ signal, begun }) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        begun();
      };
      return pool.run(port2, { signal, transferList: [port2] });
    },
  },
  {
    of: 'effect',
    in: 'runPromise(effect, { signal })',
    wait: ({ signal, begun }) =>
      Effect.runPromise(Effect.andThen(Effect.sync(begun), Effect.never), { signal }),
  },
  {
    of: 'effect',
    in: 'tryPromise((signal) => fetch(…))',
    wait: ({ hang, signal }) =>
      Effect.runPromise(
        Effect.tryPromise((inner) => fetch(hang, { signal: inner })),
        { signal },
      ),
  },
  {
    of: 'effect3',
    in: 'runPromise(effect, { signal }).finally(() => signal.throwIfAborted())',
    wait: ({ signal, begun }) =>
      Effect3.runPromise(Effect3.andThen(Effect3.sync(begun), Effect3.never), { signal }).finally(
        () => signal.throwIfAborted(),
      ),
  },
  // ── Node ─────────────────────────────────────────────────────────────────────────────────────
  {
    of: 'node:child_process',
    in: 'spawn(command, { signal })',
    wait: ({ signal, begun }) => {
      const child = spawn(process.execPath, HANG, { signal });
      child.stdout.once('data', begun);
      return erring(child);
    },
  },
  {
    of: 'node:child_process',
    in: 'promisify(execFile)(file, { signal })',
    wait: ({ signal, begun }) => {
      const running = promisify(execFile)(process.execPath, HANG, { signal });
      running.child.stdout.once('data', begun);
      return running;
    },
  },
  {
    of: 'node:http',
    in: 'get(url, { signal })',
    wait: ({ hang, signal }) => erring(get(hang, { signal })),
  },
  {
    of: 'node:stream',
    in: 'pipeline(source, sink, { signal })',
    wait: ({ signal, begun }) => {
      begun();
      return pipeline(new PassThrough(), sink(), { signal });
    },
  },
  {
    of: 'node:stream',
    in: 'finished(stream, { signal })',
    wait: ({ signal, begun }) => {
      begun();
      return finished(new PassThrough(), { signal });
    },
  },
  {
    of: 'node:stream',
    in: 'for await (… of addAbortSignal(signal, stream))',
    wait: ({ signal, begun }) => {
      begun();
      return readAll(addAbortSignal(signal, new PassThrough()), begun);
    },
  },
  {
    of: 'node:events',
    in: 'once(emitter, name, { signal })',
    wait: ({ signal, begun }) => {
      begun();
      return once(new EventEmitter(), 'event', { signal });
    },
  },
  {
    of: 'node:events',
    in: 'for await (… of on(emitter, name, { signal }))',
    wait: ({ signal, begun }) => {
      begun();
      return readAll(on(new EventEmitter(), 'event', { signal }), begun);
    },
  },
  {
    of: 'node:timers/promises',
    in: 'setTimeout(ms, value, { signal })',
    wait: ({ signal, begun }) => {
      begun();
      return setTimeout(1_000_000, undefined, { signal });
    },
  },
  {
    of: 'node:timers/promises',
    in: 'for await (… of setInterval(ms, value, { signal }))',
    wait: ({ signal, begun }) => {
      begun();
      return readAll(setInterval(1_000_000, 1, { signal }), begun);
    },
  },
  {
    of: 'node:fs',
    in: 'writeFile(path, chunks, { signal })',
    wait: ({ file, signal, begun }) => {
      const chunks = async function* () {
        for (;;) {
          yield await setTimeout(5, 'more');
          begun();
        }
      };
      return writeFile(file, chunks(), { signal });
    },
  },
  {
    of: 'node:fs',
    in: 'for await (… of watch(path, { signal }))',
    wait: ({ folder, signal, begun }) => {
      begun();
      return readAll(watch(folder, { signal }), begun);
    },
  },
  {
    of: 'node:readline',
    in: 'question(text, { signal })',
    wait: ({ signal, begun }) => {
      const lines = createInterface({ input: new PassThrough() });
      begun();
      return lines.question('', { signal }).finally(() => lines.close());
    },
  },
];
