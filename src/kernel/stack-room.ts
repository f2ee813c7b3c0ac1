/** Checks that the call stack has room for a call. */

/**
 * Arguments that take 128 kB of stack. The calls of a start need far less, but V8 compiles a function
 * at its first call, and that needs much more of the stack.
 */
let filler: readonly undefined[] | undefined;

/**
 * Checks, before anything is changed, that the stack has room for the calls that follow.
 *
 * @throws the JavaScript engine's own error if it has no room
 */
export function checkStackRoom(): void {
  filler ??= Array<undefined>(16_384).fill(undefined);
  ignore(...filler);
}

function ignore(..._arguments: readonly undefined[]): void {
  // The arguments only take up space on the stack.
}
