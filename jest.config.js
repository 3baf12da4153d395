// Jest: TypeScript through swc as ES modules (NODE_OPTIONS=--experimental-vm-modules, see the `jest` script).
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' }, keepClassNames: true }, module: { type: 'es6' } },
    ],
  },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^hornet$': '<rootDir>/lib/index.ts',
  },
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'node'],
  maxWorkers: 2,
  testTimeout: 60_000,
};
