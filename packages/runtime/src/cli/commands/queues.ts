// Commands on what many jobs share: queues, keys, batches.

import type { Command } from "../line/command.ts";

export const queueCommands: readonly Command[] = [
  {
    name: "queue list",
    parameters: "",
    summary: "List queues with what waits and runs in them",
    options: {},
    examples: ["runtime queue list"],
    load: async () => (await import("../flow/queue.ts")).list,
  },
  {
    name: "queue pause",
    parameters: "NAME",
    summary: "Claim no jobs from a queue; those that run go on",
    options: {},
    examples: ["runtime queue pause mail"],
    load: async () => (await import("../flow/queue.ts")).pause,
  },
  {
    name: "queue resume",
    parameters: "NAME",
    summary: "Claim jobs from a paused queue again",
    options: {},
    examples: ["runtime queue resume mail"],
    load: async () => (await import("../flow/queue.ts")).resume,
  },
  {
    name: "queue clear",
    parameters: "NAME",
    summary: "Delete the ready jobs of a queue",
    options: { all: { describe: "Delete everything that is not running" } },
    examples: ["runtime queue clear mail", "runtime queue clear mail --all"],
    load: async () => (await import("../flow/queue.ts")).clear,
  },
  {
    name: "queue set",
    parameters: "NAME",
    summary: "Set what is true of every job of a queue, over all hosts",
    options: {
      slots: { value: "NUMBER", describe: "So many of its jobs at once" },
      rate: { value: "RATE", describe: "So many runs begin in a period, such as 100/1s" },
      burst: {
        value: "NUMBER",
        describe: "So many of those at once, a divisor of them; all of them by default",
      },
      fair: { describe: "Keys take turns, however much one of them has" },
      reset: { describe: "Nothing special any more" },
    },
    examples: [
      "runtime queue set mail --slots 5 --rate 100/1s --burst 10",
      "runtime queue set mail --reset",
    ],
    load: async () => (await import("../flow/queue-set.ts")).set,
  },
  {
    name: "concurrency list",
    parameters: "",
    summary: "List the limits that are set for jobs, by their name",
    options: {},
    examples: ["runtime concurrency list"],
    load: async () => (await import("../flow/concurrency.ts")).list,
  },
  {
    name: "concurrency limit",
    parameters: "NAME NUMBER",
    summary: "Set how many jobs of this name a key may have at once, whatever its code says",
    options: {},
    examples: ["runtime concurrency limit invoice.send 5"],
    load: async () => (await import("../flow/concurrency.ts")).limit,
  },
  {
    name: "concurrency reset",
    parameters: "NAME",
    summary: "Take a limit back: that of the code holds again",
    options: {},
    examples: ["runtime concurrency reset invoice.send"],
    load: async () => (await import("../flow/concurrency.ts")).reset,
  },
  {
    name: "batch list",
    parameters: "",
    summary: "List batches, newest first",
    options: {
      limit: { value: "NUMBER", describe: "At most this many, up to 1000; 50 by default" },
    },
    examples: ["runtime batch list"],
    load: async () => (await import("../flow/batch.ts")).list,
  },
  {
    name: "batch show",
    parameters: "ID",
    summary: "Show how far a batch has come",
    options: {},
    examples: ["runtime batch show 3"],
    load: async () => (await import("../flow/batch.ts")).show,
  },
];
