/**
 * The base of every error that a caller may catch. `instanceof` holds across two installed copies of
 * the package, and from the ES module to the CommonJS build: it compares a mark, not the class.
 */

/** The fields of a failure, and a cause. */
export type Fields<T> = T & { readonly cause?: unknown };

/** Which of our classes an error is of: inherited, and out of the way of what users define. */
export const KIND = '@@systole/failure';

/** The common base: `name`, `cause` if one is given, and `instanceof` by kind. */
export abstract class Failure<
  Name extends string,
  Message extends string | undefined = string,
> extends Error {
  abstract get [KIND](): Name;

  /** On the prototype, so that a stack trace starts with it. Users may set another. */
  override get name(): Name {
    return this[KIND];
  }

  override set name(value: string) {
    const configurable = true;
    Object.defineProperty(this, 'name', { value, configurable, writable: true });
  }

  constructor(message: Message, fields: { readonly cause?: unknown } = {}) {
    super(message, 'cause' in fields ? { cause: fields.cause } : undefined);
  }

  /** Our classes compare kinds; those that users derive are compared as usual. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    const prototype = this.prototype as { [KIND]?: string };
    if (!Object.hasOwn(prototype, KIND)) {
      return Function.prototype[Symbol.hasInstance].call(this, value);
    }
    try {
      return (value as { [KIND]?: unknown } | undefined)?.[KIND] === prototype[KIND];
    } catch {
      return false; // a proxy that does not want to be looked at
    }
  }
}
