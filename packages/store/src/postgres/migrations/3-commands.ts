// The third schema: commands. Additive: a version that knows only the second goes on working beside
// it, and enqueues, ends and deletes jobs as before; what follows for commands, triggers see to.

import { enqueueing } from "./3-commands/enqueue.ts";
import { tables } from "./3-commands/tables.ts";
import { triggers } from "./3-commands/triggers.ts";
import { upkeep } from "./3-commands/upkeep.ts";

export const commands: string = [
  "SET LOCAL search_path = pg_catalog, pg_temp;",
  tables,
  triggers,
  enqueueing,
  upkeep,
].join("\n");
