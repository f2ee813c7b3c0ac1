// The matchers on the global `expect` of @types/jest.
import 'systole/testing/matchers';
import { TestActivityEnvironment } from 'systole/testing';

const env = new TestActivityEnvironment();

expect(env).toHaveHeartbeat({ line: 3 });
expect(env).not.toHaveRetried(2);
expect(env).toFailWith({ timeoutType: 'HEARTBEAT' });
// @ts-expect-error: not a number
expect(env).toHaveRetried('2');
// @ts-expect-error: no such timeout
expect(env).toFailWith({ timeoutType: 'LUNCH' });
