// Commands on a runtime as a whole: its files, its start, its end.

import type { Command } from "../line/command.ts";

export const lifeCommands: readonly Command[] = [
  {
    name: "init",
    parameters: "[DIR]",
    summary: "Write a sample configuration and a first job into a project",
    options: {},
    examples: ["runtime init", "runtime init ./my-service"],
    load: async () => (await import("../care/init.ts")).init,
  },
  {
    name: "check",
    parameters: "",
    summary: "Validate the configuration and load every job file; needs no store",
    options: {},
    examples: ["runtime check -c config/queue.yml"],
    runsUserCode: true,
    load: async () => (await import("../care/check.ts")).check,
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
    load: async () => (await import("../start.ts")).start,
  },
  {
    name: "stop",
    aliases: ["shutdown"],
    parameters: "",
    summary: "Stop the runtime as TERM does: jobs finish, or are handed back",
    options: { "no-wait": { describe: "Do not wait until it has ended" } },
    examples: ["runtime stop"],
    load: async () => (await import("../control.ts")).stop,
  },
  {
    name: "quiet",
    parameters: "",
    summary: "Claim no more jobs; those that run go on",
    options: { off: { describe: "Claim jobs again" } },
    examples: ["runtime quiet", "runtime quiet --off"],
    load: async () => (await import("../control.ts")).quiet,
  },
  {
    name: "reload",
    parameters: "",
    summary: "Read configuration and job files again; new workers replace the old ones",
    options: {},
    examples: ["runtime reload"],
    load: async () => (await import("../control.ts")).reload,
  },
  {
    name: "status",
    parameters: "[QUERY…]",
    summary: "Show the runtime, its processes, queues and commands; also what `runtime` alone does",
    options: {
      group: { alias: "g", value: "NAME", describe: "Only commands of this group" },
      limit: { value: "NUMBER", describe: "At most so many commands, the newest; 200 by default" },
    },
    examples: [
      "runtime status",
      "runtime status --json --limit 20",
      "runtime status status=failed order_by end desc first 10",
      "runtime status columns=id,status,command command%=backup start>2026-05-01",
    ],
    load: async () => (await import("../status.ts")).status,
  },
  {
    name: "processes",
    parameters: "",
    summary: "List supervisors, workers and dispatchers with their state",
    options: {},
    examples: ["runtime processes"],
    load: async () => (await import("../status.ts")).processes,
  },
];
