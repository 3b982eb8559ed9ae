// Every command in the order of help. Only data: what a command does is imported when it is asked
// for, so that `runtime status` does not load a supervisor.

import { careCommands } from "./commands/care.ts";
import { jobCommands } from "./commands/jobs.ts";
import { lifeCommands } from "./commands/life.ts";
import { queueCommands } from "./commands/queues.ts";
import { recurringCommands } from "./commands/recurring.ts";
import { shellCommands } from "./commands/shell.ts";
import { steeringCommands } from "./commands/steering.ts";
import type { Command, CommandOption } from "./line/command.ts";

export const globalOptions: Readonly<Record<string, CommandOption>> = {
  config: {
    alias: "c",
    value: "FILE",
    describe: "Configuration; $RUNTIME_CONFIG or config/queue.yml",
  },
  store: { value: "URL", describe: "Use this store instead of the configured one" },
  json: { alias: "j", describe: "Print results as JSON on stdout" },
  color: {
    value: "WHEN",
    describe: "Colours; auto by default",
    choices: ["auto", "always", "never"],
  },
  help: { alias: "h", describe: "Explain the command" },
  version: { describe: "Print the version" },
};

export const commands: readonly Command[] = [
  ...lifeCommands,
  ...shellCommands,
  ...steeringCommands,
  ...jobCommands,
  ...queueCommands,
  ...recurringCommands,
  ...careCommands,
];
