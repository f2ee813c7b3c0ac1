/** The recording of a runtime: its events, kept as plain JSON. */
import type { TimelineEvent } from './events.js';

/** A recording of a runtime, made by `record`: its events as plain JSON. */
export class Recording {
  /** @internal The wall time when it began. */
  readonly startedAt: number;
  readonly #limit: number;
  #events: TimelineEvent[] = [];
  /** Where the oldest event is, once there are as many as the limit allows. */
  #oldest = 0;
  #dropped = 0;
  #end: (() => void) | undefined;

  /** @internal */
  constructor(startedAt: number, limit: number) {
    this.startedAt = startedAt;
    this.#limit = limit;
  }

  /** @internal Adds an event. The oldest is dropped if there are too many. */
  note(event: TimelineEvent): void {
    if (this.#events.length < this.#limit) {
      this.#events.push(event);
      return;
    }
    this.#events[this.#oldest] = event;
    this.#oldest = (this.#oldest + 1) % this.#limit;
    this.#dropped++;
  }

  /** @internal Says how to stop listening. */
  onStop(end: () => void): void {
    this.#end = end;
  }

  /** Returns the events so far, in order. The first one says when the recording began. */
  toJSON(): TimelineEvent[] {
    const dropped = this.#dropped;
    const head: TimelineEvent = { at: this.startedAt, event: 'recording' };
    return [
      dropped === 0 ? head : { ...head, dropped },
      ...this.#events.slice(this.#oldest),
      ...this.#events.slice(0, this.#oldest),
    ];
  }

  /** Returns the events as text, one line of JSON each. Write it to a file to keep the recording. */
  toLines(): string {
    return this.toJSON()
      .map((event) => `${JSON.stringify(event)}\n`)
      .join('');
  }

  /** Stops recording, and keeps what was recorded. */
  stop(): void {
    this.#end?.();
    this.#end = undefined;
  }
}
