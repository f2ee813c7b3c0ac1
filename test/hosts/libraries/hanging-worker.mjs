// The task of a pool's thread. It reports through the port that it has begun, and never ends.
export default (port) => {
  port.postMessage('begun');
  return new Promise(() => {});
};
