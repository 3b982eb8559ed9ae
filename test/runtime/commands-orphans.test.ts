// Slots of commands that a process of a dead supervisor began, as whoever begins others sees them.

import { commandName } from "@queue-runtime/store";
import { expect, test } from "vitest";
import { GroupSlots } from "../../packages/runtime/src/child/commands/group-slots.ts";
import { Orphans } from "../../packages/runtime/src/child/commands/orphans.ts";
import { identify } from "../../packages/runtime/src/process/identity.ts";
import { someProcess } from "../store/contract/world.ts";
import { temporaryStore } from "../support/temporary-store.ts";

test("what a dead orphan ran has its slot until it is taken over", async () => {
  await using opened = await temporaryStore();
  const { store } = opened;
  const here = identify(process.pid);
  const dead = { ...here, startTicks: 1 };
  const supervisorId = await store.processes.register(someProcess({ ...here, kind: "supervisor" }));
  const processId = await store.processes.register(
    someProcess({ ...here, kind: "commands", supervisorId }),
  );
  const gone = await store.processes.register(someProcess({ ...dead, kind: "supervisor" }));
  const orphan = await store.processes.register(
    someProcess({ ...dead, kind: "commands", supervisorId: gone }),
  );
  const command = { line: "sleep 60", argv: null, directory: "/", environment: {} };
  const [added] = await store.jobs.enqueue([{ name: commandName, kind: "command", command }]);
  const claim = { queues: [], names: [commandName], limit: 1, idle: true, ids: [added!.id] };
  const turn = { processId: orphan, settlements: [], checkpoints: [], claim };
  const [job] = (await store.jobs.turn(turn)).claimed;
  await store.commands.began([{ id: job!.id, fence: job!.fence, process: here, slot: 0 }]);
  const slots = new GroupSlots();
  const orphans = new Orphans({ store, slots, processId, supervisorId });
  await orphans.find();
  await orphans.count();
  expect(slots.free({ name: "default", slots: 2 })).toBe(1);
  await store.commands.adopt(orphan, processId);
  await orphans.count();
  expect(orphans.some).toBe(false);
});
