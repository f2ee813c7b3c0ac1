/** What the front page shows before anything runs. */
export { play } from './play.js';
export { scenes } from './scenes.js';
