/**
 * The number of operations at once. Each one opens a file, and a process may open only so many: a
 * thousand activities that start together must not fail because of that.
 */
const AT_ONCE = 64;

/** An operation that waits, and the one behind it. An array of 100,000 would be slow to shift. */
interface Waiting {
  readonly begin: () => void;
  next: Waiting | undefined;
}

let underWay = 0;
let first: Waiting | undefined;
let last: Waiting | undefined;

/** Runs an operation when fewer than 64 are under way, in the order of the calls. */
export async function inTurn<T>(operation: () => Promise<T>): Promise<T> {
  if (underWay >= AT_ONCE) await new Promise<void>(wait);
  else underWay++;
  try {
    return await operation();
  } finally {
    if (first === undefined) underWay--;
    else beginNext(first);
  }
}

function wait(begin: () => void): void {
  const waiting: Waiting = { begin, next: undefined };
  if (last === undefined) first = waiting;
  else last.next = waiting;
  last = waiting;
}

function beginNext({ begin, next }: Waiting): void {
  first = next;
  if (next === undefined) last = undefined;
  begin();
}
