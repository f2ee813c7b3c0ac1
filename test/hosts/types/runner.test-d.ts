// One interface for both runtimes: a program that takes an ActivityRunner takes either.
import {
  ActivityRuntime,
  type ActivityContext,
  type ActivityDescription,
  type ActivityHandle,
  type ActivityHandleLike,
  type ActivityRunner,
  type Completion,
  type CompletionLike,
  type DescriptionLike,
} from 'systole';
import { check, typeOf, type AnyMembers, type Equal } from './assert.js';

declare const handle: ActivityHandle<number, { line: number }>;
declare const description: ActivityDescription<{ line: number }>;
declare const completion: Completion;

// What there is in process is one of them.
const runner: ActivityRunner = new ActivityRuntime();
const likeHandle: ActivityHandleLike<number, { line: number }> = handle;
const likeDescription: DescriptionLike<{ line: number }> = description;
const likeCompletion: CompletionLike = completion;
void [likeHandle, likeDescription, likeCompletion];

check<Equal<AnyMembers<ActivityRunner>, never>>(true);
check<Equal<AnyMembers<ActivityHandleLike>, never>>(true);

// Calls infer as they do on the class.
async function importRows(ctx: ActivityContext<{ line: number }>, file: string): Promise<number> {
  return ctx.heartbeatDetails?.line ?? file.length;
}
typeOf(runner.run(importRows, { args: ['a.csv'] })).is<Promise<number>>();
const started = runner.start(importRows, { args: ['a.csv'], heartbeatTimeout: '10s' });
type Rows = ActivityHandleLike<number, { line: number }>;
typeOf(started).is<Rows | Promise<Rows>>();
const found = runner.getHandle<string>('id');
typeOf(found).is<ActivityHandleLike<string> | Promise<ActivityHandleLike<string>>>();
// @ts-expect-error Property 'args' is missing
void runner.run(importRows, { heartbeatTimeout: '10s' });
// @ts-expect-error Type 'number' is not assignable to type 'string'
void runner.run(importRows, { args: [1] });

async function steer(rows: Rows): Promise<void> {
  typeOf(await rows.result()).is<number>();
  typeOf(await rows.cancel('enough')).is<void>();
  const description = await rows.describe();
  typeOf(description).is<DescriptionLike<{ line: number }>>();
  typeOf(description.heartbeatDetails).is<{ line: number } | undefined>();
  // @ts-expect-error Property 'abandonedAttempts' does not exist
  void description.abandonedAttempts;
  // @ts-expect-error Property 'settled' does not exist
  void rows.settled;
}
void steer;

// A runtime of another kind: everything is a request.
class Remote implements ActivityRunner {
  run = (): Promise<never> => Promise.reject(new Error());
  start = (): Promise<ActivityHandleLike<never, never>> => Promise.reject(new Error());
  getHandle = (): Promise<ActivityHandleLike<never, never>> => Promise.reject(new Error());
  readonly completion = likeCompletion;
}
void Remote;
