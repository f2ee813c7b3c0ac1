/** What a recovery does with what it has found. */
import type { Clock } from '../kernel/clock.js';
import { Deferred } from '../kernel/promises.js';
import { quote } from '../kernel/text.js';
import type { UnrecoveredEntry } from '../runtime/shared/ledger.js';
import type { Services } from '../runtime/shared/services.js';

/** How long a recovery waits for details that the store does not give. */
const LONGEST_READ_MS = 5_000;

/** Waits until the details of the recovered activities have been read. Never rejects. */
export async function settled(reads: readonly Promise<unknown>[], clock: Clock): Promise<void> {
  if (reads.length === 0) return;
  const late = new Deferred<void>();
  const timer = clock.setTimer(() => late.resolve(), LONGEST_READ_MS);
  await Promise.race([Promise.all(reads), late.promise]);
  timer.clear();
}

/** What to do about entries that stay, by the first three words of the reason. */
const ADVICE: Readonly<Record<string, string>> = {
  'has the type':
    'Pass its function to recover(), or remove what nobody needs: store.close(activityId)',
  'was written by': 'Update systole in this program',
};
const OTHER_ADVICE = 'docs/troubleshooting.md says more about this reason';

/** Warns of entries that no recovery of this runtime can start, once for each type and reason. */
export class Leftovers {
  readonly #told = new Set<string>();

  warn(unknown: readonly UnrecoveredEntry[], { clock, log }: Services): void {
    const now = clock.wallNow();
    const groups = new Map<string, UnrecoveredEntry[]>();
    for (const entry of unknown) {
      if ((entry.heldUntil ?? 0) > now) continue; // another program runs it
      const key = `${kindOf(entry)} ${entry.activityType}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [entry]);
      else group.push(entry);
    }
    for (const [key, [first, ...others]] of groups) {
      if (first === undefined || this.#told.has(key)) continue;
      this.#told.add(key);
      const { activityId, activityType, reason } = first;
      const entries = others.length + 1;
      const count = entries === 1 ? '1 entry' : `${entries} entries`;
      const advice = ADVICE[kindOf(first)] ?? OTHER_ADVICE;
      const message =
        `recover: ${count} of the type ${quote(activityType)} cannot be run here and stay in the ` +
        `ledger. ${quote(activityId)} ${reason}. ${advice}.`;
      log('warn', message, { activityType, entries });
    }
  }
}

function kindOf({ reason }: UnrecoveredEntry): string {
  return reason.split(/[ :]/, 3).join(' ');
}
