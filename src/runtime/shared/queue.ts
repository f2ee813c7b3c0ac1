/**
 * Tickets that wait for a slot. The best priority goes first, and within a priority the ticket that
 * came first; a key that has all the slots it may have is passed over.
 */
import { Heap } from '../../kernel/heap.js';

/** Something that wants a slot. It is in the queue at most once. */
export interface Ticket {
  /** Where it waits, and its neighbours there. The queue writes these; they begin as undefined. */
  queue: KeyQueue | undefined;
  ahead: Ticket | undefined;
  behind: Ticket | undefined;
  /** Its number among all tickets that ever waited. */
  order: number;

  /** 1 (first) to 5 (last). */
  readonly priority: number;
  readonly concurrencyKey: string | undefined;
  /** The slot is there, and held until `release`. `now` is given if the caller has just read it. */
  begin(now?: number): void;
}

/** One `concurrencyKey` and the slots it holds; tickets without a key share one that is never full. */
export class Key {
  readonly name: string | undefined;
  /** Its tickets, by priority. */
  readonly queues: (KeyQueue | undefined)[] = [];
  readonly #limit: number;
  /** Slots in use. */
  held = 0;
  /** Tickets of this key that wait. The queue counts them. */
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
  /** It has a turn in the ready heap of its priority: not while it is empty or its key is full. */
  ready = false;
  readonly heap: Heap<Turn>;
  readonly key: Key;

  constructor(heap: Heap<Turn>, key: Key) {
    this.heap = heap;
    this.key = key;
  }
}

/** When a key queue is served: by the order of the ticket that was its first at the time. */
interface Turn {
  readonly queue: KeyQueue;
  readonly order: number;
}

/** From this many turns on, turns of empty queues are worth looking for. */
const SWEEP_FROM = 1_000;

export class Queue {
  /** By priority. */
  readonly #ready: (Heap<Turn> | undefined)[] = [];
  /** How many tickets wait. */
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

  /** Takes a ticket out, and returns its key; undefined for one that does not wait. */
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

  /** The key has a slot again: its tickets take part again. */
  reopen(key: Key): void {
    for (const queue of key.queues) if (queue !== undefined) this.#offer(queue);
  }

  /** Who is next. Turns of queues that are empty, full or further back by now are put right here. */
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

  /** Gives a queue a turn, if it should have one. */
  #offer(queue: KeyQueue): void {
    if (queue.ready || queue.first === undefined || queue.key.full) return;
    queue.ready = true;
    queue.heap.push({ queue, order: queue.first.order });
    if (queue.heap.size > this.#sweepAt) this.#sweep(queue.heap);
  }

  /** Drops the turns of queues whose tickets have all left without having been served. */
  #sweep(heap: Heap<Turn>): void {
    heap.sweep(({ queue }) => (queue.ready = queue.first !== undefined));
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * heap.size);
  }
}
