// Commands on what a runtime stands on.

import type { Command } from "../line/command.ts";

export const careCommands: readonly Command[] = [
  {
    name: "migrate",
    parameters: "",
    summary: "Create the store, or bring its schema up to date",
    options: { print: { describe: "Only print the SQL of what is missing; change nothing" } },
    examples: ["runtime migrate", "runtime migrate --print > queue.sql"],
    load: async () => (await import("../care/migrate.ts")).migrate,
  },
  {
    name: "doctor",
    parameters: "",
    summary: "Look for what keeps a runtime from working well, and say what to do",
    options: {},
    examples: ["runtime doctor"],
    runsUserCode: true,
    load: async () => (await import("../care/doctor.ts")).doctor,
  },
  {
    name: "completion",
    aliases: ["completions"],
    parameters: "SHELL",
    summary: "Print a completion script for bash, zsh or fish",
    options: {},
    examples: [
      "runtime completion bash > /etc/bash_completion.d/runtime",
      "runtime completion fish > ~/.config/fish/completions/runtime.fish",
    ],
    load: async () => (await import("../care/completion.ts")).completion,
  },
];
