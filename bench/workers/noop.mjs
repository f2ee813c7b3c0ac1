// The same for the pool library alone.
export default () => 1;
