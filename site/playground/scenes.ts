/** The scenes that are ready to try. */
import type { Scene } from './scene.js';

const IMPORT = `async function importRows(ctx, world) {
  let row = ctx.heartbeatDetails ?? 0; // where the last attempt stopped
  while (row < 6) {
    await world.step(row + 1); // takes half a second
    ctx.heartbeat(++row); // I am alive, and this is how far I got
    ctx.signal.throwIfAborted(); // stops here when it should
  }
  return \`\${row} rows\`;
}
`;

const OPTIONS = `{
  activityId: 'names.csv',
  heartbeatTimeout: '3s',
  retryPolicy: { maximumAttempts: 5 },
}
`;

/** Ready scenes by the name that links have. */
export const scenes = {
  resume: {
    title: 'Resume after an error',
    code: IMPORT,
    options: OPTIONS,
    happenings: [{ do: 'throw', heartbeat: 3 }],
  },
  hang: {
    title: 'A hang',
    code: IMPORT,
    options: OPTIONS,
    happenings: [{ do: 'hang', step: 4 }],
  },
  zombie: {
    title: 'A zombie',
    code: `async function importRows(ctx, world) {
  let row = ctx.heartbeatDetails ?? 0;
  while (row < 6) {
    await world.step(row + 1);
    // With the next line, the zombie stops when it wakes up.
    // ctx.signal.throwIfAborted();
    ctx.heartbeat(++row);
  }
  return \`\${row} rows\`;
}
`,
    options: OPTIONS,
    happenings: [{ do: 'slow', step: 3, seconds: 5 }],
  },
  cancel: {
    title: 'A cancellation',
    code: `async function upload(ctx, world) {
  let part = ctx.heartbeatDetails ?? 0;
  try {
    while (part < 8) {
      await world.step(part + 1);
      ctx.heartbeat(++part); // a cancellation arrives in this call
      ctx.signal.throwIfAborted();
    }
    return \`\${part} parts\`;
  } finally {
    await world.step('delete the temporary file');
  }
}
`,
    options: `{
  activityId: 'movie.mp4',
  heartbeatTimeout: '3s',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
}
`,
    happenings: [{ do: 'cancel', at: 1.7 }],
  },
  crash: {
    title: 'A crash of the process',
    code: IMPORT,
    options: `{
  // the store keeps its details under this name
  activityId: 'names.csv',
  heartbeatTimeout: '3s',
  // without this, not every heartbeat is stored
  heartbeatThrottleInterval: 0,
}
`,
    happenings: [{ do: 'crash', at: 1.7 }],
  },
  stall: {
    title: "A stall of a model's stream",
    code: `async function answer(ctx, world) {
  const words = ctx.heartbeatDetails ?? [];
  const stream = world.stream(words.length); // the model continues where it was cut off
  for await (const word of ctx.watch(stream, { first: '5s', between: '2s' })) {
    words.push(word);
    ctx.heartbeat(words);
  }
  return words.join(' ');
}
`,
    options: `{
  activityId: 'a question',
  retryPolicy: { maximumAttempts: 5 },
}
`,
    happenings: [{ do: 'hang', step: 4 }],
  },
} as const satisfies Readonly<Record<string, Scene>>;

export type SceneName = keyof typeof scenes;

export const sceneNames = Object.keys(scenes) as readonly SceneName[];
