import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bucket, Deadline } from '../../../src/kernel/deadline.js';
import { Deadlines } from '../../../src/kernel/deadlines.js';
import { VirtualClock } from '../../support/virtual-clock.js';

/** An idle runtime may hold one timer for less than this. */
const REST_MS = 50;

class Probe implements Deadline {
  bucket: Bucket | undefined;
  earlier: Deadline | undefined;
  later: Deadline | undefined;
  readonly fired: { now: number; at: number }[] = [];
  readonly clock: VirtualClock;
  readonly then: (probe: Probe) => void;

  constructor(clock: VirtualClock, then: (probe: Probe) => void = () => {}) {
    this.clock = clock;
    this.then = then;
  }

  onDue(now: number): void {
    expect(this.bucket, 'no longer armed').toBeUndefined();
    this.fired.push({ now, at: this.clock.now() });
    this.then(this);
  }

  get times(): number[] {
    return this.fired.map(({ at }) => at);
  }
}

function setUp(steered = true): { clock: VirtualClock; deadlines: Deadlines } {
  const clock = new VirtualClock(steered);
  return { clock, deadlines: new Deadlines(clock) };
}

/** Arms from now. */
function arm({ clock, deadlines }: ReturnType<typeof setUp>, probe: Deadline, inMs: number): void {
  deadlines.arm(probe, clock.now() + inMs, clock.now());
}

describe('a deadline', () => {
  test.each([0, 0.1, 1, 3.9, 4, 5, 19, 20, 21, 24, 25, 100, 12_345.678, 2 ** 33])(
    'in %d ms fires exactly then',
    async (inMs) => {
      const at = setUp();
      const probe = new Probe(at.clock);
      arm(at, probe, inMs);
      await at.clock.advance(inMs);
      expect(probe.fired).toEqual([{ now: inMs, at: inMs }]);
    },
  );

  test('fires together with others of the same millisecond, when the last one is due', async () => {
    const at = setUp();
    const probes = [10.2, 10.7, 11, 11.1].map((inMs) => {
      const probe = new Probe(at.clock);
      arm(at, probe, inMs);
      return probe;
    });
    await at.clock.advance(100);
    expect(probes.map(({ times }) => times)).toEqual([[11], [11], [11], [11.1]]);
  });

  test('that is armed for a time in the past fires in the next turn', async () => {
    const at = setUp();
    await at.clock.advance(1_000);
    const probe = new Probe(at.clock);
    at.deadlines.arm(probe, 10, at.clock.now());
    expect(probe.fired).toEqual([]);
    await at.clock.advance(0);
    expect(probe.times).toEqual([1_000]);
  });

  test('that is armed again moves to the earlier or later time', async () => {
    const at = setUp();
    const probe = new Probe(at.clock);
    arm(at, probe, 100);
    arm(at, probe, 40);
    arm(at, probe, 200);
    arm(at, probe, 200);
    await at.clock.advance(1_000);
    expect(probe.times).toEqual([200]);
  });

  test('that is disarmed does not fire, and disarming it again does nothing', async () => {
    const at = setUp();
    const probe = new Probe(at.clock);
    at.deadlines.disarm(probe);
    arm(at, probe, 100);
    at.deadlines.disarm(probe);
    at.deadlines.disarm(probe);
    expect(probe.bucket).toBeUndefined();
    await at.clock.advance(1_000);
    expect(probe.fired).toEqual([]);
  });

  test('that arms itself for now when it is due fires a millisecond later', async () => {
    const at = setUp();
    let again = true;
    let rounds = 0;
    const probe: Probe = new Probe(at.clock, () => {
      if (again) {
        arm(at, probe, 0);
        expect(probe.fired).toHaveLength(1);
        again = false;
      }
    });
    const beside = new Probe(at.clock, () => (rounds = probe.fired.length));
    arm(at, probe, 8);
    arm(at, beside, 8);
    await at.clock.advance(100);
    expect(probe.times).toEqual([8, 9]);
    expect(rounds, 'what was due with it came before it again').toBe(1);
  });

  test('that keeps arming itself for now stops neither time nor others', async () => {
    const at = setUp();
    const endless: Probe = new Probe(at.clock, () => arm(at, endless, 0));
    const other = new Probe(at.clock);
    arm(at, endless, 0);
    arm(at, other, 40);
    await at.clock.advance(40);
    expect(other.times).toEqual([40]);
    expect(endless.fired).toHaveLength(41);
    at.deadlines.disarm(endless);
  });
});

