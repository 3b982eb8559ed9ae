// The order of two things that follow each other at once, of which the second is somebody else's.

import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import type {
  FromCommands,
  ToCommands,
} from "../../packages/runtime/src/process/command-messages.ts";
import { identify } from "../../packages/runtime/src/process/identity.ts";
import { StoreHealth } from "../../packages/runtime/src/service/store-health.ts";
import { Commands } from "../../packages/runtime/src/supervisor/commands.ts";
import type { Child } from "../../packages/runtime/src/supervisor/family/child.ts";
import { stateOf } from "../support/crash-project.ts";
import { temporaryStore } from "../support/temporary-store.ts";
import { notedLog } from "./support/noted-log.ts";

test("who runs a command hears of its pause when the command has the signal", async () => {
  await using opened = await temporaryStore();
  const log = notedLog();
  const health = new StoreHealth(log);
  const nothing = () => undefined;
  const commands = new Commands({
    ...{ store: opened.store, log, health },
    ...{ supervisorId: () => 1, start: nothing, isOver: () => false },
  });
  const process = spawn("/bin/sleep", ["60"], { detached: true, stdio: "ignore" });
  const heard: string[] = [];
  const never = new Promise<never>(nothing);
  const child = {
    hearCommands: nothing as (message: FromCommands) => void,
    settled: never,
    exited: never,
    say(message: ToCommands) {
      if (message.say !== "signalled") return;
      // it would answer with a CONT now; a signal that was sent takes effect within a moment
      for (const end = performance.now() + 2_000; performance.now() < end; )
        if (stateOf(process.pid!) === "T") break;
      heard.push(stateOf(process.pid!));
    },
  };
  try {
    commands.raised(child as unknown as Child);
    const run = { id: 1, fence: 1, group: "default", slots: 1, slot: 0, paused: false };
    const facts = { process: identify(process.pid!), signalsSent: [], startedAt: 0 };
    child.hearCommands({ said: "began", commands: [{ ...run, ...facts }] });
    expect(commands.pause([1], true)).toEqual([{ id: 1, outcome: "done" }]);
    expect(heard).toEqual(["T"]);
  } finally {
    commands.close();
    process.kill("SIGKILL");
  }
});
