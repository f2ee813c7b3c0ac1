/** A deadline, and the list of deadlines that are due together. `deadlines.ts` holds the lists. */

/** Something that waits for a time. It is armed for one time, and arming it again moves it. */
export interface Deadline {
  /** Where it waits, and its neighbours there. The list writes these; they begin as undefined. */
  bucket: Bucket | undefined;
  earlier: Deadline | undefined;
  later: Deadline | undefined;

  /** Whether a user's function continues when the deadline is due and promises have settled. */
  readonly wakes?: true;

  /**
   * Called when the deadline is due and no longer armed. `now` is the clock's reading one turn of the
   * event loop ago, when the timer fired, and never before the deadline. Must not throw.
   */
  onDue(now: number): void;
}

/** The deadlines within one millisecond. */
export class Bucket {
  /** The end of its millisecond. */
  readonly order: number;
  /** When the last of its deadlines is due. Then all of them are handled. */
  due = 0;
  /** Whether one of its deadlines wakes a function, or did before it was moved. */
  wakes = false;
  first: Deadline | undefined;
  last: Deadline | undefined;

  constructor(order: number) {
    this.order = order;
  }

  append(deadline: Deadline, due: number): void {
    const first = this.first === undefined;
    this.due = first ? due : Math.max(this.due, due);
    this.wakes = deadline.wakes === true || (this.wakes && !first);
    deadline.bucket = this;
    deadline.earlier = this.last;
    deadline.later = undefined;
    if (this.last === undefined) this.first = deadline;
    else this.last.later = deadline;
    this.last = deadline;
  }

  /** Called when a deadline of this bucket has moved to `due` within the millisecond. */
  move(due: number): void {
    this.due = Math.max(this.due, due);
  }

  remove(deadline: Deadline): void {
    const { earlier, later } = deadline;
    if (earlier === undefined) this.first = later;
    else earlier.later = later;
    if (later === undefined) this.last = earlier;
    else later.earlier = earlier;
    deadline.bucket = deadline.earlier = deadline.later = undefined;
  }
}