describe('several deadlines', () => {
  test('fire in order of time, and within a millisecond in the order of arming', async () => {
    const at = setUp();
    const order: string[] = [];
    const named = (name: string): Probe => new Probe(at.clock, () => order.push(name));
    arm(at, named('c'), 90);
    arm(at, named('a'), 30);
    arm(at, named('d'), 300);
    arm(at, named('b1'), 61);
    arm(at, named('b2'), 61);
    await at.clock.advance(400);
    expect(order).toEqual(['a', 'b1', 'b2', 'c', 'd']);
  });

  test('may disarm, arm and move others of the same round', async () => {
    const at = setUp();
    const victim = new Probe(at.clock);
    const moved = new Probe(at.clock);
    const born = new Probe(at.clock);
    const actor = new Probe(at.clock, () => {
      at.deadlines.disarm(victim);
      arm(at, moved, 100);
      arm(at, born, 50);
    });
    for (const probe of [actor, victim, moved]) arm(at, probe, 20);
    await at.clock.advance(1_000);
    expect(victim.fired).toEqual([]);
    expect(moved.times).toEqual([120]);
    expect(born.times).toEqual([70]);
  });

  test('may disarm the others when the last of a round fires', async () => {
    const at = setUp();
    const far = new Probe(at.clock);
    const near = new Probe(at.clock, () => at.deadlines.disarm(far));
    arm(at, near, 20);
    arm(at, far, 1_000);
    await at.clock.advance(20);
    expect(far.bucket).toBeUndefined();
    expect(at.clock.pending).toBe(0);
    arm(at, far, 10);
    await at.clock.advance(100);
    expect(far.times).toEqual([30]);
  });

  test('that were due during a block fire in order, with the same time', async () => {
    const at = setUp();
    const order: number[] = [];
    const probes = [500, 100, 300].map((inMs) => new Probe(at.clock, () => order.push(inMs)));
    probes.forEach((probe, index) => arm(at, probe, [500, 100, 300][index]!));
    at.clock.block(2_000);
    await at.clock.advance(0);
    expect(order).toEqual([100, 300, 500]);
    expect(probes.map(({ fired }) => fired[0]!.now)).toEqual([2_000, 2_000, 2_000]);
  });

  test('still fire when one of them throws', async () => {
    const at = setUp();
    const bad = new Probe(at.clock, () => {
      throw new Error('bad');
    });
    const good = [new Probe(at.clock), new Probe(at.clock)];
    arm(at, bad, 20);
    arm(at, good[0]!, 20);
    arm(at, good[1]!, 40);
    await expect(at.clock.advance(30)).rejects.toThrow('bad');
    await at.clock.advance(30);
    expect(good.map(({ fired }) => fired)).toMatchObject([[{}], [{}]]);
  });
});

