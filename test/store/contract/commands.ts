// What every store does with commands; chapter by chapter in commands/.

import { describe } from "vitest";
import { addingContract } from "./commands/adding.ts";
import { commandDependenciesContract } from "./commands/dependencies.ts";
import { editingContract } from "./commands/editing.ts";
import { environmentsContract } from "./commands/environments.ts";
import { groupsContract } from "./commands/groups.ts";
import { listingContract } from "./commands/listing.ts";
import { losingContract } from "./commands/losing.ts";
import { reasonsContract } from "./commands/reasons.ts";
import { removingContract } from "./commands/removing.ts";
import { restartingContract } from "./commands/restarting.ts";
import { runningContract } from "./commands/running.ts";
import { steeringContract } from "./commands/steering.ts";
import { tellingContract } from "./commands/telling.ts";
import type { OpenStore } from "./world.ts";

export function commandsContract(open: OpenStore): void {
  describe("commands:", () => {
    addingContract(open);
    runningContract(open);
    steeringContract(open);
    editingContract(open);
    groupsContract(open);
    reasonsContract(open);
    removingContract(open);
    restartingContract(open);
    losingContract(open);
    tellingContract(open);
    listingContract(open);
    environmentsContract(open);
    commandDependenciesContract(open);
  });
}
