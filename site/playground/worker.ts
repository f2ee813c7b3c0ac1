/** Runs in a worker: plays one scene, and tells the page what happens. */
import { play } from './play.js';
import type { FromWorker } from './messages.js';
import type { Scene } from './scene.js';

const scope = globalThis as unknown as {
  onmessage: (event: { readonly data: Scene }) => void;
  postMessage(message: FromWorker): void;
};

const tell = scope.postMessage.bind(scope);

scope.onmessage = ({ data: scene }) => {
  void play(scene, (frame) => tell({ what: 'frame', frame })).then((outcome) =>
    tell({ what: 'outcome', outcome }),
  );
};
