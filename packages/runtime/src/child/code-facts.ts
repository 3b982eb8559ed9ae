// What the code of jobs says together with the configuration.

import type { Config } from "../config.ts";
import { doubtsOf } from "../modules/doubts.ts";
import { tasksOf } from "../modules/tasks.ts";
import type { Definitions } from "../modules.ts";
import type { CodeFacts } from "../process/messages.ts";

export async function codeFacts(config: Config, definitions: Definitions): Promise<CodeFacts> {
  return { tasks: await tasksOf(config, definitions), doubts: doubtsOf(config, definitions) };
}
