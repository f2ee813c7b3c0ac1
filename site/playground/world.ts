/** The world of a scene, as the text of a program: the playground runs it, and the test contains it. */
import type { Happening } from './scene.js';

/** How long a step takes if the world does nothing to it. */
const STEP = '500ms';

const WORDS = ['Each', 'attempt', 'starts', 'where', 'the', 'last', 'one', 'stopped.'];

/** What a program of the world needs of a test environment. */
export interface WorldEnvironment {
  sleep(duration: string): Promise<void>;
  blockEventLoop(duration: string): void;
}

/** A duration as the texts write it: `'1.5s'`. */
export function inSeconds(seconds: number): string {
  return `'${seconds}s'`;
}

/** The lines that define `worldOf`, which makes the world of one environment. */
export function worldText(happenings: readonly Happening[], withStream: boolean): string {
  const steps = happenings.flatMap(stepText);
  const lines = [
    ...(steps.length === 0
      ? []
      : [
          'const happened = new Set();',
          'const once = (what) => !happened.has(what) && happened.add(what);',
        ]),
    'const worldOf = (env) => {',
    `  const step = async (${steps.length === 0 ? '' : 'number'}) => {`,
    ...steps.map((line) => `    ${line}`),
    `    await env.sleep('${STEP}');`,
    '  };',
    ...(withStream
      ? [
          `  const words = '${WORDS.join(' ')}'.split(' ');`,
          '  async function* stream(from) {',
          '    for (let item = from; item < words.length; item++) {',
          '      await step(item + 1);',
          '      yield words[item];',
          '    }',
          '  }',
        ]
      : []),
    `  return { step${withStream ? ', stream' : ''} };`,
    '};',
  ];
  return lines.join('\n');
}

/** What the world does in a step, the first time that this step is made. */
function stepText(happening: Happening): string[] {
  const when = (what: string): string => {
    const { step } = happening as { readonly step: number };
    return `if (number === ${step} && once('${happening.do} ${step}')) ${what}`;
  };
  switch (happening.do) {
    case 'hang':
      return [when('await new Promise(() => {});')];
    case 'slow':
      return [when(`return env.sleep(${inSeconds(happening.seconds)});`)];
    case 'block':
      return [when(`env.blockEventLoop(${inSeconds(happening.seconds)});`)];
    case 'throw':
    case 'cancel':
    case 'pause':
    case 'crash':
      return [];
  }
}