describe('the one timer of all deadlines', () => {
  test('is only one for any number of deadlines', () => {
    const at = setUp();
    for (let n = 0; n < 100; n++) arm(at, new Probe(at.clock), 1_000 - n * 7);
    expect(at.clock.pending).toBe(1);
  });

  test('does not exist while nothing is armed', () => {
    const { clock } = setUp();
    expect(clock.pending).toBe(0);
  });

  test('is cleared soon after the last deadline was disarmed', async () => {
    for (const inMs of [0, 3, 10, 20, 24, 30, 1_000, 1e9]) {
      const at = setUp(false);
      const probe = new Probe(at.clock);
      arm(at, probe, inMs);
      at.deadlines.disarm(probe);
      await at.clock.advance(REST_MS);
      expect(at.clock.pending).toBe(0);
      expect(probe.fired).toEqual([]);
    }
  });

  test('is cleared at once on request while nothing is armed', () => {
    const { clock, deadlines } = setUp(false);
    const probe = new Probe(clock);
    deadlines.arm(probe, 1_000, 0);
    deadlines.clearIdleTimer();
    expect(clock.pending, 'something is armed').toBe(1);
    deadlines.disarm(probe);
    expect(clock.pending).toBe(1);
    deadlines.clearIdleTimer();
    expect(clock.pending).toBe(0);
  });

  test('is cleared soon after the last deadline fired, or with the last one that is disarmed later', async () => {
    const at = setUp();
    const probe = new Probe(at.clock);
    const far = new Probe(at.clock);
    arm(at, probe, 1_000);
    await at.clock.advance(1_000);
    await at.clock.advance(REST_MS);
    expect(at.clock.pending).toBe(0);
    arm(at, far, 60_000);
    await at.clock.advance(1_000);
    at.deadlines.disarm(far);
    await at.clock.advance(REST_MS);
    expect(at.clock.pending).toBe(0);
  });

  test('is shared by short calls in a row, one per idle leg', async () => {
    const { clock, deadlines } = setUp(false);
    let set = 0;
    clock.whenTimerSet(() => set++);
    for (let n = 0; n < 1_000; n++) {
      const probe = new Probe(clock);
      deadlines.arm(probe, clock.now() + 10_000, clock.now());
      deadlines.disarm(probe);
    }
    expect(set).toBe(1);
    await clock.advance(REST_MS);
    expect(clock.pending).toBe(0);
  });

  test('moves to a nearer deadline', async () => {
    const at = setUp();
    const far = new Probe(at.clock);
    const near = new Probe(at.clock);
    arm(at, far, 60_000);
    await at.clock.advance(1_000);
    arm(at, near, 5);
    await at.clock.advance(8);
    expect(near.fired).toHaveLength(1);
    await at.clock.advance(60_000);
    expect(far.fired).toHaveLength(1);
  });

  test('is set again at the next arming if the host dropped it', async () => {
    const clock = new VirtualClock();
    let live = true;
    const deadlines = new Deadlines({
      steered: false,
      turn: (callback: () => void) => callback(),
      now: () => clock.now(),
      wallNow: () => clock.wallNow(),
      wallAt: (reading: number) => clock.wallAt(reading),
      setTimer: (callback, delayMs) => {
        const timer = clock.setTimer(callback, delayMs);
        const host = live;
        return {
          clear: () => timer.clear(),
          get live() {
            return host === live;
          },
        };
      },
    });
    const idle = new Probe(clock);
    deadlines.arm(idle, 1_000, 0);
    deadlines.disarm(idle);
    live = false;
    const probe = new Probe(clock);
    deadlines.arm(probe, 10, 0);
    await clock.advance(12);
    expect(probe.times).toEqual([10]);
  });

  test('is set again at the next arming if it is overdue because other code cleared it', async () => {
    const { clock, deadlines } = setUp(false);
    const setTimer = clock.setTimer.bind(clock);
    let clearAll = (): void => {};
    clock.setTimer = (callback, delayMs) => {
      const timer = setTimer(callback, delayMs);
      clearAll = () => timer.clear();
      return timer;
    };
    const lost = new Probe(clock);
    deadlines.arm(lost, 10, 0);
    clearAll();
    await clock.advance(40);
    expect(lost.fired).toEqual([]);
    deadlines.arm(new Probe(clock), 1_000, 40);
    await clock.advance(0);
    expect(lost.times).toEqual([40]);
  });

  test('is not delayed by repeated arming if it is only late', async () => {
    const { clock, deadlines } = setUp(false);
    const probe = new Probe(clock);
    deadlines.arm(probe, 10, 0);
    for (let n = 0; n < 10; n++) {
      clock.block(50);
      deadlines.arm(new Probe(clock), 10_000, clock.now());
    }
    clock.fireNext();
    await clock.advance(0);
    expect(probe.times).toEqual([500]);
    expect(clock.pending, 'the spare timers are harmless').toBeGreaterThan(0);
    await clock.advance(20_000);
    expect(clock.pending).toBe(0);
  });

  test('is set again at each arming if a test may drop it at any time', async () => {
    const { clock, deadlines } = setUp();
    const setTimer = clock.setTimer.bind(clock);
    const timers: { clear(): void }[] = [];
    clock.setTimer = (callback, delayMs) => {
      const timer = setTimer(callback, delayMs);
      timers.push(timer);
      return timer;
    };
    const lost = new Probe(clock);
    deadlines.arm(lost, 10, 0);
    for (const timer of timers) timer.clear();
    deadlines.arm(new Probe(clock), 1_000, 0);
    await clock.advance(10);
    expect(lost.times).toEqual([10]);
  });
});

