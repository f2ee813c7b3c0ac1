/** Helpers for the type tests. Nothing here runs. */

/** Whether two types are the same: `any`, `readonly` and `?` count. */
export type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

export type IsAny<T> = 0 extends 1 & T ? true : false;

/** Whether T is `any`, or a function that takes or returns it (or a promise of it). */
export type HoldsAny<T> =
  IsAny<T> extends true
    ? true
    : T extends (...args: infer A) => infer R
      ? true extends IsAny<Awaited<R>> | { [I in keyof A]: IsAny<A[I]> }[number]
        ? true
        : false
      : false;

/** The names of the members of T that are, take or return `any`. It should be `never`. */
export type AnyMembers<T> = {
  [K in keyof T]-?: true extends HoldsAny<T[K]> ? K : never;
}[keyof T];

/** `typeOf(value).is<Expected>()` compiles if the value has exactly that type. */
export declare function typeOf<Actual>(value: Actual): {
  is<Expected>(
    ...different: Equal<Actual, Expected> extends true ? [] : [actual: Actual, expected: Expected]
  ): void;
};

/** `check<Equal<A, B>>(true)`: for types without a value. */
export declare function check<Result extends boolean>(result: Result): void;
