// start: takes the lock of the control socket, then hands over to the supervisor.

import { openStore } from "@queue-runtime/store";
import type { Config } from "../config.ts";
import { acquireLock, type Lock, LockedError } from "../control/lock.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { keepHeapLean } from "../process/lean-heap.ts";
import { reserveStdout } from "../process/reserve-stdout.ts";
import type { Invocation } from "./line/command.ts";

export async function start(invocation: Invocation): Promise<number> {
  // Never given back: a TERM in the last moments must not turn the exit code into a death by
  // signal.
  const { signals } = invocation;
  if (invocation.json) reserveStdout();
  keepHeapLean();
  const config = await invocation.readConfig();
  const [{ Supervisor }, { openLog }] = await Promise.all([
    import("../supervisor.ts"),
    import("../log.ts"),
  ]);
  const lock = await lockFor(config);
  try {
    if (signals.stopRequested) return exitCodes.ok;
    const supervisor = new Supervisor(config, {
      log: openLog({
        level: config.log.level,
        fd: invocation.json ? 1 : 2,
        pretty: !invocation.json && process.stderr.isTTY === true,
        process: "supervisor",
      }),
      signals,
      untilEmpty: invocation.flag("until-empty"),
      reread: () => invocation.readConfig(),
    });
    return await supervisor.run();
  } finally {
    lock.release();
  }
}

/** Where no lock can be, the store beside it often cannot be either: that is the better reason. */
async function lockFor({ control, store }: Config): Promise<Lock> {
  try {
    return await acquireLock(control.socket);
  } catch (error) {
    if (!(error instanceof LockedError)) await (await openStore(store)).close();
    throw error;
  }
}