describe('setTimer', () => {
  test('calls back once, unless it is cleared', async () => {
    const { clock, deadlines } = setUp();
    const fired: number[] = [];
    const timer = deadlines.setTimer(() => fired.push(1), 10);
    deadlines.setTimer(() => fired.push(2), 10.5);
    deadlines.setTimer(() => fired.push(3), -5);
    await clock.advance(0);
    expect(fired).toEqual([3]);
    timer.clear();
    await clock.advance(100);
    expect(fired).toEqual([3, 2]);
    timer.clear();
    await clock.advance(REST_MS);
    expect(clock.pending).toBe(0);
  });

  test('with an infinite delay never calls back and keeps its timer', async () => {
    const { clock, deadlines } = setUp();
    let fired = false;
    const timer = deadlines.setTimer(() => (fired = true), Infinity);
    await clock.advance(1e12);
    expect([fired, clock.pending]).toEqual([false, 1]);
    timer.clear();
    expect(clock.pending).toBe(0);
  });

  test('a deadline that has left a bucket does not affect those that come later', async () => {
    const { clock, deadlines } = setUp(false);
    deadlines.setTimer(() => {}, 10).clear();
    const order: number[] = [];
    for (const due of [10, 20]) deadlines.arm(new Probe(clock, () => order.push(due)), due, 0);
    clock.block(50);
    clock.fireNext();
    clock.fireNext();
    expect(order).toEqual([10, 20]);
  });
});

describe('on a real event loop', () => {
  /** A host's clock whose turns the test ends. */
  function setUpTurns(): ReturnType<typeof setUp> & { turns: (() => void)[] } {
    const at = setUp(false);
    const turns: (() => void)[] = [];
    at.clock.turn = (callback) => turns.push(callback);
    return { ...at, turns };
  }

  test('a due deadline waits for a full turn and gets the time at which its timer fired', async () => {
    const { clock, deadlines, turns } = setUpTurns();
    const probe = new Probe(clock);
    deadlines.arm(probe, 10, 0);
    await clock.advance(10);
    expect([probe.fired.length, turns.length]).toEqual([0, 1]);
    clock.block(500);
    turns.shift()?.();
    expect(probe.fired).toEqual([{ now: 10, at: 510 }]);
  });

  test('a woken function has a turn before later deadlines', async () => {
    const { clock, deadlines, turns } = setUpTurns();
    const order: (string | number)[] = [];
    const probe = (due: number): void => {
      deadlines.arm(new Probe(clock, () => order.push(due)), due, 0);
    };
    for (const due of [300, 100, 200, 500, 400]) probe(due);
    deadlines.setTimer(() => order.push('timer 210'), 210);
    deadlines.setTimer(() => order.push('timer 420'), 420);
    clock.block(1_000);
    await clock.advance(0);
    const seen: (typeof order)[] = [];
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      turn();
      seen.push(order.splice(0));
    }
    expect(seen).toEqual([[100, 200, 'timer 210'], [300, 400, 'timer 420'], [500]]);
    expect(clock.pending).toBe(0);
  });

  test('a deadline that is disarmed in the turn it waits for does not fire, and one that is armed in it has a timer afterwards', async () => {
    const { clock, deadlines, turns } = setUpTurns();
    const gone = new Probe(clock);
    const later = new Probe(clock);
    deadlines.arm(gone, 10, 0);
    await clock.advance(10);
    deadlines.disarm(gone);
    deadlines.arm(later, 50, 10);
    turns.shift()?.();
    expect(gone.fired).toEqual([]);
    await clock.advance(40);
    turns.shift()?.();
    expect(later.times).toEqual([50]);
  });
});

