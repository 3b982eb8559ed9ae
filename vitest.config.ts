import { defineConfig } from "vitest/config";

// Three projects by cost. Unit tests read the sources; lifecycle tests fork the built command line.
const source = {
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
};

export default defineConfig({
  test: {
    // opens a desk for tests that want PostgreSQL; starts nothing by itself
    globalSetup: "test/support/postgres/desk.ts",
    projects: [
      { ...source, test: { name: "tidy", include: ["test/tidy.test.ts"] } },
      {
        ...source,
        test: {
          name: "unit",
          include: ["test/{store,job,runtime,config}/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "lifecycle",
          include: ["test/lifecycle/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
