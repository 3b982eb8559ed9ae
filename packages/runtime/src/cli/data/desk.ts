// Where a command line finds a desk: that of the runtime when one listens, else one of its own on
// the store. Reading needs no runtime, and asks the store. Who has a runtime to ask loads no store.

import { setTimeout as wait } from "node:timers/promises";
import type { Config } from "../../config.ts";
import { ask, NoAnswerError, NothingListensError } from "../../control/client.ts";
import { remoteDesk } from "../../control/desk/remote.ts";
import type { Desk } from "../../control/desk.ts";
import { isJustGiven } from "./ask-for-config.ts";

/** From taking the lock to listening, and from the last answer to letting go of it. */
const patienceMs = 10_000;

export interface DeskOptions {
  /** A store that is missing is made, as `enqueue` does; false by default. */
  readonly create?: boolean;
  /** Called first where no runtime listens. */
  readonly whenAlone?: () => void;
}

export async function withDesk<Result>(
  config: Config,
  use: (desk: Desk) => Promise<Result>,
  { create = false, whenAlone }: DeskOptions = {},
): Promise<Result> {
  if (isJustGiven(config) || (await listens(config)))
    return await use(remoteDesk(config.control.socket));
  whenAlone?.();
  const { withLocalDesk } = await import("./local-desk.ts");
  return await withLocalDesk(config, use, { create });
}

/** A runtime that holds its lock and does not listen is starting or ending: it gets a moment. */
async function listens({ control }: Config): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (true) {
    try {
      await ask(control.socket, { method: "GET", path: "/livez" });
      return true;
    } catch (error) {
      // one that is busy answers later, or says so
      if (error instanceof NoAnswerError) return true;
      if (!(error instanceof NothingListensError)) throw error;
    }
    const { lockHolder } = await import("../../control/lock.ts");
    if (lockHolder(control.socket) === false || performance.now() > deadline) return false;
    await wait(20);
  }
}
