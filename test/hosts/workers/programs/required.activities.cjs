module.exports = { add: async (_ctx, a, b) => a + b };
