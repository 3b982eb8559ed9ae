// Commands on shell commands: to add them and to look at them. What steers them is in steering.ts.

import type { Command, CommandOption } from "../line/command.ts";
import { group, selection } from "./selection.ts";

const lines: CommandOption = { alias: "l", value: "NUMBER", describe: "So many of the last lines" };

const when: Readonly<Record<string, CommandOption>> = {
  immediate: { alias: "i", describe: "Start it at once, whatever the slots, pauses and others" },
  follow: { describe: "Show its output, and end as it ends" },
  stashed: { alias: "s", describe: "Hold it until `enqueue` or `start` lets it go" },
  delay: {
    alias: "d",
    value: "TIME",
    describe: "Not before: 90 (seconds), 5m, 17:30, tomorrow 9am",
  },
  after: {
    alias: "a",
    value: "IDS",
    describe: "Once these have ended: 3 4",
    repeats: true,
    ids: true,
  },
  "if-dependency-fails": {
    value: "POLICY",
    describe: "What becomes of it when one of those fails; fail by default",
    choices: ["fail", "run"],
  },
};

export const shellCommands: readonly Command[] = [
  {
    name: "add",
    parameters: "COMMAND…",
    summary: "Queue a shell command and print its id; options stand before its first word",
    options: {
      ...when,
      group: { alias: "g", value: "NAME", describe: "Its group; default, unless told otherwise" },
      queue: { value: "NAME", describe: "The same: a group is a queue" },
      priority: {
        alias: "o",
        value: "NUMBER",
        describe: "Smaller runs first (in Pueue larger does); 0 by default",
      },
      label: { alias: "l", value: "TEXT", describe: "A note for people" },
      "working-directory": { alias: "w", value: "DIR", describe: "Where it runs; here by default" },
      escape: { alias: "e", describe: "Quote each word: the shell sees no special signs" },
      exec: { describe: "Run the words as they are, without a shell" },
      env: { value: "KEY=VALUE", describe: "Set a variable beside those of here", repeats: true },
      slots: { value: "NUMBER", describe: "How many slots of its group it takes; 1 by default" },
      retry: { value: "NUMBER", describe: "Run it again so often when it fails; 0 by default" },
      timeout: { value: "DURATION", describe: "End it after so long, such as 10m" },
      separate: { describe: "Keep stderr in a file of its own" },
      unique: { value: "KEY", describe: "Unless a command with this key is still to be done" },
      "print-task-id": { alias: "p", describe: "Print the id and nothing else, not even advice" },
    },
    examples: [
      "runtime add ls -l",
      "runtime add -g gpu -l night --delay 22:00 -- ./train.sh --epochs 20",
      "runtime add --after 3 -- 'make && make install'",
      "runtime add --after 3 4 -- notify done",
      "runtime add -i --follow -- ./backup.sh",
    ],
    verbatim: true,
    load: async () => (await import("../shell/add.ts")).add,
  },
  {
    name: "log",
    parameters: "[ID…]",
    summary: "Show what commands have printed: the last 15 lines, or as many as asked for",
    options: {
      ...selection,
      lines,
      full: { alias: "f", describe: "All of it" },
      stderr: { describe: "What went to stderr, of those with --separate" },
      attempt: { value: "NUMBER", describe: "Of this run; the newest by default" },
    },
    examples: ["runtime log", "runtime log 3 4 --lines 50", "runtime log 3 --full > out.txt"],
    load: async () => (await import("../shell/log.ts")).log,
  },
  {
    name: "follow",
    aliases: ["fo"],
    parameters: "[ID…]",
    summary: "Show output as it comes, until the commands end; of the one that runs by default",
    options: { lines, stderr: { describe: "What goes to stderr, of those with --separate" } },
    examples: ["runtime follow", "runtime follow 3 4 5", "runtime follow 3 --lines 20"],
    load: async () => (await import("../shell/follow.ts")).follow,
  },
  {
    name: "wait",
    parameters: "[ID…]",
    summary: "Wait until commands have ended, or are as far as --status says",
    options: {
      ...selection,
      status: {
        alias: "s",
        value: "STATUS",
        describe: "How far; done by default. With success: 2 as soon as one fails",
        choices: ["queued", "running", "done", "success"],
      },
      timeout: { value: "DURATION", describe: "Give up after so long, with 3" },
      quiet: { alias: "q", describe: "Say nothing about who ended how" },
    },
    examples: ["runtime wait 3 4", "runtime wait --group gpu --status success --timeout 2h"],
    load: async () => (await import("../shell/wait.ts")).wait,
  },
  {
    name: "env set",
    parameters: "ID KEY VALUE",
    summary: "Set a variable of a command that has not begun",
    options: {},
    examples: ["runtime env set 3 LEVEL debug"],
    load: async () => (await import("../shell/variables.ts")).set,
  },
  {
    name: "env unset",
    parameters: "ID KEY",
    summary: "Take a variable away from a command that has not begun",
    options: {},
    examples: ["runtime env unset 3 LEVEL"],
    load: async () => (await import("../shell/variables.ts")).unset,
  },
  {
    name: "group list",
    aliases: ["group"],
    parameters: "",
    summary: "List groups with their slots and what waits and runs in them",
    options: {},
    examples: ["runtime group list", "runtime group"],
    load: async () => (await import("../shell/groups.ts")).list,
  },
  {
    name: "group add",
    parameters: "NAME",
    summary: "Add a group; it has 1 slot unless told otherwise, 0 is no limit",
    options: {
      parallel: { alias: "p", value: "NUMBER", describe: "How many slots it has" },
      slots: { value: "NUMBER", describe: "The same" },
      "pause-on-failure": {
        value: "ON",
        describe: "Pause it when one fails",
        choices: ["on", "off"],
      },
    },
    examples: [
      "runtime group add gpu --parallel 2",
      "runtime group add night --pause-on-failure on",
    ],
    load: async () => (await import("../shell/groups.ts")).add,
  },
  {
    name: "group set",
    parameters: "NAME",
    summary: "Change a group while it is used",
    options: {
      slots: { value: "NUMBER", describe: "How many slots it has; 0 is no limit" },
      "pause-on-failure": {
        value: "ON",
        describe: "Pause it when one fails",
        choices: ["on", "off"],
      },
    },
    examples: ["runtime group set gpu --slots 4", "runtime group set gpu --pause-on-failure off"],
    load: async () => (await import("../shell/groups.ts")).set,
  },
  {
    name: "group remove",
    parameters: "NAME",
    summary: "Remove a group that has no commands any more",
    options: {},
    examples: ["runtime group remove gpu"],
    load: async () => (await import("../shell/groups.ts")).remove,
  },
  {
    name: "parallel",
    parameters: "[NUMBER]",
    summary: "Set how many slots a group has, 0 for no limit; without a number, list groups",
    options: { group },
    examples: ["runtime parallel 3", "runtime parallel 0 --group gpu", "runtime parallel"],
    load: async () => (await import("../shell/groups.ts")).parallel,
  },
];