test('deadlines that are armed, moved and disarmed in any order agree with a list that is searched', async () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('arm' as const),
      probe: fc.nat(9),
      inMs: fc.oneof(
        fc.integer({ min: 0, max: 60 }),
        fc.nat(400_000).map((micros) => micros / 1_000),
      ),
    }),
    fc.record({ do: fc.constant('disarm' as const), probe: fc.nat(9) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 100 }) }),
    fc.record({ do: fc.constant('block' as const), ms: fc.integer({ min: 0, max: 100 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const at = setUp();
      const model = new Map<Probe, number>();
      let blockedUntil = 0;
      const probes = Array.from({ length: 10 }, () => {
        const probe: Probe = new Probe(at.clock, () => {
          const due = model.get(probe);
          expect(due, 'armed').toBeDefined();
          const now = at.clock.now();
          expect(now).toBeGreaterThanOrEqual(due! - 1e-6);
          expect(now).toBeLessThan(Math.max(due!, blockedUntil) + 1);
          model.delete(probe);
        });
        return probe;
      });
      for (const each of steps) {
        if (each.do === 'arm') {
          const probe = probes[each.probe]!;
          model.set(probe, at.clock.now() + each.inMs);
          arm(at, probe, each.inMs);
        } else if (each.do === 'disarm') {
          model.delete(probes[each.probe]!);
          at.deadlines.disarm(probes[each.probe]!);
        } else if (each.do === 'block') {
          at.clock.block(each.ms);
          blockedUntil = at.clock.now();
        } else {
          await at.clock.advance(each.ms);
          for (const due of model.values()) {
            expect(due, 'overdue').toBeGreaterThan(at.clock.now() - 1);
          }
        }
        expect(probes.filter(({ bucket }) => bucket !== undefined).length).toBe(model.size);
        expect(at.clock.pending).toBeLessThanOrEqual(1);
        if (model.size > 0) expect(at.clock.pending).toBe(1);
      }
      await at.clock.advance(500);
      expect(model.size).toBe(0);
      expect(at.clock.pending).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('100,000 random deadlines fire in order, with a third of them moved and a third disarmed', async () => {
  const at = setUp();
  const random = pseudoRandom(42);
  const dues: number[] = [];
  const fired: { due: number; now: number }[] = [];
  const probes = Array.from({ length: 100_000 }, () => {
    const probe = new Probe(at.clock);
    probe.onDue = (now) => fired.push({ due: (probe as Probe & { due: number }).due, now });
    return probe as Probe & { due: number };
  });
  const armRandomly = (probe: Probe & { due: number }): void => {
    probe.due = random() * 10_000;
    at.deadlines.arm(probe, probe.due, 0);
  };
  probes.forEach(armRandomly);
  probes.forEach((probe, index) => {
    if (index % 3 === 0) armRandomly(probe);
    if (index % 3 === 1) at.deadlines.disarm(probe);
    else dues.push(probe.due);
  });
  while (at.clock.fireNext()); // a real turn for each of 10,000 milliseconds would be slow
  expect(fired.length).toBe(dues.length);
  expect(fired.every(({ due, now }) => now >= due)).toBe(true);
  expect(fired.map(({ due }) => Math.ceil(due))).toEqual(dues.map(Math.ceil).sort((a, b) => a - b));
  expect(at.clock.pending).toBe(0);
});

/** A small generator, so that a failure can be reproduced. */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}
