// Every command in the order of help. Only data: what a command does is imported when it is asked
// for, so that `runtime status` does not load a supervisor.

import { jobStates } from "@queue-runtime/store";
import type { Command, CommandOption } from "./line/command.ts";

export const globalOptions: Readonly<Record<string, CommandOption>> = {
  config: { alias: "c", value: "FILE", describe: "Configuration; config/queue.yml by default" },
  store: { value: "URL", describe: "Use this store instead of the configured one" },
  json: { describe: "Print results as JSON on stdout" },
  help: { alias: "h", describe: "Explain the command" },
  version: { describe: "Print the version" },
};

const lifeCommands: readonly Command[] = [
  {
    name: "init",
    parameters: "[DIR]",
    summary: "Write a sample configuration and a first job into a project",
    options: {},
    examples: ["runtime init", "runtime init ./my-service"],
    load: async () => (await import("./init.ts")).init,
  },
  {
    name: "check",
    parameters: "",
    summary: "Validate the configuration and load every job file; needs no store",
    options: {},
    examples: ["runtime check -c config/queue.yml"],
    runsUserCode: true,
    load: async () => (await import("./check.ts")).check,
  },
  {
    name: "start",
    parameters: "",
    summary: "Run a supervisor and its workers until they are told to stop",
    options: {
      "until-empty": { describe: "End with exit 0 when no work is left: for CI and cron" },
      "log-level": {
        value: "LEVEL",
        describe: "How much is logged",
        choices: ["debug", "info", "warn", "error", "silent"],
      },
      "shutdown-timeout": { value: "DURATION", describe: "Time from TERM to the end; 25s" },
    },
    examples: ["runtime start -c config/queue.yml", "runtime start --until-empty"],
    runsUserCode: true,
    takesSignals: true,
    load: async () => (await import("./start.ts")).start,
  },
  {
    name: "stop",
    parameters: "",
    summary: "Stop the runtime as TERM does: jobs finish, or are handed back",
    options: { "no-wait": { describe: "Do not wait until it has ended" } },
    examples: ["runtime stop"],
    load: async () => (await import("./control.ts")).stop,
  },
  {
    name: "quiet",
    parameters: "",
    summary: "Claim no more jobs; those that run go on",
    options: { off: { describe: "Claim jobs again" } },
    examples: ["runtime quiet", "runtime quiet --off"],
    load: async () => (await import("./control.ts")).quiet,
  },
  {
    name: "reload",
    parameters: "",
    summary: "Read configuration and job files again; new workers replace the old ones",
    options: {},
    examples: ["runtime reload"],
    load: async () => (await import("./control.ts")).reload,
  },
  {
    name: "status",
    parameters: "",
    summary: "Show the runtime, its queues and processes; works when it is not running",
    options: {},
    examples: ["runtime status", "runtime status --json"],
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "processes",
    parameters: "",
    summary: "List supervisors, workers and dispatchers with their state",
    options: {},
    examples: ["runtime processes"],
    load: async () => (await import("./status.ts")).processes,
  },
];

const jobCommands: readonly Command[] = [
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
    },
    examples: [
      `runtime enqueue invoice.send '{"account":7}'`,
      "runtime enqueue report.nightly --at 2026-05-01T03:00:00Z",
      "generate-input | runtime enqueue users.import -",
    ],
    runsUserCode: true,
    load: async () => (await import("./enqueue.ts")).enqueue,
  },
  {
    name: "jobs",
    parameters: "",
    summary: "List jobs, oldest first",
    options: {
      state: {
        value: "STATE",
        describe: "Only these states, separated by commas",
        repeats: true,
        choices: jobStates,
      },
      queue: { value: "NAME", describe: "Only jobs of this queue" },
      name: { value: "NAME", describe: "Only jobs with this name" },
      limit: { value: "NUMBER", describe: "At most this many, up to 1000; 50 by default" },
    },
    examples: ["runtime jobs --state failed", "runtime jobs --queue mail --limit 200 --json"],
    load: async () => (await import("./jobs.ts")).jobs,
  },
  {
    name: "job",
    parameters: "ID",
    summary: "Show everything about one job, with the error of every attempt",
    options: {},
    examples: ["runtime job 17"],
    load: async () => (await import("./jobs.ts")).job,
  },
  {
    name: "retry",
    parameters: "ID…",
    summary: "Run failed or cancelled jobs again from where they stood",
    options: { "from-start": { describe: "Forget how far an iteration had come" } },
    examples: ["runtime retry 17 18", "runtime retry 17 --from-start"],
    load: async () => (await import("./jobs.ts")).retry,
  },
  {
    name: "cancel",
    parameters: "ID…",
    summary: "Cancel jobs; one that runs is asked to stop at its next look",
    options: {},
    examples: ["runtime cancel 17"],
    load: async () => (await import("./jobs.ts")).cancel,
  },
  {
    name: "discard",
    parameters: "ID…",
    summary: "Delete jobs; one that runs is refused",
    options: {},
    examples: ["runtime discard 17 18"],
    load: async () => (await import("./jobs.ts")).discard,
  },
];

const queueCommands: readonly Command[] = [
  {
    name: "queue list",
    parameters: "",
    summary: "List queues with what waits and runs in them",
    options: {},
    examples: ["runtime queue list"],
    load: async () => (await import("./queue.ts")).list,
  },
  {
    name: "queue pause",
    parameters: "NAME",
    summary: "Claim no jobs from a queue; those that run go on",
    options: {},
    examples: ["runtime queue pause mail"],
    load: async () => (await import("./queue.ts")).pause,
  },
  {
    name: "queue resume",
    parameters: "NAME",
    summary: "Claim jobs from a paused queue again",
    options: {},
    examples: ["runtime queue resume mail"],
    load: async () => (await import("./queue.ts")).resume,
  },
  {
    name: "queue clear",
    parameters: "NAME",
    summary: "Delete the ready jobs of a queue",
    options: { all: { describe: "Delete everything that is not running" } },
    examples: ["runtime queue clear mail", "runtime queue clear mail --all"],
    load: async () => (await import("./queue.ts")).clear,
  },
];

const careCommands: readonly Command[] = [
  {
    name: "migrate",
    parameters: "",
    summary: "Create the store, or bring its schema up to date",
    options: { print: { describe: "Only print the SQL of what is missing; change nothing" } },
    examples: ["runtime migrate", "runtime migrate --print > queue.sql"],
    load: async () => (await import("./migrate.ts")).migrate,
  },
  {
    name: "doctor",
    parameters: "",
    summary: "Look for what keeps a runtime from working well, and say what to do",
    options: {},
    examples: ["runtime doctor"],
    runsUserCode: true,
    load: async () => (await import("./doctor.ts")).doctor,
  },
  {
    name: "completion",
    parameters: "SHELL",
    summary: "Print a completion script for bash, zsh or fish",
    options: {},
    examples: [
      "runtime completion bash > /etc/bash_completion.d/runtime",
      "runtime completion fish > ~/.config/fish/completions/runtime.fish",
    ],
    load: async () => (await import("./completion.ts")).completion,
  },
];

export const commands: readonly Command[] = [
  ...lifeCommands,
  ...jobCommands,
  ...queueCommands,
  ...careCommands,
];
