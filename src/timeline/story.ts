/** What the events of a recording tell: a lane for each activity. */
import { eventsOf, type Recorded } from './events.js';
import { OpenLane, type Lane, type Span } from './lane.js';

export interface Story extends Span {
  /** The time that all others are counted from. */
  readonly base: number;
  readonly lanes: readonly Lane[];
  readonly blocks: readonly Span[];
  /** The number of running and waiting activities from each moment on. */
  readonly slots: readonly { at: number; running: number; waiting: number }[];
  readonly dropped: number;
}

/**
 * Reads a recording. It may begin or end in the middle of anything.
 *
 * @param called the name of the function that the user has called
 * @throws TypeError if it is no recording
 */
export function storyOf(recorded: Recorded, called = 'storyOf'): Story {
  const events = eventsOf(recorded, called);
  const happened = events.filter(({ event }) => event !== 'recording');
  const head = events.find(({ event }) => event === 'recording');
  const from = happened[0]?.at ?? head?.at ?? 0;
  const to = happened.at(-1)?.at ?? from;
  const lanes: OpenLane[] = [];
  const byId = new Map<string, OpenLane[]>();
  const blocks: Span[] = [];
  const slots: Story['slots'][number][] = [];
  for (const event of happened) {
    if (event.event === 'blocked') {
      const { blockedMs = 0 } = event;
      if (blockedMs > 0) blocks.push({ from: Math.max(from, event.at - blockedMs), to: event.at });
      continue;
    }
    if (event.running !== undefined) {
      const { at, running, waiting = 0 } = event;
      if (slots.at(-1)?.at === at) slots.pop();
      slots.push({ at, running, waiting });
    }
    const { activityId = '' } = event;
    const known = byId.get(activityId) ?? [];
    if (known.length === 0) byId.set(activityId, known);
    if (event.event === 'attemptSettled') {
      known.find((lane) => lane.settled(event))?.settle(event);
      continue;
    }
    let lane = known.at(-1);
    if (lane === undefined || event.event === 'scheduled') {
      lane = new OpenLane(event, event.event === 'scheduled' ? event.at : from);
      known.push(lane);
      lanes.push(lane);
    }
    lane.take(event);
  }
  lanes.forEach((lane) => lane.cut(to));
  return {
    base: head?.at ?? from,
    from,
    to,
    lanes,
    blocks: merged(blocks),
    slots,
    dropped: head?.dropped ?? 0,
  };
}

/** The spans without overlaps; they come in order of their ends. */
function merged(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const span of spans) {
    let { from } = span;
    for (let last = all.at(-1); last !== undefined && last.to >= from; last = all.at(-1)) {
      from = Math.min(from, last.from);
      all.pop();
    }
    all.push({ from, to: span.to });
  }
  return all;
}
