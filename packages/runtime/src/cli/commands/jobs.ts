// Commands on jobs.

import { jobStates } from "@queue-runtime/store/job";
import type { Command, CommandOption } from "../line/command.ts";

const state: CommandOption = {
  value: "STATE",
  describe: "Only these states, separated by commas",
  repeats: true,
  choices: jobStates,
};

/** Which jobs are meant, where no ids are typed. */
const selection: Readonly<Record<string, CommandOption>> = {
  state,
  queue: { value: "NAME", describe: "Only jobs of this queue" },
  name: { value: "NAME", describe: "Only jobs with this name" },
  batch: { value: "ID", describe: "Only jobs of this batch" },
};

const all: CommandOption = { describe: "All there are, when nothing else says which" };

export const jobCommands: readonly Command[] = [
  {
    name: "enqueue",
    parameters: "NAME [JSON]",
    summary: "Put a job into a queue and print its id; JSON is its input, - reads it from stdin",
    options: {
      queue: { value: "NAME", describe: "Queue; that of the job's definition by default" },
      priority: { value: "NUMBER", describe: "Smaller runs first; 0 by default" },
      delay: { value: "DURATION", describe: "Run it this much later, such as 5m" },
      at: { value: "TIME", describe: "Run it then, such as 2026-05-01T09:00:00Z" },
      label: { value: "TEXT", describe: "A note for people" },
      unique: { value: "KEY", describe: "Unless a job with this key is still to be done" },
      "idempotency-key": { value: "KEY", describe: "The same key within a day is the same job" },
      "unique-for": {
        value: "DURATION",
        describe: "Keep that key no longer than this, such as 1h",
      },
      "unique-while": {
        value: "STATES",
        describe: "Keep that key in these states only, such as ready,running",
        repeats: true,
      },
      "on-conflict": {
        value: "POLICY",
        describe: "What becomes of it where the key is taken; exists by default",
        choices: ["exists", "replace", "debounce"],
      },
      after: { value: "IDS", describe: "Only once these jobs have ended: 3,4", repeats: true },
      "if-dependency-fails": {
        value: "POLICY",
        describe: "What becomes of it when one of those fails; fail by default",
        choices: ["fail", "run"],
      },
      batch: { value: "ID", describe: "As a part of this batch" },
    },
    examples: [
      `runtime enqueue invoice.send '{"account":7}'`,
      "runtime enqueue report.nightly --at 2026-05-01T03:00:00Z",
      "generate-input | runtime enqueue users.import -",
      "runtime enqueue report.mail --after 17,18 --unique monthly",
      "runtime enqueue search.index --unique shop-7 --on-conflict debounce --delay 30s",
    ],
    runsUserCode: true,
    load: async () => (await import("../enqueue.ts")).enqueue,
  },
  {
    name: "jobs",
    parameters: "",
    summary: "List jobs, oldest first",
    options: {
      ...selection,
      limit: { value: "NUMBER", describe: "At most this many, up to 1000; 50 by default" },
    },
    examples: ["runtime jobs --state failed", "runtime jobs --queue mail --limit 200 --json"],
    load: async () => (await import("../jobs.ts")).jobs,
  },
  {
    name: "job",
    parameters: "ID",
    summary: "Show everything about one job, with the error of every attempt",
    options: {},
    examples: ["runtime job 17"],
    load: async () => (await import("../jobs.ts")).job,
  },
  {
    name: "why",
    parameters: "ID…",
    summary: "Say why jobs are not running: everything that they wait for",
    options: {},
    examples: ["runtime why 17", "runtime why 17 18 --json"],
    load: async () => (await import("../why.ts")).why,
  },
  {
    name: "retry",
    parameters: "[ID…]",
    summary: "Run failed or cancelled jobs again from where they stood",
    options: {
      ...selection,
      all,
      "from-start": { describe: "Forget how far an iteration had come" },
    },
    examples: [
      "runtime retry 17 18",
      "runtime retry 17 --from-start",
      "runtime retry --state failed --name invoice.send",
    ],
    load: async () => (await import("../actions.ts")).retry,
  },
  {
    name: "cancel",
    parameters: "[ID…]",
    summary: "Cancel jobs; one that runs is asked to stop at its next look",
    options: { ...selection, all },
    examples: ["runtime cancel 17", "runtime cancel --queue mail --state ready,blocked"],
    load: async () => (await import("../actions.ts")).cancel,
  },
  {
    name: "discard",
    parameters: "[ID…]",
    summary: "Delete jobs; one that runs is refused",
    options: { ...selection, all },
    examples: ["runtime discard 17 18", "runtime discard --state failed --all"],
    load: async () => (await import("../actions.ts")).discard,
  },
];
