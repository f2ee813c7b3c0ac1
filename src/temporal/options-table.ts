/**
 * What `TemporalRuntime` does with each option of a call, one row each. What it sends, refuses and
 * describes is derived from this table. The compiler asks for a row for each option.
 */
import type { DescribedOptions, OptionsPatch } from '../runtime/options/activity-options.js';
import {
  DEFAULT_PRIORITY,
  ROWS,
  type Field,
  type Option,
  type OptionName,
  type Resolved,
} from '../runtime/options/table.js';
import type {
  ActivityExecutionDescription,
  ActivityOptionsUpdate,
  ClientOptions,
} from './client-api.js';
import { serverMs } from './duration.js';
import { clientPolicy, filledPolicy } from './policy.js';

/** An option that Temporal does not have. A value other than the default is refused. */
interface Refused {
  /** What to use instead. */
  readonly instead: string;
}

/** The names of options that the client accepts, also in an update if the option is patchable. */
type SentAs<Name extends OptionName> = keyof ClientOptions &
  (Name extends keyof OptionsPatch ? keyof ActivityOptionsUpdate : unknown);

/** An option that Temporal has too. */
type Sent<Name extends OptionName> = {
  readonly [As in SentAs<Name>]: {
    /** What the client calls it. */
    readonly sentAs: As;
    /** The value in the client's form. Undefined for none. */
    readonly toServer: (value: Resolved<Name>) => ClientOptions[As];
  };
}[SentAs<Name>] &
  (Name extends keyof DescribedOptions
    ? {
        /** The value that the server's description shows. */
        readonly fromServer: (shown: ActivityExecutionDescription) => Resolved<Name>;
      }
    : unknown);

/** An option that is not sent, because `TemporalRuntime` itself does what it says. */
interface ClientSide {
  readonly clientSide: true;
}

type OnTemporal<Name extends OptionName> =
  Refused | Sent<Name> | (Name extends keyof OptionsPatch ? never : ClientSide);

const CLIENT_SIDE = { clientSide: true } as const;

const timeout = <Name extends `${string}Timeout` & keyof ActivityOptionsUpdate>(name: Name) => ({
  sentAs: name,
  toServer: msOrNone,
  fromServer: (shown: ActivityExecutionDescription): number => shown[`${name}Ms`] ?? 0,
});

const ON_TEMPORAL = {
  activityType: CLIENT_SIDE,
  heartbeatTimeout: timeout('heartbeatTimeout'),
  startToCloseTimeout: timeout('startToCloseTimeout'),
  scheduleToStartTimeout: timeout('scheduleToStartTimeout'),
  scheduleToCloseTimeout: timeout('scheduleToCloseTimeout'),
  progressTimeout: {
    instead: 'use startToCloseTimeout, or let the activity watch its own progress',
  },
  startDelay: {
    sentAs: 'startDelay',
    toServer: msOrNone,
    fromServer: ({ startDelayMs = 0 }) => startDelayMs,
  },
  retryPolicy: {
    sentAs: 'retry',
    toServer: clientPolicy,
    fromServer: ({ retryPolicy }) => filledPolicy(retryPolicy),
  },
  heartbeatThrottleInterval: { instead: 'set maxHeartbeatThrottleInterval of the Worker' },
  cancellationType: CLIENT_SIDE,
  cancellationDelivery: {
    instead: "use 'heartbeat': a worker receives requests in heartbeats only",
  },
  attemptOverlap: {
    instead:
      'a retry may run at the same time as an attempt that timed out; make the activity idempotent',
  },
  priority: {
    sentAs: 'priority',
    toServer: (priorityKey) => ({ priorityKey }),
    fromServer: ({ priority }) => priority.priorityKey || DEFAULT_PRIORITY,
  },
  concurrencyKey: {
    instead: 'use a separate task queue whose worker limits maxConcurrentActivityTaskExecutions',
  },
  idConflictPolicy: CLIENT_SIDE,
} as const satisfies { readonly [Name in OptionName]: OnTemporal<Name> };

/** The options that a description shows although the server does not know them. */
export type ClientSideOptions = {
  readonly [
    Name in DescribedName as (typeof ON_TEMPORAL)[Name] extends ClientSide ? Field<Name> : never
  ]: Resolved<Name>;
};

type DescribedName = OptionName & keyof DescribedOptions;

/** A row of both tables, without its exact types. */
interface SentOption extends Option {
  readonly sentAs: string;
  readonly toServer: (value: unknown) => unknown;
  readonly fromServer?: (shown: ActivityExecutionDescription) => unknown;
}

/** The options that Temporal has too. */
export const SENT = ROWS.map((row): object => ({ ...row, ...ON_TEMPORAL[row.name] })).filter(
  (row): row is SentOption => 'sentAs' in row,
);

/** What to use instead of an option. Undefined if the option works. */
export function insteadOf(name: keyof typeof ON_TEMPORAL): string | undefined {
  const row = ON_TEMPORAL[name];
  return 'instead' in row ? row.instead : undefined;
}

function msOrNone(ms: number): number | undefined {
  return ms === 0 ? undefined : serverMs(ms);
}
