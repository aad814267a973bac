// Two projects, selected by suffix: fast specs beside the code, and specs that need a real server.
const shared = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  setupFiles: ['<rootDir>/libs/test-kit/jest/property-sizes.mjs'],
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/', '<rootDir>/.nx/', '<rootDir>/.millrace/'],
};

// Starts real servers when a spec first asks for one, each once for the whole run (libs/test-kit).
const withServers = {
  globalSetup: '<rootDir>/libs/test-kit/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/libs/test-kit/jest/global-teardown.mjs',
};

export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/{libs,apps,tools}/**/*.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/dist/', '\\.integration\\.spec\\.ts$'],
    },
    {
      ...shared,
      ...withServers,
      displayName: 'integration',
      testMatch: ['<rootDir>/{libs,apps,tools}/**/*.integration.spec.ts'],
    },
    { ...shared, ...withServers, displayName: 'e2e', testMatch: ['<rootDir>/e2e/src/*.e2e.spec.ts'] },
    // Minutes each: by `npm run faults`, not in `npm test`.
    { ...shared, ...withServers, displayName: 'faults', testMatch: ['<rootDir>/e2e/src/faults/*.e2e.spec.ts'] },
  ],
};
