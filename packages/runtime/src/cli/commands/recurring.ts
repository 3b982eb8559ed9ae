// Commands on recurring tasks.

import type { Command } from "../line/command.ts";

export const recurringCommands: readonly Command[] = [
  {
    name: "recurring list",
    parameters: "",
    summary: "List recurring tasks with their next and last tick",
    options: {},
    examples: ["runtime recurring list", "runtime recurring list --json"],
    runsUserCode: true,
    load: async () => (await import("../recurring/show.ts")).list,
  },
  {
    name: "recurring next",
    parameters: "NAME",
    summary: "Show when a task is due next",
    options: { count: { value: "NUMBER", describe: "So many ticks, up to 1000; 10 by default" } },
    examples: ["runtime recurring next nightly", "runtime recurring next nightly --count 3"],
    runsUserCode: true,
    load: async () => (await import("../recurring/show.ts")).next,
  },
  {
    name: "recurring add",
    parameters: "NAME",
    summary: "Add a task, or change one that was added so",
    options: {
      schedule: { value: "SCHEDULE", describe: 'Such as "0 3 * * *", @daily or "every 10m"' },
      job: { value: "NAME", describe: "The job to enqueue" },
      args: { value: "JSON", describe: "Its input; null by default" },
      queue: { value: "NAME", describe: "Queue; that of the job's definition by default" },
      priority: { value: "NUMBER", describe: "Smaller runs first; 0 by default" },
      "time-zone": { value: "ZONE", describe: "Such as Europe/Berlin; UTC by default" },
      "catch-up": {
        value: "POLICY",
        describe: "What of the ticks that were missed; none by default",
        choices: ["none", "one", "all"],
      },
      description: { value: "TEXT", describe: "A note for people" },
    },
    examples: [
      'runtime recurring add nightly --schedule "0 3 * * *" --job users.backfill',
      'runtime recurring add beat --schedule "every 10m" --job heart.beat --catch-up one',
    ],
    runsUserCode: true,
    load: async () => (await import("../recurring/change.ts")).add,
  },
  {
    name: "recurring remove",
    parameters: "NAME",
    summary: "Remove a task that was added by recurring add",
    options: { force: { describe: "Also one of a file or of code that is gone" } },
    examples: ["runtime recurring remove nightly"],
    load: async () => (await import("../recurring/change.ts")).remove,
  },
  {
    name: "recurring run",
    parameters: "NAME",
    summary: "Enqueue the job of a task now and print its id; its ticks stay as they are",
    options: {},
    examples: ["runtime recurring run nightly"],
    runsUserCode: true,
    load: async () => (await import("../recurring/change.ts")).run,
  },
  {
    name: "recurring pause",
    parameters: "NAME",
    summary: "Enqueue nothing for a task until it is resumed",
    options: {},
    examples: ["runtime recurring pause nightly"],
    runsUserCode: true,
    load: async () => (await import("../recurring/change.ts")).pause,
  },
  {
    name: "recurring resume",
    parameters: "NAME",
    summary: "Go on with a paused task; what it did not do meanwhile is not missed",
    options: {},
    examples: ["runtime recurring resume nightly"],
    runsUserCode: true,
    load: async () => (await import("../recurring/change.ts")).resume,
  },
];
