/** The stack traces of errors, as far as the engine lets them be changed. */

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
