/** A deadline, and the list of those that fall due together. `deadlines.ts` holds the lists. */

/** Something that waits for a time. At most one deadline at once; arming again moves it. */
export abstract class Deadline {
  /** @internal The list it is in, and its neighbours there. */
  bucket: Bucket | undefined;
  /** @internal */
  earlier: Deadline | undefined;
  /** @internal */
  later: Deadline | undefined;

  /** Whether a function goes on, once promises have settled, when the deadline falls due. */
  get wakes(): boolean {
    return false;
  }

  /**
   * The time has come; the deadline is no longer armed. `now` is at least the time armed for: the
   * clock's reading when that was noticed, a turn of the event loop ago. Must not throw.
   */
  abstract onDue(now: number): void;
}

/** The deadlines of one millisecond. */
export class Bucket {
  /** The end of its millisecond. */
  readonly order: number;
  /** When the last of its deadlines is due; then all of them fall due. */
  due = 0;
  /** One of its deadlines wakes a function, or did before it was moved. */
  wakes = false;
  first: Deadline | undefined;
  last: Deadline | undefined;

  constructor(order: number) {
    this.order = order;
  }

  append(deadline: Deadline, due: number): void {
    const first = this.first === undefined;
    this.due = first ? due : Math.max(this.due, due);
    this.wakes = deadline.wakes || (this.wakes && !first);
    deadline.bucket = this;
    deadline.earlier = this.last;
    deadline.later = undefined;
    if (this.last === undefined) this.first = deadline;
    else this.last.later = deadline;
    this.last = deadline;
  }

  /** One of its deadlines has moved to `due`, within the millisecond. */
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
