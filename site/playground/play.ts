/** Plays a scene on the real engine, in virtual time. */
import { ActivityFailure, CancelledFailure, TimeoutFailure } from 'systole';
import { TestActivityEnvironment } from 'systole/testing';
import { timelineSvg, timelineText, type TimelineEvent } from 'systole/timeline';
import { briefly } from '../../src/timeline/shown.js';
import { activityOf, evaluate, lineOf, optionsOf, programOf } from './compile.js';
import { crashedAt, joined } from './processes.js';
import { testText, type Caller, type Told } from './test-text.js';
import type { Happening, Scene } from './scene.js';
import { worldText, type WorldEnvironment } from './world.js';

/** A mistake in the code, with its line if it is known. */
export interface Mistake {
  readonly message: string;
  readonly line?: number | undefined;
}

/** A picture of what has happened so far. */
export interface Frame {
  /** Virtual milliseconds since the beginning. */
  readonly now: number;
  readonly svg: string;
  /** The same as text. */
  readonly text: string;
}

export interface Outcome extends Frame {
  /** The status of the activity, such as `'COMPLETED'`; `'RUNNING'` if it is still open. */
  readonly status: string;
  /** What became of the activity, in one sentence. */
  readonly summary: string;
  /** What the code printed. */
  readonly printed: readonly string[];
  /** What was planned and did not happen. */
  readonly notes: readonly string[];
  readonly mistakes: readonly Mistake[];
  /** The scene as a test; undefined if the code could not be run. */
  readonly test: string | undefined;
}

/** How long it takes to start the program again after a crash. */
const RESTART_MS = 1_000;
const SLICE_MS = 100;
/** After this time, an activity that is still open stays so. */
const LONGEST_MS = 7 * 86_400_000;
const LONGEST_SLICE_MS = 3_600_000;
const MAX_EVENTS = 2_000;
const DRAW_AGAIN = 1.03;
const MAX_LINES = 200;
const LONGEST_RESULT = 1_000;
const WIDTH = 800;

/** @param onFrame called now and then with the picture so far */
export async function play(scene: Scene, onFrame: (frame: Frame) => void): Promise<Outcome> {
  const stage = new Stage(scene);
  try {
    stage.prepare();
    await stage.play(onFrame);
  } catch (error) {
    stage.blame(error);
  }
  return stage.outcome();
}

const ENDINGS: Readonly<Record<string, string>> = {
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  TIMED_OUT: 'Timed out',
  CANCELED: 'Cancelled',
  TERMINATED: 'Terminated',
};

interface Act {
  readonly at: number;
  readonly do: 'cancel' | 'pause' | 'unpause' | 'crash';
}

