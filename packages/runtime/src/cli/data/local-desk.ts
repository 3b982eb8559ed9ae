// A desk on the store itself, for a command line that finds no runtime. Imported only then: it
// brings the store, and all that a runtime knows about commands.

import { openStore, type Store } from "@queue-runtime/store";
import type { Config } from "../../config.ts";
import { localDesk } from "../../control/desk/local.ts";
import type { Desk } from "../../control/desk.ts";
import { withStore } from "./open.ts";

export async function withLocalDesk<Result>(
  config: Config,
  use: (desk: Desk) => Promise<Result>,
  { create }: { readonly create: boolean },
): Promise<Result> {
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
