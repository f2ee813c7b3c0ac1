import { fileURLToPath } from 'node:url';

const inProject = (path) => fileURLToPath(new URL(path, import.meta.url));

const project = {
  rootDir: inProject('..'),
  roots: ['<rootDir>/jest'],
  testMatch: ['<rootDir>/jest/*.test.mjs'],
  moduleFileExtensions: ['mjs', 'js', 'cjs', 'json'],
  transform: { '\\.mjs$': inProject('to-commonjs.mjs') },
  transformIgnorePatterns: ['/node_modules/', '/dist/'],
};

export default {
  // The cache is kept with its packages.
  cacheDirectory: inProject('../node_modules/.cache/jest'),
  watchman: false,
  projects: [
    { ...project, displayName: 'node', testEnvironment: 'node' },
    { ...project, displayName: 'jsdom', testEnvironment: 'jsdom' },
  ],
};
