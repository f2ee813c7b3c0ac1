/** The call stack: the traces of errors, and whether there is room for a call. */

/**
 * Makes a failure without the frames of its stack: those of the engine tell nobody anything, and
 * capturing them is most of what a timeout costs. A cause keeps its own.
 */
export function withoutFrames<T>(make: () => T): T {
  const limit: unknown = Reflect.get(Error, LIMIT);
  if (limit === undefined || !Reflect.set(Error, LIMIT, 0)) return make();
  try {
    return make();
  } finally {
    Reflect.set(Error, LIMIT, limit);
  }
}

/** V8's, and frozen in some programs. */
const LIMIT = 'stackTraceLimit';

/**
 * Arguments of 128 kB in all. The calls of a start take little of that, but V8 compiles a function
 * when it is first called, and needs far more of the stack then.
 */
let filler: readonly undefined[] | undefined;

/**
 * Finds out, before anything is changed, whether the stack has room for what will be called.
 *
 * @throws the engine's own error if it has not
 */
export function checkStackRoom(): void {
  filler ??= Array<undefined>(16_384).fill(undefined);
  ignore(...filler);
}

function ignore(..._arguments: readonly undefined[]): void {
  // The arguments lie on the stack: that is all they are for.
}