class Stage {
  readonly #scene: Scene;
  readonly #printed: string[] = [];
  readonly #mistakes: Mistake[] = [];
  readonly #notes: string[] = [];
  readonly #store = new Map<string, string>();
  /** The events of the processes that have crashed. */
  #past: readonly TimelineEvent[] = [];
  readonly #told: Told[] = [];
  #start: ((env: TestActivityEnvironment) => Handle) | undefined;
  #env = new TestActivityEnvironment();
  #handle: Handle | undefined;
  /** What has not come yet, in order of time. */
  #acts: Act[] = [];
  /** When the process began. */
  #offset = 0;
  #sleeping = 0;
  /** What the caller got; undefined while it waits. */
  #caller: Caller | undefined;
  #name = '';

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** @throws CodeError, and what the code throws at its top level */
  prepare(): void {
    const { code, options, happenings } = this.#scene;
    const program = programOf(code);
    this.#name = program.name;
    const print = (line: string): void => {
      if (this.#printed.length < MAX_LINES) this.#printed.push(line);
    };
    const activity = activityOf(program, print);
    const call = optionsOf(options);
    const text = worldText(happenings, true);
    const worldOf = evaluate(`(() => {${text}\nreturn worldOf;})()`) as (
      env: WorldEnvironment,
    ) => unknown;
    this.#start = (env) => env.start(activity, { ...call, args: [worldOf(this.#around(env))] });
  }

  /** Plays all processes, each until its crash. */
  async play(onFrame: (frame: Frame) => void): Promise<void> {
    this.#acts = this.#scene.happenings.flatMap(actsOf).sort((a, b) => a.at - b.at);
    for (let process = 1; ; process++) {
      this.#begin(process === 1);
      const crashed = await this.#playUntilCrash(onFrame);
      if (!crashed) break;
      this.#crash();
    }
    for (const { do: what, at } of this.#acts) {
      if (what === 'unpause') continue;
      this.#notes.push(`The activity had closed before ${at / 1000} s, so no ${what} came.`);
    }
    await this.#end();
  }

  #begin(first: boolean): void {
    const crashes = this.#scene.happenings.some((one) => one.do === 'crash');
    const store = crashes ? { store: this.#store } : {};
    this.#env = new TestActivityEnvironment({ logger: false, autoSkip: false, ...store });
    this.#sleeping = 0;
    if (first) {
      for (const one of this.#scene.happenings) {
        if (one.do !== 'throw') continue;
        this.#env.failOnHeartbeat(one.heartbeat, new Error('connection lost'));
      }
    }
    this.#handle = this.#start?.(this.#env);
    this.#caller = undefined;
    this.#handle?.result().then(
      (result) => (this.#caller = { result }),
      (error: unknown) => (this.#caller = { failure: causeOf(error) }),
    );
    this.#told.push({ steps: [], crashed: false });
  }

  async #playUntilCrash(onFrame: (frame: Frame) => void): Promise<boolean> {
    let slice = SLICE_MS;
    let seen = -1;
    let drawn = 0;
    while (!this.#over()) {
      const due = (this.#acts[0]?.at ?? Infinity) - this.#offset;
      const until = Math.max(this.#env.now(), Math.min(this.#env.now() + slice, due));
      await this.#env.advance(until - this.#env.now());
      if (this.#env.now() >= due && !this.#closed()) {
        const act = this.#acts.shift() as Act;
        if (act.do === 'crash') return true;
        this.#act(act.do);
        await this.#env.advance(0);
      }
      const events = this.#events();
      slice = events.length === seen ? Math.min(2 * slice, LONGEST_SLICE_MS) : SLICE_MS;
      seen = events.length;
      // A long story takes long to draw, so it is drawn less often.
      if (seen > DRAW_AGAIN * drawn) {
        onFrame(this.#frame(events));
        drawn = seen;
      }
      if (events.length > MAX_EVENTS) {
        this.#notes.push(`It was stopped after ${MAX_EVENTS} events.`);
        return false;
      }
    }
    return false;
  }

  #act(what: 'cancel' | 'pause' | 'unpause'): void {
    const handle = this.#handle as Handle;
    const open = handle.describe().status;
    if (what === 'unpause' && open !== 'PAUSED' && !requestsPause(handle)) return;
    this.#tell(what);
    if (what === 'cancel') handle.cancel('stopped by the reader');
    else handle[what]();
  }

  /** Notes for the test what was done, and when. */
  #tell(what?: Told['steps'][number]['do']): void {
    const last = this.#told.at(-1) as Told;
    const before = last.steps.reduce((sum, { ms }) => sum + ms, 0);
    last.steps.push({ ms: this.#env.now() - before, do: what });
  }

  /** The process dies: nothing of it runs any more, and another process begins. */
  #crash(): void {
    this.#tell();
    (this.#told.at(-1) as Told).crashed = true;
    const at = EPOCH + this.#offset + this.#env.now();
    this.#past = crashedAt(at, this.#events());
    this.#offset += this.#env.now() + RESTART_MS;
  }

  async #end(): Promise<void> {
    this.#tell();
    if (!this.#closed()) return;
    // It says which plans have not happened.
    await this.#env[Symbol.asyncDispose]().catch((error: unknown) => {
      for (const [plan] of String(error).matchAll(/failOnHeartbeat\(\d+\)/g)) {
        this.#notes.push(`${plan}: there was no such heartbeat.`);
      }
    });
  }

  #closed(): boolean {
    return this.#env.events.some(({ name }) => name === 'completed' || name === 'failed');
  }

  /** The activity has closed, and no function of it will wake up again; or nothing moves any more. */
  #over(): boolean {
    return (this.#closed() && this.#sleeping === 0) || this.#env.now() > LONGEST_MS;
  }

  #around(env: TestActivityEnvironment): WorldEnvironment {
    return {
      sleep: async (duration) => {
        this.#sleeping++;
        await env.sleep(duration as '1s');
        this.#sleeping--;
      },
      // A process that crashes does not wait for its event loop.
      blockEventLoop: (duration) =>
        env.blockEventLoop(Math.min(1000 * Number.parseFloat(duration), this.#untilCrash())),
    };
  }

  #untilCrash(): number {
    const { at = Infinity } = this.#acts.find((act) => act.do === 'crash') ?? {};
    return Math.max(0, at - this.#offset - this.#env.now());
  }

  /** The events of all processes so far. */
  #events(): TimelineEvent[] {
    return joined(this.#past, this.#env.recording.toJSON(), this.#offset);
  }

  #frame(events: readonly TimelineEvent[]): Frame {
    const now = this.#offset + this.#env.now();
    const text = timelineText(events);
    return { now, svg: timelineSvg(events, { width: WIDTH, title: this.#scene.title }), text };
  }

  /** Adds a mistake of the code, or of the options. */
  blame(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#mistakes.push({ message, line: lineOf(error) });
  }

  outcome(): Outcome {
    for (const { error } of this.#env.attempts) {
      // A timeout or a cancellation may have come up at a line of the code, but is no mistake of it.
      const ours = error instanceof TimeoutFailure || error instanceof CancelledFailure;
      const line = ours ? undefined : lineOf(error);
      if (line !== undefined && !this.#mistakes.some((one) => one.line === line)) this.blame(error);
    }
    const frame = this.#frame(this.#events());
    const end = this.#env.events.findLast(({ name }) => name === 'completed' || name === 'failed');
    const status = end === undefined ? 'RUNNING' : end.name === 'failed' ? end.status : 'COMPLETED';
    const ran = this.#handle !== undefined && this.#told.length > 0;
    return {
      ...frame,
      status: ran ? status : 'FAILED',
      summary: ran ? this.#summary(status) : 'The code could not be run.',
      printed: this.#printed,
      notes: this.#notes,
      mistakes: this.#mistakes,
      test: ran ? this.#test(status) : undefined,
    };
  }

  #summary(status: string): string {
    const attempts = this.#env.attempts.at(-1)?.attempt ?? 0;
    const counted = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
    const process = this.#told.length === 1 ? '' : ` of process ${this.#told.length}`;
    const after = `after ${counted}${process}`;
    const { result, failure } = this.#caller ?? {};
    if (status === 'RUNNING') return `The activity is still open ${after}.`;
    const words = `${ENDINGS[status] ?? status} ${after}`;
    if (failure !== undefined) return `${words}. The caller got the failure: ${failure}`;
    return `${words}. The caller got: ${briefly(result, LONGEST_RESULT)}`;
  }

  #test(status: string): string {
    return testText({
      scene: this.#scene,
      name: this.#name,
      told: this.#told,
      status,
      caller: this.#caller,
      attempts: this.#env.attempts.map(({ outcome, heartbeatDetails }) => ({
        outcome,
        heartbeatDetails,
      })),
      unmet: this.#notes.flatMap((note) => /failOnHeartbeat\((\d+)\)/.exec(note)?.[1] ?? []),
    });
  }
}

/** Where the virtual clock of an environment begins. */
const EPOCH = new TestActivityEnvironment().recording.toJSON()[0]?.at ?? 0;

type Handle = ReturnType<TestActivityEnvironment['start']>;

function actsOf(happening: Happening): Act[] {
  switch (happening.do) {
    case 'cancel':
    case 'crash':
      return [{ at: 1000 * happening.at, do: happening.do }];
    case 'pause': {
      const { at, seconds } = happening;
      return [
        { at: 1000 * at, do: 'pause' },
        { at: 1000 * (at + seconds), do: 'unpause' },
      ];
    }
    case 'throw':
    case 'hang':
    case 'slow':
    case 'block':
      return [];
  }
}

function requestsPause(handle: Handle): boolean {
  return handle.describe().runState === 'PAUSE_REQUESTED';
}

function causeOf(failure: unknown): string {
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  return cause instanceof Error ? cause.message : String(cause);
}
