/**
 * Runs in a sandboxed frame without an origin of its own and without a network. It starts a worker for
 * each scene, and stops one that is busy for too long.
 */
import type { FromFrame, FromWorker, ToFrame, Told } from './messages.js';

/** How long a scene may be silent before it is stopped. */
const SILENT_MS = 3_000;
const LONGEST_MS = 15_000;

const code = document.getElementById('worker')?.textContent ?? '';
const address = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));

let stop = (): void => {};

addEventListener('message', ({ data, source }: MessageEvent<ToFrame>) => {
  if (source === parent) start(data);
});

function start({ run, scene }: ToFrame): void {
  stop();
  const worker = new Worker(address);
  const began = performance.now();
  let silence: ReturnType<typeof setTimeout>;
  stop = () => {
    clearTimeout(silence);
    clearTimeout(longest);
    worker.terminate();
    stop = () => {};
  };
  const end = (message: FromFrame): void => {
    stop();
    tell(run, message);
  };
  const tooLong = (): void => end({ what: 'stopped', afterMs: performance.now() - began });
  const longest = setTimeout(tooLong, LONGEST_MS);
  const listen = (): void => {
    clearTimeout(silence);
    silence = setTimeout(tooLong, SILENT_MS);
  };
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.what === 'outcome') {
      end(data);
      return;
    }
    tell(run, data);
    listen();
  };
  worker.onerror = ({ message }) => end({ what: 'broken', message });
  listen();
  worker.postMessage(scene);
}

function tell(run: number, message: FromFrame): void {
  parent.postMessage({ run, message } satisfies Told, '*');
}

tell(0, { what: 'ready' });
