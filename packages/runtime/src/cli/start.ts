// start: takes the lock of the control socket, then hands over to the supervisor.

import { acquireLock } from "../control/lock.ts";
import { exitCodes } from "../exit-codes.ts";
import { Signals } from "../signals.ts";
import type { Invocation } from "./line/command.ts";

export async function start(invocation: Invocation): Promise<number> {
  // A TERM while the configuration is read must not kill, and as process 1 it would be ignored.
  const early = new Signals();
  try {
    const config = await invocation.config();
    const { startSupervisor } = await import("../supervisor.ts");
    const lock = await acquireLock(config.control.socket);
    try {
      if (early.stopRequested) return exitCodes.ok;
      const untilEmpty = invocation.flag("until-empty");
      return await startSupervisor(config, { untilEmpty, json: invocation.json });
    } finally {
      lock.release();
    }
  } finally {
    early.close();
  }
}
