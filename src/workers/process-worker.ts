/** A worker that is a child process. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { realTimer } from '../kernel/clock.js';
import { withoutStack } from '../kernel/stack.js';
import { processScript, threadCode } from './code.js';
import type { Call, Report, Task } from './wire/messages.js';
import type { WorkerOptions } from './options.js';
import { packCall } from './wire/calls.js';
import { asLine, readLines, type FromWatchdog, type Lease, type ToWatchdog } from './wire/lines.js';
import { PATIENCE_MS } from './wire/stack.js';
import { PoolWorker } from './worker.js';

/**
 * How long the last output of a dead process may take, because one of its children may hold the
 * pipe.
 */
const LAST_WORDS_MS = 100;

const OVERDUE =
  'this program was suspended or blocked for so long that its lease of the activity ran out';

const HAS_GROUPS = process.platform !== 'win32';

export class ProcessWorker extends PoolWorker {
  readonly #child: ChildProcess;
  readonly #channel: Duplex;
  readonly #stderr: Readable;
  #whereFound: ((where: string | undefined) => void) | undefined;
  /** Why the process has ended itself. */
  #cause: Error | undefined;

  constructor({ module, env, execArgv, memoryLimitMb }: WorkerOptions) {
    super();
    const memory = memoryLimitMb === undefined ? [] : [`--max-old-space-size=${memoryLimitMb}`];
    const flags = [...(execArgv ?? inheritedFlags()), ...memory];
    const script = ['--input-type=commonjs', '--eval', processScript, 'systole-worker', module];
    this.#child = spawn(process.execPath, [...flags, ...script], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc', 'pipe'],
      serialization: 'advanced',
      env: env ?? process.env,
      // A separate group, so that Ctrl+C does not reach it and its children can be killed with it.
      detached: HAS_GROUPS,
      windowsHide: true,
    });
    const [, , stderr, , channel] = this.#child.stdio as unknown as [0, 0, Readable, 0, Duplex];
    this.#stderr = stderr;
    this.#channel = channel;
    stderr.setEncoding('utf8').on('data', (text: string) => {
      process.stderr.write(text);
      this.wrote(text);
    });
    channel.setEncoding('utf8').on(
      'data',
      readLines((words) => this.#said(words as FromWatchdog)),
    );
    channel.on('error', () => {}); // the process is gone, and 'exit' reports that
    this.#child.on('message', (report) => this.heard(report as Report));
    this.#child.on('error', (cause) => {
      if (this.#child.pid === undefined) this.hasExited({ cause }); // otherwise 'exit' follows
    });
    this.#child.once('disconnect', () => this.hasGone());
    this.#child.once('exit', (code, signal) => {
      this.hasGone();
      this.#channel.destroy();
      this.#whereFound?.(undefined);
      const exit = {
        exitCode: code ?? undefined,
        signal: signal ?? undefined,
        cause: this.#cause,
      };
      const done = (): void => {
        clear();
        stderr.destroy();
        this.hasExited(exit);
      };
      const clear = realTimer(done, LAST_WORDS_MS, true);
      stderr.once('close', done);
    });
    this.#send([threadCode, { role: 'process', module }]);
  }

  #said(words: FromWatchdog): void {
    if ('where' in words) this.#whereFound?.(words.where ?? undefined);
    else if ('overdue' in words) this.#cause = withoutStack(() => new Error(OVERDUE));
    else this.delivered(words);
  }

  /** The 'exit' event reports a process that is gone. */
  #send(message: unknown): void {
    if (this.#child.connected) this.#child.send(message as object, () => {});
  }

  #tell(words: ToWatchdog): void {
    if (this.#channel.writable) this.#channel.write(asLine(words));
  }

  run(task: Task): void {
    this.#send(task);
  }

  call(call: Call): void {
    this.#tell({ call: packCall(call) });
  }

  override lease(lease: Lease): void {
    this.#tell({ lease });
  }

  whereItIs(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#whereFound = resolve;
      this.#tell({ where: true });
      realTimer(() => resolve(undefined), PATIENCE_MS + 100, true);
    });
  }

  protected killNow(): void {
    const { pid } = this.#child;
    try {
      if (HAS_GROUPS && pid !== undefined) process.kill(-pid, 'SIGKILL');
      else this.#child.kill('SIGKILL');
    } catch {
      // Called when the process has ended by itself.
    }
  }

  retire(): void {
    if (this.#child.connected) this.#child.disconnect();
    this.#channel.end(); // the watchdog ends the process
  }

  protected keepAlive(keep: boolean): void {
    const what = keep ? 'ref' : 'unref';
    this.#child[what]();
    this.#child.channel?.[what]();
    (this.#channel as unknown as Handle)[what]();
    (this.#stderr as unknown as Handle)[what]();
  }
}

interface Handle {
  ref(): void;
  unref(): void;
}

/** Flags that would run one of the program's scripts or open a port that it has opened. */
const OWN_FLAGS =
  /^--?(?:e|eval|p|print|pe|c|check|i|interactive|test|watch|input-type|inspect|debug)\b/;
const WITH_VALUE = /^(?:-e|--eval|-p|-pe|--print|--input-type|--watch-path)$/;

/** The flags of this process, as with `child_process.fork`. */
export function inheritedFlags(flags: readonly string[] = process.execArgv): string[] {
  return flags.filter((flag, index) => {
    const before = flags[index - 1];
    return !OWN_FLAGS.test(flag) && !(before !== undefined && WITH_VALUE.test(before));
  });
}
