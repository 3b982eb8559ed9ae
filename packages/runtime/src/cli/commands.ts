// Every command in the order of help. Only data: what a command does is imported when it is asked
// for, so that `runtime status` does not load a supervisor.

import { careCommands } from "./commands/care.ts";
import { jobCommands } from "./commands/jobs.ts";
import { lifeCommands } from "./commands/life.ts";
import { queueCommands } from "./commands/queues.ts";
import { recurringCommands } from "./commands/recurring.ts";
import { shellCommands } from "./commands/shell.ts";
import { steeringCommands } from "./commands/steering.ts";
import type { Command } from "./line/command.ts";

export const commands: readonly Command[] = [
  ...lifeCommands,
  ...shellCommands,
  ...steeringCommands,
  ...jobCommands,
  ...queueCommands,
  ...recurringCommands,
  ...careCommands,
];
