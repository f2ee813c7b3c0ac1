// A server on loopback that never finishes a response.
import { once } from 'node:events';
import { createServer } from 'node:http';

/** One event, as a stream of each of the two AI services begins. */
const EVENT = {
  id: '1',
  type: 'message_start',
  message: { id: '1', type: 'message', role: 'assistant', content: [], model: 'm', usage: {} },
  choices: [{ index: 0, delta: { content: 'a' } }],
};

/**
 * By the first part of the path: `hang` does not answer, `body` sends part of a body, `events` the
 * first event of a stream; `fail` answers 503.
 *
 * @param onHang called with the second part of the path when a request hangs
 */
export async function serve(onHang) {
  const server = createServer((request, response) => {
    const [, kind, number] = request.url.split('/');
    if (kind === 'hang') onHang(number);
    else if (kind === 'fail') response.writeHead(503).end();
    else if (kind === 'body') {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' });
      response.write('a part');
    } else {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: ${EVENT.type}\ndata: ${JSON.stringify(EVENT)}\n\n`);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
