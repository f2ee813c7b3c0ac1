/** Runs scenes from the page, in the frame that keeps them apart from it. */
import type { FromFrame, ToFrame, Told } from './messages.js';
import type { Scene } from './scene.js';

export class Runner {
  readonly #address: string;
  readonly #host: HTMLElement;
  #frame: Promise<Window> | undefined;
  #run = 0;
  #listener: (message: FromFrame) => void = () => {};

  /** @param address of the frame, which is loaded at the first run */
  constructor(address: string, host: HTMLElement) {
    this.#address = address;
    this.#host = host;
  }

  /** Plays a scene in place of the one that is playing. */
  async play(scene: Scene, listener: (message: FromFrame) => void): Promise<void> {
    const run = ++this.#run;
    this.#frame ??= this.#load();
    const frame = await this.#frame;
    if (run !== this.#run) return;
    this.#listener = listener;
    frame.postMessage({ run, scene } satisfies ToFrame, '*');
  }

  #load(): Promise<Window> {
    const frame = document.createElement('iframe');
    frame.title = 'Runs the code of the playground';
    frame.style.display = 'none';
    // Without an origin of its own: it cannot reach this page, its storage or its cookies.
    frame.setAttribute('sandbox', 'allow-scripts');
    frame.src = this.#address;
    return new Promise((resolve) => {
      addEventListener('message', ({ data, source }: MessageEvent<Told>) => {
        const { contentWindow } = frame;
        if (contentWindow === null || source !== contentWindow) return;
        if (data.message.what === 'ready') resolve(contentWindow);
        else if (data.run === this.#run) this.#listener(data.message);
      });
      this.#host.append(frame);
    });
  }
}
