/**
 * The tickets that wait for a slot. The best priority goes first, and within a priority the ticket
 * that came first. A key that has all its slots in use is skipped.
 */
import { Heap } from '../../kernel/heap.js';

/** Something that wants a slot. It is in the queue at most once. */
export interface Ticket {
  /** Where it waits. Only the queue writes this and its neighbours there; at first undefined. */
  queue: KeyQueue | undefined;
  ahead: Ticket | undefined;
  behind: Ticket | undefined;
  /** The number of the ticket among all that have ever waited. */
  order: number;

  /** The priority, from 1 (first) to 5 (last). */
  readonly priority: number;
  readonly concurrencyKey: string | undefined;
  /** Called when the ticket gets a slot, until `release`. `now` is a fresh reading, if any. */
  begin(now?: number): void;
}

/** One `concurrencyKey` and its slots. Tickets without a key share one that is never full. */
export class Key {
  readonly name: string | undefined;
  /** The tickets of this key, by priority. */
  readonly queues: (KeyQueue | undefined)[] = [];
  readonly #limit: number;
  /** The number of slots in use. */
  held = 0;
  /** The number of tickets of this key that wait. The queue counts them. */
  waiting = 0;

  constructor(name: string | undefined, limit: number) {
    this.name = name;
    this.#limit = limit;
  }

  get full(): boolean {
    return this.held >= this.#limit;
  }

  take(): void {
    this.held++;
  }

  release(): void {
    this.held--;
  }
}

/** The tickets of one priority and one key, in the order they came. */
export class KeyQueue {
  first: Ticket | undefined;
  last: Ticket | undefined;
  /** Whether it has a turn in the heap of its priority. An empty queue or a full key has none. */
  ready = false;
  readonly heap: Heap<Turn>;
  readonly key: Key;

  constructor(heap: Heap<Turn>, key: Key) {
    this.heap = heap;
    this.key = key;
  }
}

/** The turn of a key queue, ordered by the ticket that was first when the turn was made. */
interface Turn {
  readonly queue: KeyQueue;
  readonly order: number;
}

/** The number of turns from which it pays to look for turns of empty queues. */
const SWEEP_FROM = 1_000;

export class Queue {
  /** The turns of the queues that can be served, by priority. */
  readonly #ready: (Heap<Turn> | undefined)[] = [];
  /** The number of tickets that wait. */
  size = 0;
  #order = 0;
  #sweepAt = SWEEP_FROM;

  append(ticket: Ticket, key: Key, priority: number): void {
    const heap = (this.#ready[priority] ??= new Heap());
    const queue = (key.queues[priority] ??= new KeyQueue(heap, key));
    ticket.queue = queue;
    ticket.order = this.#order++;
    ticket.ahead = queue.last;
    if (queue.last === undefined) queue.first = ticket;
    else queue.last.behind = ticket;
    queue.last = ticket;
    this.size++;
    key.waiting++;
    this.#offer(queue);
  }

  /** Removes a ticket and returns its key; undefined if the ticket does not wait. */
  remove(ticket: Ticket): Key | undefined {
    const { queue, ahead, behind } = ticket;
    if (queue === undefined) return undefined;
    if (ahead === undefined) queue.first = behind;
    else ahead.behind = behind;
    if (behind === undefined) queue.last = ahead;
    else behind.ahead = ahead;
    ticket.queue = ticket.ahead = ticket.behind = undefined;
    this.size--;
    queue.key.waiting--;
    return queue.key;
  }

  /** Called when a key has a free slot again, so that its tickets take part again. */
  reopen(key: Key): void {
    for (const queue of key.queues) if (queue !== undefined) this.#offer(queue);
  }

  /** The ticket that is next. Corrects turns of queues that have become empty, full or later. */
  next(): Ticket | undefined {
    for (const heap of this.#ready) {
      for (let turn = heap?.first; turn !== undefined; turn = heap?.first) {
        const { queue, order } = turn;
        if (queue.first?.order === order && !queue.key.full) return queue.first;
        queue.heap.pop();
        queue.ready = false;
        this.#offer(queue);
      }
    }
    return undefined;
  }

  /** Gives a queue a turn if it should have one. */
  #offer(queue: KeyQueue): void {
    if (queue.ready || queue.first === undefined || queue.key.full) return;
    queue.ready = true;
    queue.heap.push({ queue, order: queue.first.order });
    if (queue.heap.size > this.#sweepAt) this.#sweep(queue.heap);
  }

  /** Drops the turns of queues that all tickets have left unserved. */
  #sweep(heap: Heap<Turn>): void {
    heap.sweep(({ queue }) => (queue.ready = queue.first !== undefined));
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * heap.size);
  }
}
