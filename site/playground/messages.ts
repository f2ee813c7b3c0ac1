/** What the page, its frame and the worker tell each other. */
import type { Frame, Outcome } from './play.js';
import type { Scene } from './scene.js';

export type FromWorker =
  | { readonly what: 'frame'; readonly frame: Frame }
  | { readonly what: 'outcome'; readonly outcome: Outcome };

/** From the frame to the page. */
export type FromFrame =
  | FromWorker
  | { readonly what: 'ready' }
  /** The worker was stopped: it was busy for too long. */
  | { readonly what: 'stopped'; readonly afterMs: number }
  | { readonly what: 'broken'; readonly message: string };

/** From the page to the frame. A new scene stops the one before. */
export interface ToFrame {
  readonly run: number;
  readonly scene: Scene;
}

/** A message of the frame about one run. */
export interface Told {
  readonly run: number;
  readonly message: FromFrame;
}
