// Started by control-lock.test.ts: tries to take the lock of a socket, reports how it went, and
// stays. On request it starts a child, as a supervisor would.

import { spawn } from "node:child_process";
import { acquireLock, LockedError } from "../../../packages/runtime/src/control/lock.ts";

try {
  await acquireLock(process.argv[2]!);
  process.send?.({ won: true });
} catch (error) {
  if (!(error instanceof LockedError)) throw error;
  process.send?.({ won: false, pid: error.pid });
}
process.on("message", () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore", detached: true });
  process.send?.({ pid: child.pid });
});
