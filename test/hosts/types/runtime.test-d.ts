// Options of a runtime: the ports take what people have.
import type { SuperJSON } from 'superjson' with { 'resolution-mode': 'import' };
import {
  ActivityRuntime,
  type DetailsSerializer,
  type HeartbeatStore,
  type LogAttributes,
  type Logger,
  type RuntimeOptions,
} from 'systole';
import { typeOf } from './assert.js';

declare const superjson: SuperJSON;
declare const SuperJSONClass: typeof SuperJSON;

new ActivityRuntime();
new ActivityRuntime({});
new ActivityRuntime({
  maxConcurrentActivities: 4,
  defaults: { heartbeatTimeout: '10s', retryPolicy: { maximumAttempts: 3 }, priority: 2 },
  store: new Map<string, string>(),
  serializer: superjson,
  logger: console,
  maxHeartbeatDetailsBytes: 1024,
});
const unset: RuntimeOptions = {
  maxConcurrentActivities: undefined,
  defaults: undefined,
  store: undefined,
  serializer: undefined,
  logger: undefined,
  maxHeartbeatDetailsBytes: undefined,
};
new ActivityRuntime(unset);
new ActivityRuntime(undefined);
// @ts-expect-error 'concurrency' does not exist in type 'RuntimeOptions'
new ActivityRuntime({ concurrency: 4 });
// @ts-expect-error Type 'string' is not assignable to type 'number'
new ActivityRuntime({ maxConcurrentActivities: '4' });
// @ts-expect-error Cannot assign to 'store' because it is a read-only property
unset.store = new Map<string, string>();

// Defaults: every option of a call that makes sense for more than one.
// @ts-expect-error 'args' does not exist in type
new ActivityRuntime({ defaults: { args: ['a.csv'] } });
// @ts-expect-error 'activityId' does not exist in type
new ActivityRuntime({ defaults: { activityId: 'import-1' } });
// @ts-expect-error 'signal' does not exist in type
new ActivityRuntime({ defaults: { signal: AbortSignal.timeout(1) } });
// @ts-expect-error Type '"10"' is not assignable to type 'Duration
new ActivityRuntime({ defaults: { heartbeatTimeout: '10' } });

// Stores: sync or async, with more methods and looser values than needed.
const map: HeartbeatStore = new Map<string, string>();
const looseMap: HeartbeatStore = new Map<string, string | number>();
const asyncStore: HeartbeatStore = {
  get: async (id: string) => (id === '' ? null : 'text'),
  set: async (_id: string, _snapshot: string) => {},
  delete: async (_id: string) => true,
};
/** As a Keyv has them. */
interface KeyvLike {
  get<Value = unknown>(key: string): Promise<Value | undefined>;
  get<Value = unknown>(key: string[]): Promise<(Value | undefined)[]>;
  set<Value = unknown>(key: string, value: Value, ttl?: number): Promise<boolean>;
  delete(key: string | string[]): Promise<boolean>;
  clear(): Promise<void>;
}
declare const keyv: KeyvLike;
new ActivityRuntime({ store: keyv });
void [map, looseMap, asyncStore];
// @ts-expect-error Type 'Map<number, string>' is not assignable to type 'HeartbeatStore'
new ActivityRuntime({ store: new Map<number, string>() });
// @ts-expect-error Type 'Map<string, number>' is not assignable to type 'HeartbeatStore'
new ActivityRuntime({ store: new Map<string, number>() });
// @ts-expect-error Property 'delete' is missing
new ActivityRuntime({ store: { get: (id: string) => id, set: () => {} } });

// Serializers: superjson's instances and its class, or anything of the same two methods.
const fromInstance: DetailsSerializer = superjson;
const fromClass: DetailsSerializer = SuperJSONClass;
const handmade: DetailsSerializer = {
  serialize: (value) => ({ json: value }),
  deserialize: ({ json, meta }) => (meta === undefined ? json : [json, meta]),
};
typeOf(handmade.serialize(1)).is<{ json: unknown; meta?: unknown }>();
typeOf(handmade.deserialize({ json: 1 })).is<unknown>();
void [fromInstance, fromClass];
// @ts-expect-error Type 'JSON' is missing the following properties from type 'DetailsSerializer'
new ActivityRuntime({ serializer: JSON });

// Loggers: the console's four levels, silence, and functions that care for less.
new ActivityRuntime({ logger: false });
const quiet: Logger = { debug() {}, info() {}, warn: console.warn, error: (text) => text.length };
quiet.warn('message', { attempt: 1 });
quiet.info('message');
const typed: Logger = {
  ...quiet,
  warn: (message: string, attributes?: LogAttributes) => [message, attributes?.['activityId']],
};
void typed;
// @ts-expect-error Type 'true' is not assignable to type
new ActivityRuntime({ logger: true });
// @ts-expect-error Type '.*' is missing the following properties from type 'Logger'
new ActivityRuntime({ logger: { info() {} } });
// @ts-expect-error Argument of type 'number' is not assignable to parameter of type 'string'
quiet.warn(1);
