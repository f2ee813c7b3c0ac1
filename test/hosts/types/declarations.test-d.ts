// The declarations as such: no `any`, and one shape for both module formats.
import type * as esm from 'systole' with { 'resolution-mode': 'import' };
import type * as cjs from 'systole' with { 'resolution-mode': 'require' };
import { check, type AnyMembers, type Equal, type HoldsAny, type IsAny } from './assert.js';

// The helpers see what they are to see.
check<IsAny<any>>(true);
check<IsAny<unknown>>(false);
check<IsAny<never>>(false);
check<HoldsAny<(value: any) => void>>(true);
check<HoldsAny<() => Promise<any>>>(true);
check<HoldsAny<(value: unknown, ...rest: string[]) => void>>(false);
check<Equal<AnyMembers<{ a: any; b: string; c(x: any): void; d?: any }>, 'a' | 'c' | 'd'>>(true);
check<Equal<unknown, any>>(false);
check<Equal<{ readonly a: 1 }, { a: 1 }>>(false);
check<Equal<{ a?: 1 }, { a: 1 | undefined }>>(false);

// Everything the entry exports as a value.
type None<T> = [AnyMembers<T>] extends [never] ? true : false;
check<None<typeof esm>>(true);

// Members of what it exports as a type.
check<None<esm.ActivityContext>>(true);
check<None<esm.ActivityContext<{ line: number }>>>(true);
check<None<esm.ActivityInfo>>(true);
check<None<esm.ActivityInfo['retryPolicy']>>(true);
check<None<esm.CancellationDetails>>(true);
check<None<esm.ActivityOptions>>(true);
check<None<esm.RetryPolicy>>(true);
check<None<esm.RuntimeOptions>>(true);
check<None<NonNullable<esm.RuntimeOptions['defaults']>>>(true);
check<None<esm.ActivityRuntime>>(true);
check<None<esm.ApplicationFailureFields>>(true);
check<None<esm.HeartbeatStore>>(true);
check<None<esm.DetailsSerializer>>(true);
check<None<ReturnType<esm.DetailsSerializer['serialize']>>>(true);
check<None<Parameters<esm.DetailsSerializer['deserialize']>[0]>>(true);
check<None<esm.Logger>>(true);
check<None<esm.ActivityEvents>>(true);
type PayloadsWithAny = {
  [Name in esm.ActivityEventName]: None<esm.ActivityEvents[Name]> extends true ? never : Name;
}[esm.ActivityEventName];
check<Equal<PayloadsWithAny, never>>(true);
check<None<Extract<esm.ActivityEvents['attemptSettled'], { readonly result: unknown }>>>(true);
check<None<Extract<esm.ActivityEvents['attemptSettled'], { readonly error: unknown }>>>(true);

type Failures =
  | 'ActivityAlreadyStartedError'
  | 'ActivityFailure'
  | 'ApplicationFailure'
  | 'CancelledFailure'
  | 'HeartbeatDetailsError'
  | 'HeartbeatStoreError'
  | 'TimeoutFailure';
type Instances<M> = {
  [K in Failures & keyof M]: M[K] extends new (...args: never[]) => infer I ? I : never;
};
type FailuresWithAny = {
  [K in Failures]: None<Instances<typeof esm>[K]> extends true ? never : K;
}[Failures];
check<Equal<FailuresWithAny, never>>(true);
type ParametersWithAny = {
  [K in Failures]: true extends IsAny<ConstructorParameters<(typeof esm)[K]>[number]> ? K : never;
}[Failures];
check<Equal<ParametersWithAny, never>>(true);

check<IsAny<esm.Duration>>(false);
check<IsAny<esm.ErrorType>>(false);
check<IsAny<esm.AnyActivity>>(false);
check<HoldsAny<esm.AnyActivity>>(false);
check<HoldsAny<esm.ActivityListener<'failed'>>>(false);
check<IsAny<esm.LogAttributes[string]>>(false);
check<IsAny<esm.RunParameters<[string]>[0]['args'][0]>>(false);

// An activity, its options and a caught failure may cross from one format to the other.
type Same<A, B> = [A, B] extends [B, A] ? true : false;
// Some compilers show an ES module that imports CommonJS these two names on top.
type Interop = 'default' | 'module.exports';
check<Same<keyof typeof esm, Exclude<keyof typeof cjs, Interop>>>(true);
check<Same<esm.ActivityContext<string>, cjs.ActivityContext<string>>>(true);
check<Same<esm.AnyActivity, cjs.AnyActivity>>(true);
check<Same<esm.ActivityOptions, cjs.ActivityOptions>>(true);
check<Same<esm.RuntimeOptions, cjs.RuntimeOptions>>(true);
check<Same<esm.ActivityEvents, cjs.ActivityEvents>>(true);
check<Same<Instances<typeof esm>, Instances<typeof cjs>>>(true);
check<Equal<Failures, keyof Instances<typeof esm>>>(true);
