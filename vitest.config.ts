import { defineConfig } from 'vitest/config'

/** `unit` needs nothing; `sim` runs the platform in one process; the other three need the local stack, which their global setup starts once. */
const stackSetup = ['./packages/local-stack/src/vitest-global-setup.ts']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Property tests share the cores with each other; a slow minute must not look like a failure.
          testTimeout: 120_000,
          include: [
            'packages/*/src/**/*.test.ts',
            'services/*/src/**/*.test.ts',
            'tools/**/*.test.ts',
            'test/corpus/**/*.test.ts',
            'deploy/**/*.test.ts',
          ],
        },
      },
      { test: { name: 'sim', include: ['test/sim/**/*.test.ts'], testTimeout: 300_000 } },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          globalSetup: stackSetup,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: stackSetup,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'docs/tutorial/**/*.test.ts'],
          globalSetup: stackSetup,
          testTimeout: 300_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
