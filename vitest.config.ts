import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { missingPostgres } from "./test/support/postgres/binaries.ts";

// Projects by cost. Unit tests read the sources; lifecycle tests fork the built command line. What
// measures milliseconds runs apart from what keeps both cores busy.
const source = {
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
};

/**
 * So many files at a time, which vitest would not do on two cores unless told; groups of files run
 * one after the other. What runs at once shares nothing, what comes after it the process: a fresh
 * one for each file, with all that is imported, takes as long as many a file.
 */
const atATime = (maxWorkers: number, groupOrder: number) => ({
  maxWorkers,
  isolate: false,
  sequence: { groupOrder },
});
/** They keep two cores busy; in CI containers are built beside them. */
const unitTests = atATime(2, 1);
/** Some of their time they wait, for processes to start and end. */
const lifecycleTests = atATime(3, 2);
/** They wait for deadlines, and measure. */
const timedTests = atATime(3, 3);
/** Mostly they wait: for servers to be away, for leases and patience to end. */
const waitingTests = atATime(5, 4);
/** They may be looked at again, which the report tells; when, see second-look.ts. */
const again = { setupFiles: ["test/support/second-look.ts"], retry: { count: 2 } };
const brief = { ...again, testTimeout: 60_000, hookTimeout: 60_000 };
const patient = { ...again, testTimeout: 120_000, hookTimeout: 60_000 };
/** They measure milliseconds, on machines that others use too. */
const measuring = { ...patient, env: { RUNTIME_TEST_LOOKS: "2" } };

const lifecycle = (...names: string[]): string[] =>
  names.map((name) => `test/lifecycle/${name}.test.ts`);

const timed = lifecycle(
  "crash-supervisor",
  "crash-worker",
  "frozen",
  "hooks",
  "kill-loop",
  "limits",
  "signals",
  "store-trouble",
  "term",
  "timeout-cancel",
  "wake-up",
);

/** Unit tests that wait out what a driver is patient with, or watch a clock, most of their time. */
const waiting = [
  "config/postgres-commands",
  "runtime/scheduler",
  "store/postgres-connections",
  "store/postgres-late",
  "store/postgres-open-transactions",
  "store/postgres-saturation",
  "store/postgres-watch",
].map((name) => `test/${name}.test.ts`);

/**
 * Lifecycle tests in which the store has a say run a second time, on PostgreSQL. Not these: what
 * they are about ends before the store is reached (boot, refusals), or never gets there (hooks,
 * misbehaviour inside a thread, signals, reloads, quiet, the control socket, what others see of the
 * processes, terminals, editors, what is shown and completed, what a command is given and how it
 * ends), or is a file of SQLite.
 */
const withoutStore = lifecycle(
  "boot",
  "cli-commands-alone",
  "cli-commands-edit",
  "cli-commands-look",
  "cli-commands-nobody",
  "cli-commands-words",
  "cli-completion",
  "cli-flow-refusals",
  "cli-flow-words",
  "cli-loads",
  "cli-runtime",
  "commands-live",
  "commands-oom",
  "commands-run",
  "hooks",
  "misbehaviour",
  "outside",
  "quiet",
  "reload",
  "signals",
  "store-trouble",
  "terminal",
);

/** They take longest of their projects. vitest would begin with the files that have most bytes. */
const long = /\/(?:store\/(?:postgres|sqlite|postgres-pooler|flow-.*races)|recurring)\.test\.ts$/;

/** So that at the end of a group nobody waits for one file alone. */
class LongFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specifications);
    const projects = [...new Set(sorted.map(({ project }) => project))];
    return projects.flatMap((project) => {
      const files = sorted.filter((each) => each.project === project);
      const isLong = ({ moduleId }: TestSpecification) => long.test(moduleId);
      return [...files.filter(isLong), ...files.filter((each) => !isLong(each))];
    });
  }
}

/** Without PostgreSQL no file at all; test/store/postgres.test.ts says so loudly. */
const onPostgres = (files: string[]): string[] => (missingPostgres() ? [] : files);

/** The same tests on a PostgreSQL store. */
const onServer = <Kind extends { setupFiles: string[]; env?: object }>(kind: Kind) => ({
  ...kind,
  env: { ...kind.env, RUNTIME_TEST_STORE: "postgres" },
  setupFiles: [...kind.setupFiles, "test/support/postgres/each-test.ts"],
});

export default defineConfig({
  test: {
    // opens a desk for tests that want PostgreSQL; starts nothing by itself
    globalSetup: "test/support/postgres/desk.ts",
    sequence: { sequencer: LongFirst },
    // a report is all there is of a test that passed at a second look
    chaiConfig: { truncateThreshold: 0 },
    projects: [
      { ...source, test: { name: "tidy", include: ["test/tidy.test.ts"] } },
      {
        ...source,
        test: {
          name: "unit",
          include: ["test/{store,job,runtime,config}/**/*.test.ts"],
          exclude: waiting,
          ...brief,
          ...unitTests,
        },
      },
      {
        ...source,
        test: {
          name: "waiting",
          include: waiting,
          ...brief,
          ...waitingTests,
        },
      },
      {
        test: {
          name: "lifecycle",
          include: lifecycle("*"),
          exclude: timed,
          ...patient,
          ...lifecycleTests,
        },
      },
      {
        test: {
          name: "lifecycle-postgres",
          include: onPostgres(lifecycle("*")),
          exclude: [...timed, ...withoutStore],
          ...onServer(patient),
          ...lifecycleTests,
        },
      },
      { test: { name: "timed", include: timed, ...measuring, ...timedTests } },
      {
        test: {
          name: "timed-postgres",
          include: onPostgres(timed),
          exclude: withoutStore,
          ...onServer(measuring),
          ...timedTests,
        },
      },
      {
        test: {
          name: "hosts",
          include: onPostgres(lifecycle("postgres/*")),
          ...measuring,
          ...waitingTests,
        },
      },
    ],
  },
});
