// start: takes the lock of the control socket, then hands over to the supervisor.

import { acquireLock } from "../control/lock.ts";
import { exitCodes } from "../exit-codes.ts";
import { Signals } from "../process/signals.ts";
import type { Invocation } from "./line/command.ts";

export async function start(invocation: Invocation): Promise<number> {
  const { json, flag } = invocation;
  // A TERM while the configuration is read must not kill, and as process 1 it would be ignored.
  const signals = new Signals();
  try {
    const config = await invocation.config();
    const [{ Supervisor }, { openLog }] = await Promise.all([
      import("../supervisor.ts"),
      import("../log.ts"),
    ]);
    // Never released: it ends with this process, and `runtime stop` waits for exactly that.
    await acquireLock(config.control.socket);
    if (signals.stopRequested) return exitCodes.ok;
    const supervisor = new Supervisor(config, {
      log: openLog({
        level: config.log.level,
        fd: json ? 1 : 2,
        pretty: !json && process.stderr.isTTY === true,
        process: "supervisor",
      }),
      signals,
      untilEmpty: flag("until-empty"),
      reread: () => invocation.config(),
    });
    return await supervisor.run();
  } finally {
    signals.close();
  }
}
