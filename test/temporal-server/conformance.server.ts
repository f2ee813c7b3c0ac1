import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences } from './differences.js';
import { openDoors, type Door, type DoorName, type Doors, type Steered } from './doors.js';
import type { Outcome } from './outcome.js';
import { scenarios, type Driven, type Scenario } from './scenarios.js';
import { recorderOf, type Trace } from './trace.js';
import { startWorkers, type Workers } from './worker.js';

const address = process.env['TEMPORAL_ADDRESS'] ?? '';
const namespace = process.env['TEMPORAL_NAMESPACE'] ?? 'default';

let workers: Workers;
let opened: Awaited<ReturnType<typeof openDoors>>;
const rowsSeen = new Set<string>();
const counts = { scenarios: 0, equal: 0, explained: 0, delays: 0 };

beforeAll(async () => {
  workers = await startWorkers(address, namespace);
  opened = await openDoors(address, namespace, workers);
});

afterAll(async () => {
  await workers.stop();
  await opened.close();
  const { scenarios: all, equal, explained, delays } = counts;
  console.log(
    `${all} scenarios: ${equal} the same everywhere, ${explained} with a difference explained; ${delays} delays compared`,
  );
});

describe.each(Object.entries(scenarios))('%s', (_, list) => {
  for (const scenario of list) {
    test.concurrent(scenario.name, async ({ expect: expectHere }) => {
      const { doors } = opened;
      const names = Object.keys(doors) as DoorName[];
      const runs = await Promise.all(
        names.map(async (name) => [name, await traced(scenario, doors, name)] as const),
      );
      const traces = Object.fromEntries(runs) as Record<DoorName, FullTrace>;
      const reference = referenceOf(scenario, traces);
      expectHere(reference.final).toBe(scenario.ends);
      for (const [name, trace] of runs) {
        if (name === 'native') continue;
        const expected = (scenario.differs ?? []).filter((one) =>
          (one.doors ?? ['systole', 'fromTemporal']).includes(name),
        );
        const found = differencesOf(...withDelaysOfBoth(reference, trace));
        expectHere({ door: name, found }).toEqual({
          door: name,
          found: Object.fromEntries(
            expected.map(({ path, there, here }) => [path, { there, here }]),
          ),
        });
      }
      counts.scenarios += 1;
      if ((scenario.differs ?? []).length === 0) counts.equal += 1;
      else counts.explained += 1;
      for (const { row } of scenario.differs ?? []) rowsSeen.add(row);
    });
  }
});

test('delays are compared', () => {
  expect(counts.delays).toBeGreaterThan(25);
});

test('every row of the table occurs', () => {
  expect([...rowsSeen].sort()).toEqual(Object.keys(differences).sort());
});

interface FullTrace extends Trace {
  /** The delay before each next attempt, as the runtime computed it, by the number of the failed. */
  readonly intervals: Readonly<Record<string, number>>;
  readonly final: string;
  readonly outcome: Outcome;
}

let started = 0;

async function traced(scenario: Scenario, doors: Doors, name: DoorName): Promise<FullTrace> {
  const activityId = `${scenario.name}/${name}/${String(started++)}`;
  const recorder = recorderOf(activityId);
  const door = doors[name](scenario.queue ?? 'fast');
  const options = { startToCloseTimeout: '20s', ...scenario.options, activityId } as const;
  const handle = await door.start(scenario.script, options);
  const outcome = handle.outcome();
  const watched = watch(handle);
  await scenario.drive?.(driven(door, handle, recorder, options));
  const ended = await outcome;
  const { intervals, final } = await watched;
  recorder.reach('never');
  const { attempts, told, notes } = recorder;
  // Of a closed activity the server says which attempt would have been next, the failure which was
  // the last.
  const last = attempts.at(-1)?.attempt ?? 0;
  const failed = name === 'native' && 'failed' in ended ? { ...ended, attempt: last } : ended;
  const compared = scenario.drive === undefined || scenario.intervals === true;
  const delays = compared ? { ...recorder.delays, ...intervals } : {};
  return { attempts, told, notes, intervals: delays, final, outcome: failed };
}

function driven(
  door: Door,
  handle: Steered,
  recorder: Driven['recorder'],
  options: Driven['options'],
): Driven {
  return {
    door,
    handle,
    recorder,
    options,
    until: async (what) => {
      const wanted = Object.entries(what);
      for (;;) {
        const seen = await handle.describe();
        const fields = new Map<string, unknown>(Object.entries(seen));
        if (wanted.every(([field, value]) => fields.get(field) === value)) return;
        if (seen.closed) throw new Error(`closed before ${JSON.stringify(what)}`);
        await pause();
      }
    },
    note: async (operation, promise) => {
      recorder.notes.push(
        await promise.then(
          () => `${operation}: done`,
          (error: unknown) => `${operation}: ${(error as Error).name}`,
        ),
      );
    },
  };
}

/** Until the activity has closed. */
async function watch(handle: Steered): Promise<Pick<FullTrace, 'intervals' | 'final'>> {
  const intervals: Record<string, number> = {};
  for (;;) {
    const { status, attempt, currentRetryInterval, closed } = await handle.describe();
    if (closed) return { intervals, final: status };
    if (currentRetryInterval !== undefined) {
      // Shorter ones could be missed.
      if (currentRetryInterval >= 200) intervals[String(attempt - 1)] = currentRetryInterval;
    }
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

/** Temporal alone has no retryState, and no caller that stops waiting. */
function referenceOf({ callersOwn }: Scenario, traces: Record<DoorName, FullTrace>): FullTrace {
  const { native, toTemporal } = traces;
  if (callersOwn === true) return { ...native, outcome: toTemporal.outcome };
  if ('value' in native.outcome || 'value' in toTemporal.outcome) return native;
  return { ...native, outcome: { ...native.outcome, retryState: toTemporal.outcome.retryState } };
}

/** A server shows a delay while it lasts: on a busy machine it can be over before it was seen. */
function withDelaysOfBoth(there: FullTrace, here: FullTrace): [FullTrace, FullTrace] {
  const both = Object.keys(there.intervals).filter((attempt) => attempt in here.intervals);
  counts.delays += both.length;
  const only = ({ intervals }: FullTrace): FullTrace['intervals'] =>
    Object.fromEntries(Object.entries(intervals).filter(([attempt]) => both.includes(attempt)));
  return [
    { ...there, intervals: only(there) },
    { ...here, intervals: only(here) },
  ];
}

type Found = Record<string, { readonly there: unknown; readonly here: unknown }>;

/** By path, as deep as both sides go. */
function differencesOf(there: unknown, here: unknown, path = ''): Found {
  if (isTree(there) && isTree(here)) {
    const keys = new Set([...Object.keys(there), ...Object.keys(here)]);
    const below = [...keys].map((key) =>
      differencesOf(there[key], here[key], path === '' ? key : `${path}.${key}`),
    );
    return Object.assign({}, ...below) as Found;
  }
  return Object.is(there, here) ? {} : { [path]: { there, here } };
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
