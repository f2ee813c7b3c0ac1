/** The state of an activity: its phases, their moves, and the locks before an attempt. */
import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../../../src/runtime/attempt/attempt.js';
import { MOVES, ActivityState } from '../../../../src/runtime/activity/state.js';
import type { ResolvedOptions } from '../../../../src/runtime/options/table.js';
import { Registry, type Listed, type Phase } from '../../../../src/runtime/shared/registry.js';

const attempt = { number: 1 } as unknown as Attempt;
const options = { startDelayMs: 0 } as ResolvedOptions;

function setUp() {
  const registry = new Registry<Listed>();
  const activity = { before: undefined, after: undefined, changed: () => {} };
  const state = new ActivityState(activity, registry, options);
  return { state, registry };
}

/** How each phase is reached and entered. */
const enter: Readonly<Record<Phase, (state: ActivityState) => void>> = {
  SCHEDULED: (state) => {
    if (state.phase === 'RUNNING') state.retry(1, 0, false);
    else if (state.phase === 'PAUSED') state.unpause(0, 0);
    else if (state.phase === 'WAITING') state.restart(0, false);
    else state.schedule(0);
  },
  WAITING: (state) => state.wait(0),
  RUNNING: (state) => state.run(attempt),
  PAUSED: (state) => state.pause(),
  CLOSED: (state) => state.close('COMPLETED'),
};
const ways: Readonly<Record<Phase | 'NEW', readonly Phase[]>> = {
  NEW: [],
  SCHEDULED: ['SCHEDULED'],
  WAITING: ['SCHEDULED', 'WAITING'],
  RUNNING: ['SCHEDULED', 'WAITING', 'RUNNING'],
  PAUSED: ['SCHEDULED', 'PAUSED'],
  CLOSED: ['SCHEDULED', 'CLOSED'],
};
const phases = Object.keys(enter) as Phase[];

describe.each(Object.keys(ways) as (keyof typeof ways)[])('a move from %s', (from) => {
  test.each(phases)('to %s is allowed or not as in the table of moves', (to) => {
    const { state, registry } = setUp();
    for (const phase of ways[from]) enter[phase](state);
    const move = (): void => enter[to](state);
    if (MOVES[from].includes(to)) {
      move();
      expect(state.phase).toBe(to);
      const { scheduled, waiting, running, paused } = registry;
      expect(scheduled + waiting + running + paused).toBe(to === 'CLOSED' ? 0 : 1);
    } else expect(move).toThrow(`an activity cannot go from ${from} to ${to}`);
  });
});

describe('an attempt may ask for a slot', () => {
  test('when the delay is over, and not earlier', () => {
    const { state } = setUp();
    state.schedule(1_000);
    expect([state.isUnlocked(999), state.isUnlocked(1_000)]).toEqual([false, true]);
    expect(state.opensAt).toBe(1_000);
  });

  test('when the store has been read', () => {
    const { state, registry } = setUp();
    state.schedule(0);
    state.beginLoading();
    expect([state.isUnlocked(5), state.opensAt, registry.loading]).toEqual([false, Infinity, 1]);
    state.endLoading();
    expect([state.isUnlocked(5), registry.loading]).toEqual([true, 0]);
  });

  test('when the earlier function is no longer waited for', () => {
    const { state } = setUp();
    for (const phase of ways.RUNNING) enter[phase](state);
    state.retry(1, 0, false);
    state.waitFor(attempt, 2_000);
    expect([state.isUnlocked(3_000), state.opensAt]).toEqual([false, 2_000]);
    expect(state.endOverlap()).toBe(attempt);
    expect(state.isUnlocked(3_000)).toBe(true);
  });

  test('but not while it is paused, although the delay continues', () => {
    const { state } = setUp();
    state.schedule(1_000);
    state.pause();
    expect(state.isUnlocked(2_000)).toBe(false);
    state.unpause(500, 2_000);
    expect(state.delayedUntil).toBe(2_500);
  });
});

test('an activity that closes while its store is read no longer counts as loading', () => {
  const { state, registry } = setUp();
  state.schedule(0);
  state.beginLoading();
  state.close('TERMINATED');
  expect(registry.loading).toBe(0);
});

test('a change of phase is reported once to everything that waits for it', async () => {
  const { state } = setUp();
  let told = 0;
  void state.changed().then(() => told++);
  state.schedule(0);
  await Promise.resolve();
  state.wait(0);
  await Promise.resolve();
  expect(told).toBe(1);
});

test('a past can be prepared only before the activity is scheduled', () => {
  const { state } = setUp();
  state.prepare(options, 3);
  expect(state.attemptNumber).toBe(3);
  state.schedule(0);
  expect(() => state.prepare(options, 4)).toThrow('prepare() comes before schedule()');
});
