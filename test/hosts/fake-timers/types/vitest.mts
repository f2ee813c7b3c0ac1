// The matchers on `expect` of each Vitest.
import 'systole/testing/matchers';
import { TestActivityEnvironment } from 'systole/testing';
import { expect as expect2 } from 'vitest2';
import { expect as expect3 } from 'vitest3';
import { expect as expect4 } from 'vitest4';

const env = new TestActivityEnvironment();

expect2(env).toHaveHeartbeat({ line: 3 });
expect2(env).not.toHaveRetried(2);
expect2(env).toFailWith({ timeoutType: 'HEARTBEAT' });
// @ts-expect-error: not a number
expect2(env).toHaveRetried('2');
// @ts-expect-error: no such timeout
expect2(env).toFailWith({ timeoutType: 'LUNCH' });

expect3(env).toHaveHeartbeat({ line: 3 });
expect3(env).not.toHaveRetried(2);
expect3(env).toFailWith({ timeoutType: 'HEARTBEAT' });
// @ts-expect-error: not a number
expect3(env).toHaveRetried('2');
// @ts-expect-error: no such timeout
expect3(env).toFailWith({ timeoutType: 'LUNCH' });

expect4(env).toHaveHeartbeat({ line: 3 });
expect4(env).not.toHaveRetried(2);
expect4(env).toFailWith({ timeoutType: 'HEARTBEAT' });
// @ts-expect-error: not a number
expect4(env).toHaveRetried('2');
// @ts-expect-error: no such timeout
expect4(env).toFailWith({ timeoutType: 'LUNCH' });
