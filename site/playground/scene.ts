/** A scene of the playground: an activity, the options of its call, and what the world does to it. */

/** What the world does. Steps, items and heartbeats count from 1; times are in seconds. */
export type Happening =
  | { readonly do: 'throw'; readonly heartbeat: number }
  | { readonly do: 'hang'; readonly step: number }
  | { readonly do: 'slow'; readonly step: number; readonly seconds: number }
  | { readonly do: 'block'; readonly step: number; readonly seconds: number }
  | { readonly do: 'cancel'; readonly at: number }
  | { readonly do: 'pause'; readonly at: number; readonly seconds: number }
  | { readonly do: 'crash'; readonly at: number };

export type HappeningKind = Happening['do'];

export interface Scene {
  /** What the scene shows, in one line. */
  readonly title: string;
  /** JavaScript whose first function is the activity. It takes `ctx` and `world`. */
  readonly code: string;
  /** The options of the call, as a JavaScript object. */
  readonly options: string;
  readonly happenings: readonly Happening[];
}

/** A number that a happening has. */
export interface Field {
  readonly name: 'heartbeat' | 'step' | 'seconds' | 'at';
  readonly label: string;
  readonly whole: boolean;
  readonly most: number;
  /** What a new happening begins with. */
  readonly value: number;
}

const heartbeat: Field = {
  name: 'heartbeat',
  label: 'at heartbeat',
  whole: true,
  most: 1_000,
  value: 3,
};
const step: Field = { name: 'step', label: 'at step', whole: true, most: 1_000, value: 3 };
const at: Field = { name: 'at', label: 'after seconds', whole: false, most: 600, value: 2.2 };
const seconds: Field = { name: 'seconds', label: 'for seconds', whole: false, most: 600, value: 5 };

/** What the world can do, in words, and the numbers of each. */
export const KINDS: Readonly<
  Record<HappeningKind, { readonly words: string; readonly fields: readonly Field[] }>
> = {
  throw: { words: 'An error is thrown', fields: [heartbeat] },
  hang: { words: 'A step hangs', fields: [step] },
  slow: { words: 'A step is slow', fields: [step, seconds] },
  block: { words: 'The event loop is blocked', fields: [step, seconds] },
  cancel: { words: 'The activity is cancelled', fields: [at] },
  pause: { words: 'The activity is paused', fields: [at, seconds] },
  crash: { words: 'The process crashes', fields: [at] },
};

export const MAX_HAPPENINGS = 12;
export const LONGEST_TEXT = 20_000;

/** A happening of this kind, with the numbers that it begins with. */
export function newHappening(kind: HappeningKind): Happening {
  const numbers = KINDS[kind].fields.map(({ name, value }) => [name, value] as const);
  return { do: kind, ...Object.fromEntries(numbers) } as unknown as Happening;
}

/**
 * Reads a scene that may come from anywhere, such as a link.
 *
 * @throws Error that says what is wrong with it
 */
export function readScene(given: unknown): Scene {
  if (typeof given !== 'object' || given === null) throw new Error('There is no scene in it');
  const { title, code, options, happenings } = given as Partial<Record<keyof Scene, unknown>>;
  if (!Array.isArray(happenings) || happenings.length > MAX_HAPPENINGS) {
    throw new Error(`A scene has a list of up to ${MAX_HAPPENINGS} happenings`);
  }
  return {
    title: textOf('title', title),
    code: textOf('code', code),
    options: textOf('options', options),
    happenings: happenings.map(readHappening),
  };
}

function textOf(name: string, given: unknown): string {
  if (typeof given === 'string' && given.length <= LONGEST_TEXT) return given;
  throw new Error(`The ${name} of a scene is a text of up to ${LONGEST_TEXT} characters`);
}

function readHappening(given: unknown): Happening {
  const kind = (given as Partial<Happening> | null)?.do;
  if (kind === undefined || !Object.hasOwn(KINDS, kind)) {
    throw new Error(`A scene cannot have the happening ${JSON.stringify(given)}`);
  }
  const { fields, words } = KINDS[kind];
  const numbers = fields.map((field) => {
    const value = (given as Partial<Record<Field['name'], unknown>>)[field.name];
    const problem = problemOf(field, value);
    if (problem !== undefined) throw new Error(`${words} ${field.label}: ${problem}`);
    return [field.name, value] as const;
  });
  return { do: kind, ...Object.fromEntries(numbers) } as unknown as Happening;
}

/** What is wrong with a number of a happening; undefined if nothing is. */
export function problemOf({ whole, most }: Field, value: unknown): string | undefined {
  const least = whole ? 1 : 0.1;
  if (typeof value === 'number' && value >= least && value <= most) {
    if (!whole || Number.isInteger(value)) return undefined;
  }
  return `it must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}`;
}
