/** The stream of changes. It comes back by itself, also after a restart of the program. */
import { SystemClock } from '../../kernel/clock.js';
import type { Changes, Hello } from '../messages.js';

interface Listener {
  hello(hello: Hello): void;
  changes(changes: Changes): void;
  /** Tells whether the program answers. */
  connected(connected: boolean): void;
}

const AGAIN_MS = 1_000;
/** The program sends something every second. After ten without, the connection is dead. */
const SILENT_MS = 10_000;

export class Connection {
  readonly #listener: Listener;
  readonly #clock = new SystemClock();
  #source: EventSource | undefined;
  #heardAt = 0;

  constructor(listener: Listener) {
    this.#listener = listener;
    this.#connect();
    this.#watch();
  }

  #connect(): void {
    this.#source?.close();
    const source = new EventSource('events');
    this.#source = source;
    this.#heardAt = this.#clock.now();
    source.addEventListener('hello', ({ data }) => {
      this.#heardAt = this.#clock.now();
      this.#listener.connected(true);
      this.#listener.hello(JSON.parse(data as string) as Hello);
    });
    source.addEventListener('message', ({ data }) => {
      this.#heardAt = this.#clock.now();
      this.#listener.changes(JSON.parse(data as string) as Changes);
    });
    source.addEventListener('error', () => this.#listener.connected(false));
  }

  /** A browser gives up after an answer that is no stream, such as that of another program. */
  #watch(): void {
    this.#clock.setTimer(() => {
      const silent = this.#clock.now() - this.#heardAt > SILENT_MS;
      if (silent) this.#listener.connected(false);
      if (silent || this.#source?.readyState === EventSource.CLOSED) this.#connect();
      this.#watch();
    }, AGAIN_MS);
  }
}
