/** The live timeline: the activities in which something happened last. */
import { SystemClock } from '../../kernel/clock.js';
import type { TimelineEvent } from '../../timeline/events.js';
import { timelineSvg } from '../../timeline/svg.js';
import type { TimelinePart } from '../messages.js';
import { make } from './dom.js';

const MAX_KEPT = 6_000;
const MAX_LANES = 25;
const MAX_DRAWN = 800;
const MIN_WIDTH = 420;

export class Timeline {
  readonly #element: HTMLElement;
  readonly #clock = new SystemClock();
  #events: TimelineEvent[] = [];
  #next = 0;
  #asking = false;
  #drawn = '';

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  /** The program was restarted. */
  forget(): void {
    this.#events = [];
    this.#next = 0;
  }

  /** Asks for what is new, and draws it. */
  async refresh(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const answer = await fetch(`timeline?after=${this.#next}`);
      if (!answer.ok) return;
      const part = (await answer.json()) as TimelinePart;
      if (part.next < this.#next) this.forget();
      this.#next = part.next;
      this.#events = [...this.#events, ...part.events].slice(-MAX_KEPT);
      this.#draw();
    } catch {
      // The connection is lost, which the page says at its top.
    } finally {
      this.#asking = false;
    }
  }

  #draw(): void {
    const events = ofLastLanes(this.#events);
    if (events.length === 0) {
      this.#element.replaceChildren(make('p', 'quiet', 'Nothing has happened yet.'));
      return;
    }
    // A last event that says how late it is: what runs is drawn up to now.
    const now: TimelineEvent = { at: this.#clock.wallNow(), event: 'blocked', blockedMs: 0 };
    const running = [...events, now];
    const drawn = picture(running, this.#element.clientWidth);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    put(drawn, this.#element);
  }
}

/** The events of the activities that came last, in their order. */
function ofLastLanes(events: readonly TimelineEvent[]): TimelineEvent[] {
  const lanes = new Set<string>();
  const kept: TimelineEvent[] = [];
  for (let n = events.length - 1; n >= 0 && kept.length < MAX_DRAWN; n--) {
    const event = events[n] as TimelineEvent;
    const { activityId } = event;
    if (activityId !== undefined && !lanes.has(activityId)) {
      if (lanes.size === MAX_LANES) continue;
      lanes.add(activityId);
    }
    kept.push(event);
  }
  return kept.reverse();
}

export function picture(events: readonly TimelineEvent[], width: number): string {
  return timelineSvg(events, { width: Math.max(MIN_WIDTH, Math.floor(width)) });
}

/** The picture escapes what comes from users, and the page's policy runs no script that is in it. */
export function put(svg: string, element: HTMLElement): void {
  const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
  element.replaceChildren(document.importNode(parsed.documentElement, true));
}
