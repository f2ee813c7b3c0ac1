/** Whether the call stack has room for a call. */

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
