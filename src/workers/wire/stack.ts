/** Reads the stack of a busy thread through the inspector. No port is opened. */
import { SourceMap, type SourceMapPayload } from 'node:module';
import { realTimer } from '../../kernel/clock.js';

/** The messages between a debugger and the thread that it is attached to. */
export interface Debugger {
  post(method: string, answered?: () => void): void;
  on(method: string, listener: (params: never) => void): void;
}

interface Script {
  readonly scriptId: string;
  readonly url: string;
  readonly sourceMapURL: string;
}

interface Frame {
  readonly functionName: string;
  readonly location: {
    readonly scriptId: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
}

/**
 * How long we wait for a thread to answer. One that runs JavaScript does so within milliseconds, and
 * one that waits does too. One in a native call does not.
 */
export const PATIENCE_MS = 500;

/** A thread that runs JavaScript stops right after its answer. */
const QUIET_MS = 100;

/** The file name of our own code on the far side. */
export const OURS = 'systole-worker';

/** Pauses the thread for a moment. Undefined if it does not run any JavaScript. */
export function pausedStack(thread: Debugger): Promise<string | undefined> {
  return new Promise((resolve) => {
    const scripts = new Map<string, Script>();
    let stopped = false;
    const giveUp = (): void => {
      resolve(undefined);
      thread.post('Debugger.disable'); // it may still stop
    };
    let clear = realTimer(giveUp, PATIENCE_MS, true);
    thread.on('Debugger.scriptParsed', (script: Script) => {
      scripts.set(script.scriptId, script);
    });
    thread.on('Debugger.paused', ({ callFrames }: { callFrames: readonly Frame[] }) => {
      stopped = true;
      clear();
      resolve(inWords(callFrames, scripts));
      thread.post('Debugger.resume'); // a paused thread cannot be ended
    });
    thread.post('Debugger.enable');
    thread.post('Debugger.pause', () => {
      clear();
      if (!stopped) clear = realTimer(giveUp, QUIET_MS, true);
    });
  });
}

/** Frames of Node, of our code, of the script that starts it, and of a TypeScript loader. */
const NOT_THEIRS = new RegExp(`^$|^node:|^evalmachine|^\\[|${OURS}|/node_modules/tsx/`);

/** Writes frames like `error.stack`, without those of Node and our own. */
function inWords(
  frames: readonly Frame[],
  scripts: ReadonlyMap<string, Script>,
): string | undefined {
  const lines = frames
    .map((frame) => ({ ...frame, script: scripts.get(frame.location.scriptId) }))
    .filter(({ script }) => !NOT_THEIRS.test(script?.url ?? ''))
    .map(({ functionName, location, script }) => {
      const url = script?.url ?? '';
      const { line, column } = original(location, script);
      const place = `${url}:${line}:${column}`;
      return functionName === '' ? `    at ${place}` : `    at ${functionName} (${place})`;
    });
  return lines.length === 0 ? undefined : lines.join('\n');
}

const INLINE = /^data:application\/json[^,]*;base64,/;

/** The position in the original file, by the source map that a loader has put into the code. */
function original(
  { lineNumber, columnNumber }: Frame['location'],
  script: Script | undefined,
): { readonly line: number; readonly column: number } {
  const here = { line: lineNumber + 1, column: columnNumber + 1 };
  const [head] = INLINE.exec(script?.sourceMapURL ?? '') ?? [];
  if (head === undefined || script === undefined) return here;
  try {
    const text = Buffer.from(script.sourceMapURL.slice(head.length), 'base64').toString();
    const map = new SourceMap(JSON.parse(text) as SourceMapPayload);
    const { originalLine, originalColumn } = map.findEntry(lineNumber, columnNumber) as {
      readonly originalLine?: number;
      readonly originalColumn?: number;
    };
    if (originalLine === undefined || originalColumn === undefined) return here;
    return { line: originalLine + 1, column: originalColumn + 1 };
  } catch {
    return here;
  }
}
