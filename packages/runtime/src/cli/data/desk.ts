// Where a command line finds a desk: that of the runtime when one listens, else one of its own on
// the store. Reading needs no runtime, and asks the store.

import { setTimeout as wait } from "node:timers/promises";
import { openStore, type Store } from "@queue-runtime/store";
import type { Config } from "../../config.ts";
import { ask, NoAnswerError, NothingListensError } from "../../control/client.ts";
import { localDesk } from "../../control/desk/local.ts";
import { remoteDesk } from "../../control/desk/remote.ts";
import type { Desk } from "../../control/desk.ts";
import { lockHolder } from "../../control/lock.ts";
import { withStore } from "./open.ts";

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
  if (await listens(config)) {
    const desk = remoteDesk(config.control.socket);
    return await use(desk).finally(() => desk.close());
  }
  whenAlone?.();
  if (!create) return await withStore(config, (store) => use(deskOn(store, config)));
  const store = await openStore(config.store, { name: "queue-runtime cli" });
  try {
    await store.migrate();
    return await use(deskOn(store, config));
  } finally {
    await store.close();
  }
}

export function deskOn(store: Store, { commands }: Config): Desk {
  return localDesk({ store, live: null, folder: commands?.output ?? null });
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
    if (lockHolder(control.socket) === false || performance.now() > deadline) return false;
    await wait(20);
  }
}
