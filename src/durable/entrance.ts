/** When activities have entered the ledger. All runtimes of one store answer together. */
import { badInput } from '../kernel/bad-input.js';
import { Deferred } from '../kernel/promises.js';
import { rejectionAtAwait } from '../kernel/stack.js';
import { quote } from '../kernel/text.js';

/** How many activities that have left are remembered. */
const REMEMBERED = 1_000;

/** How one activity enters the ledger. */
export class Entrance {
  /** The error that keeps it out, or `true` once it has entered or need not enter any more. */
  #outcome: Error | true | undefined;
  #waiting: Deferred<void> | undefined;

  /** Called when it is known whether the activity is in the ledger. Later calls change nothing. */
  settle(refusal?: Error): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = refusal ?? true;
    this.#waiting?.resolve(answerTo(this.#outcome));
  }

  /** Resolves when the activity has entered. Made only if somebody asks. */
  get over(): Promise<void> {
    if (this.#outcome !== undefined) return answerTo(this.#outcome);
    return (this.#waiting ??= new Deferred<void>()).promise;
  }
}

function answerTo(outcome: Error | true): Promise<void> {
  return outcome === true ? Promise.resolve() : rejectionAtAwait(outcome);
}

/** What has entered the ledger of one activity that a runtime has. */
export interface Asked {
  entrance(activityId: string): Entrance | undefined;
}

/** The entrances of one store. */
export class Entrances {
  /** The runtimes that have activities in the ledger. The last one has started the last activity. */
  readonly #ledgers = new Set<Asked>();
  /** How activities that have left had entered, by id. */
  readonly #past = new Map<string, Entrance>();

  /** Called when a runtime has got an activity. */
  came(ledger: Asked): void {
    this.#ledgers.delete(ledger);
    this.#ledgers.add(ledger);
  }

  /** Called when an activity has left the ledger. */
  left(activityId: string, entrance: Entrance): void {
    this.#past.delete(activityId);
    this.#past.set(activityId, entrance);
    if (this.#past.size <= REMEMBERED) return;
    const [oldest] = this.#past.keys() as Iterable<string> as [string];
    this.#past.delete(oldest);
  }

  /** Called when a runtime has no activities left in the ledger. */
  isIdle(ledger: Asked): void {
    this.#ledgers.delete(ledger);
  }

  /** @throws TypeError if no runtime of this store has started the activity */
  entered(activityId: string): Promise<void> {
    const found = [...this.#ledgers].reverse().map((ledger) => ledger.entrance(activityId));
    const entrance = found.find((one) => one !== undefined) ?? this.#past.get(activityId);
    if (entrance !== undefined) return entrance.over;
    throw badInput(
      `store.entered: no runtime with this store has started an activity ${quote(activityId)}; call ` +
        'it after runtime.start(…, { activityId })',
    );
  }
}
