// What every store does with commands; chapter by chapter in commands/.

import { describe } from "vitest";
import { addingContract } from "./commands/adding.ts";
import { editingContract } from "./commands/editing.ts";
import { groupsContract } from "./commands/groups.ts";
import { runningContract } from "./commands/running.ts";
import { steeringContract } from "./commands/steering.ts";
import type { OpenStore } from "./world.ts";

export function commandsContract(open: OpenStore): void {
  describe("commands:", () => {
    addingContract(open);
    runningContract(open);
    steeringContract(open);
    editingContract(open);
    groupsContract(open);
  });
}
