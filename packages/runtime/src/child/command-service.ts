// Makes the service that runs commands. Apart from the others, so that its child loads nothing
// that runs code of users.

import { commandName } from "@queue-runtime/store";
import { defaults } from "../config/defaults.ts";
import { Commands } from "./commands.ts";
import type { MadeService, ServiceOptions } from "./services.ts";

export async function makeService(options: ServiceOptions): Promise<MadeService> {
  const { boot, store, health, log, send, giveUp } = options;
  const { role, config, processId, supervisorId } = boot;
  if (role.kind !== "commands") throw new Error("only one kind of child runs commands");
  const service = new Commands({
    config: role.commands,
    processId,
    supervisorId,
    aliveThresholdMs: config.process.aliveThresholdMs,
    retention: (config.dispatcher ?? defaults.dispatcher).retention,
    store,
    health,
    log,
    tell: (message) => send({ type: "commands", message }),
    giveUp,
  });
  const take: MadeService["take"] = (message) => service.take(message);
  return { service, names: [commandName], code: null, flags: null, take };
}
