import { defineConfig } from "vitest/config";
import { missingPostgres } from "./test/support/postgres/binaries.ts";

// Projects by cost. Unit tests read the sources; lifecycle tests fork the built command line. Two
// files at a time, or one where they measure milliseconds.
const source = {
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
};

// said, because vitest would run one file at a time on two cores
const inPairs = { maxWorkers: 2, sequence: { groupOrder: 1 } };
const patient = { testTimeout: 60_000, hookTimeout: 60_000 };
/**
 * They measure milliseconds, on machines that others use too: a second look in CI, which the report
 * shows as "retry x1". What others assert is true at any pace, and gets none: it would hide a race.
 */
const alone = { ...patient, fileParallelism: false, retry: process.env.CI ? 1 : 0 };

const lifecycle = (...names: string[]): string[] =>
  names.map((name) => `test/lifecycle/${name}.test.ts`);

const timed = lifecycle(
  "crash-supervisor",
  "crash-worker",
  "frozen",
  "hooks",
  "signals",
  "store-trouble",
  "term",
  "timeout-cancel",
  "wake-up",
);

/**
 * Lifecycle tests in which the store has a say run a second time, on PostgreSQL. Not these: what
 * they are about ends before the store is reached (boot), or never gets there (hooks, misbehaviour
 * inside a thread, signals, the control socket, terminals), or is a file of SQLite.
 */
const withoutStore = lifecycle(
  "boot",
  "cli-flow-words",
  "cli-runtime",
  "hooks",
  "misbehaviour",
  "signals",
  "store-trouble",
  "terminal",
);

/** Without PostgreSQL no file at all; test/store/postgres.test.ts says so loudly. */
const onPostgres = (files: string[]): string[] => (missingPostgres() ? [] : files);

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
          ...inPairs,
        },
      },
      {
        test: {
          name: "lifecycle",
          include: lifecycle("*"),
          exclude: timed,
          ...patient,
          ...inPairs,
        },
      },
      { test: { name: "timed", include: timed, ...alone } },
      {
        test: {
          name: "lifecycle-postgres",
          include: onPostgres(lifecycle("*")),
          exclude: withoutStore,
          env: { RUNTIME_TEST_STORE: "postgres" },
          setupFiles: "test/support/postgres/each-test.ts",
          ...patient,
          ...inPairs,
        },
      },
      { test: { name: "hosts", include: onPostgres(lifecycle("postgres/*")), ...alone } },
    ],
  },
});
