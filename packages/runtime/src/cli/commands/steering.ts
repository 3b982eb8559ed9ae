// Commands that steer shell commands, those that wait and those that run.

import type { Command, CommandOption } from "../line/command.ts";
import { isAboutCommands, selection } from "./selection.ts";

const delay: CommandOption = {
  alias: "d",
  value: "TIME",
  describe: "Not before: 90 (seconds), 5m, 17:30, tomorrow 9am",
};

export const steeringCommands: readonly Command[] = [
  {
    name: "start",
    parameters: "[ID…]",
    summary: "Start these at once, whatever they wait for; let a group or --all go on",
    options: selection,
    examples: ["runtime start 3 4", "runtime start --group gpu"],
    isMeant: (words, options) => words.length > 0 || isAboutCommands(words, options),
    load: async () => (await import("../shell/actions.ts")).start,
  },
  {
    name: "pause",
    parameters: "[ID…]",
    summary:
      "Stop running commands where they are; of a group or --all, begin nothing there either",
    options: { ...selection, wait: { alias: "w", describe: "Leave what runs, begin nothing new" } },
    examples: ["runtime pause 3", "runtime pause --group gpu --wait"],
    load: async () => (await import("../shell/actions.ts")).pause,
  },
  {
    name: "resume",
    parameters: "[ID…]",
    summary: "Let paused commands, a paused group or --all go on",
    options: selection,
    examples: ["runtime resume 3", "runtime resume --all"],
    load: async () => (await import("../shell/actions.ts")).resume,
  },
  {
    name: "kill",
    parameters: "[ID…]",
    summary: "End running commands: TERM, and KILL after commands.kill_grace",
    options: {
      ...selection,
      signal: { alias: "s", value: "SIGNAL", describe: "Only send this one, such as INT or 2" },
    },
    examples: ["runtime kill 3", "runtime kill --all", "runtime kill 3 --signal INT"],
    load: async () => (await import("../shell/actions.ts")).kill,
  },
  {
    name: "send",
    parameters: "ID [TEXT]",
    summary: "Write to the stdin of a running command, exactly this; - sends what comes from stdin",
    options: { eof: { describe: "Close its stdin after that" } },
    examples: ["runtime send 3 yes", "runtime send 3 --eof", "generate | runtime send 3 - --eof"],
    load: async () => (await import("../shell/send.ts")).send,
  },
  {
    name: "stash",
    parameters: "[ID…]",
    summary: "Hold commands that have not begun until somebody lets them go",
    options: { ...selection, delay },
    examples: ["runtime stash 3 4", "runtime stash 3 --delay 17:30"],
    load: async () => (await import("../shell/actions.ts")).stash,
  },
  {
    name: "enqueue",
    parameters: "[ID…]",
    summary: "Let commands go that were stashed or delayed",
    options: { ...selection, delay },
    examples: [
      "runtime enqueue 3 4",
      "runtime enqueue --group gpu",
      "runtime enqueue 3 --delay 1h",
    ],
    isMeant: isAboutCommands,
    load: async () => (await import("../shell/actions.ts")).enqueue,
  },
  {
    name: "restart",
    aliases: ["re"],
    parameters: "[ID…]",
    summary: "Run commands again that have ended, as new ones unless --in-place",
    options: {
      "all-failed": { alias: "a", describe: "Every one that failed or was killed" },
      "failed-in-group": { alias: "g", value: "NAME", describe: "The same in this group" },
      immediate: { alias: "k", describe: "Start them at once" },
      stashed: { alias: "s", describe: "Hold them" },
      "in-place": { alias: "i", describe: "Under their ids, with what they come after" },
      "not-in-place": { describe: "As new commands: the default" },
      edit: { alias: "e", describe: "Change them before, in your editor" },
    },
    examples: ["runtime restart 3", "runtime restart --all-failed --in-place"],
    load: async () => (await import("../shell/restart.ts")).restart,
  },
  {
    name: "edit",
    parameters: "ID…",
    summary: "Change commands that have not begun, all at once in $VISUAL or $EDITOR",
    options: {},
    examples: ["runtime edit 3", "EDITOR=nano runtime edit 3 4"],
    load: async () => (await import("../shell/edit.ts")).edit,
  },
  {
    name: "switch",
    parameters: "ID ID",
    summary: "Let two that wait change places in the queue; ids stay",
    options: {},
    examples: ["runtime switch 3 7"],
    load: async () => (await import("../shell/actions.ts")).swap,
  },
  {
    name: "remove",
    aliases: ["rm"],
    parameters: "ID…",
    summary: "Delete commands that do not run, and their output",
    options: {},
    examples: ["runtime remove 3 4"],
    load: async () => (await import("../shell/actions.ts")).remove,
  },
  {
    name: "clean",
    aliases: ["clear", "cleanup"],
    parameters: "",
    summary: "Delete every command that has ended, unless somebody waits for it",
    options: {
      group: { alias: "g", value: "NAME", describe: "Those of this group" },
      "successful-only": { alias: "s", describe: "Keep those that failed or were killed" },
    },
    examples: ["runtime clean", "runtime clean --successful-only --group gpu"],
    load: async () => (await import("../shell/actions.ts")).clean,
  },
  {
    name: "reset",
    parameters: "",
    summary: "Kill and delete all commands, and let their groups run again",
    options: {
      groups: { alias: "g", value: "NAMES", describe: "Only of these: gpu,night", repeats: true },
      force: { alias: "f", describe: "Do not ask, also when some run" },
    },
    examples: ["runtime reset", "runtime reset --groups gpu --force"],
    load: async () => (await import("../shell/reset.ts")).reset,
  },
];
