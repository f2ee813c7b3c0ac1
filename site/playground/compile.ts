/** Makes a function of the code of a scene, and finds the lines of its errors. */
import type { ActivityContext } from 'systole';
import { briefly } from '../../src/timeline/shown.js';
import { parse, type Statement } from './parser.mjs';

/** An activity of the playground. */
export type Played = (ctx: ActivityContext, world: unknown) => unknown;

/** The code cannot be run. */
export class CodeError extends Error {
  override readonly name = 'CodeError';
  /** The line that is wrong, from 1; undefined if no line of its own is. */
  readonly line: number | undefined;

  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

const FILE = 'activity.js';
const LONGEST_PRINTED = 1_000;

/** The name of the activity and the code without the word `export`, on the same lines. */
export interface Program {
  readonly name: string;
  readonly code: string;
}

/**
 * Reads the code of a scene. Its first function is the activity.
 *
 * @throws CodeError
 */
export function programOf(code: string): Program {
  const body = parsed(code);
  let plain = code;
  let name: string | undefined;
  for (const statement of body) {
    const { type, start, loc, declaration } = statement;
    if (type === 'ImportDeclaration' || type === 'ExportAllDeclaration') {
      throw new CodeError('The playground has no modules to import', loc.start.line);
    }
    const declared = type.startsWith('Export') ? (declaration ?? undefined) : statement;
    if (declared !== statement) {
      // The same number of characters, so that every place stays where it is.
      const end = declared?.start ?? statement.end;
      plain = plain.slice(0, start) + blank(plain.slice(start, end)) + plain.slice(end);
    }
    name ??= functionName(declared);
  }
  if (name === undefined) {
    throw new CodeError('There is no activity: write a function, such as async function work(ctx)');
  }
  return { name, code: plain };
}

function parsed(code: string): readonly Statement[] {
  try {
    return parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true }).body;
  } catch (error) {
    const { message, loc } = error as SyntaxError & { readonly loc?: { readonly line: number } };
    throw new CodeError(message.replace(/ \(\d+:\d+\)$/, ''), loc?.line);
  }
}

function functionName(statement: Statement | undefined): string | undefined {
  return statement?.type === 'FunctionDeclaration' ? statement.id?.name : undefined;
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ');
}

/** @throws CodeError, and anything that the code throws at its top level */
export function activityOf({ name, code }: Program, print: (line: string) => void): Played {
  const log = (...values: readonly unknown[]): void => print(values.map(printedAs).join(' '));
  const make = evaluate(
    `(console) => {'use strict';${code}\n;return ${name};}\n//# sourceURL=${FILE}`,
  ) as (console: object) => Played;
  return make({ log, info: log, warn: log, error: log, debug: log });
}

/** @throws CodeError if the text is not an object */
export function optionsOf(text: string): Record<string, unknown> {
  try {
    parsed(`(${text}\n)`);
    const options = evaluate(`(() => (${text}\n))()\n//# sourceURL=options.js`);
    if (typeof options === 'object' && options !== null) return options as Record<string, unknown>;
  } catch (error) {
    const line = error instanceof CodeError ? error.line : undefined;
    throw new CodeError(`The options cannot be read: ${(error as Error).message}`, line);
  }
  throw new CodeError("The options are an object, such as { heartbeatTimeout: '3s' }");
}

/** In the global scope, where the code sees nothing of ours. */
export function evaluate(text: string): unknown {
  return (0, eval)(text);
}

/** The line of the code that an error came from; undefined if none of its lines is in the stack. */
export function lineOf(error: unknown): number | undefined {
  if (error instanceof CodeError) return error.line;
  const stack = (error as Partial<Error> | null)?.stack;
  if (typeof stack !== 'string') return undefined;
  const line = /activity\.js:(\d+)/.exec(stack)?.[1];
  return line === undefined ? undefined : Number(line);
}

function printedAs(value: unknown): string {
  return typeof value === 'string' ? value : briefly(value, LONGEST_PRINTED);
}
