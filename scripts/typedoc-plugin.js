/**
 * For `npm run docs`: modules are called what users import, and what only the implementation needs
 * is left out. A plugin of TypeDoc's, which loads JavaScript.
 */
import { Converter } from 'typedoc';

/** The mark that `instanceof` compares, and the hook that compares it. */
const INNER = ['@@systole/failure', '[hasInstance]'];

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const reflection of Object.values(project.reflections)) {
      if (INNER.includes(reflection.name)) project.removeReflection(reflection);
    }
    for (const module of project.children ?? []) {
      module.name = module.name === 'index' ? 'systole' : `systole/${module.name}`;
    }
  });
}
