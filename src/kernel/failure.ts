/**
 * The base of every error that a caller may catch. `instanceof` works across two installed copies of
 * the package, and across the ES module and the CommonJS build, because it compares a mark.
 */

/** The fields of a failure together with its cause. */
export type Fields<T> = T & { readonly cause?: unknown };

/** The field with the name of our class. Derived classes inherit it, and users will not define it. */
export const KIND = '@@systole/failure';

/** The common base, with `name`, an optional `cause`, and `instanceof` by kind. */
export abstract class Failure<
  Name extends string,
  Message extends string | undefined = string,
> extends Error {
  abstract get [KIND](): Name;

  // On the prototype, so that a stack trace starts with it.
  /** The name of the error class. You may replace it. */
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

  /** Compares kinds for our classes, and works as usual for classes that users derive. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    const prototype = this.prototype as { [KIND]?: string };
    if (!Object.hasOwn(prototype, KIND)) {
      return Function.prototype[Symbol.hasInstance].call(this, value);
    }
    try {
      return (value as { [KIND]?: unknown } | undefined)?.[KIND] === prototype[KIND];
    } catch {
      return false; // a proxy that throws
    }
  }
}
