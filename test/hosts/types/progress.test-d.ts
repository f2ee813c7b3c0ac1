// Progress on a terminal.
import { ActivityRuntime } from 'systole';
import { showProgress, type Progress, type ShownProgress } from 'systole/progress';
import { typeOf } from './assert.js';

const runtime = new ActivityRuntime();
typeOf(showProgress(runtime)).is<ShownProgress>();
showProgress(runtime, { stream: { write: (text: string) => text.length } });
showProgress(runtime, {
  progress: ({ heartbeatDetails }) => heartbeatDetails as Progress | undefined,
}).close();

// @ts-expect-error is not assignable to parameter of type 'Watchable'
showProgress({});
// @ts-expect-error 'out' does not exist in type 'ProgressOptions'
showProgress(runtime, { out: 1 });
// @ts-expect-error Type 'number' is not assignable to type 'Progress'
showProgress(runtime, { progress: () => 5 });
