/** A web site on this machine that counts its requests. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Manners {
  /** How long a page takes. */
  readonly pageMs: number;
  /** One of this many requests is refused, with a `Retry-After` of 50 ms. */
  readonly busyEvery?: number;
}

export class Site {
  served = 0;
  refused = 0;
  /** The highest number of requests at one time. */
  atOnce = 0;
  readonly #server: Server;
  #requests = 0;
  #open = 0;

  static async open(manners: Manners): Promise<Site> {
    const site = new Site(manners);
    site.#server.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    return site;
  }

  private constructor({ pageMs, busyEvery = Infinity }: Manners) {
    this.#server = createServer((request, response) => {
      this.atOnce = Math.max(this.atOnce, ++this.#open);
      if (++this.#requests % busyEvery === 0) {
        this.refused++;
        this.#answer(response.writeHead(503, { 'retry-after': '0.05' }), '');
        return;
      }
      setTimeout(() => {
        this.served++;
        this.#answer(response, `page ${this.origin}${request.url ?? ''}`);
      }, pageMs);
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer(response: ServerResponse, text: string): void {
    this.#open--;
    response.end(text);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
