// A round trip with what Node has, and no pool at all.
import { parentPort } from 'node:worker_threads';

const answer = { is: 'returned', result: 1, delivery: undefined };
if (parentPort === null) process.on('message', () => process.send(answer));
else parentPort.on('message', () => parentPort.postMessage(answer));
