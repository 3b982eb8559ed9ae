// Opens the store for a command on data. Such a command looks at what is there: it never creates a
// store by accident, and never changes the schema under a runtime of another version.

import { existsSync } from "node:fs";
import { openStore, type Store } from "@queue-runtime/store";
import { shownStore } from "../../config/shown-store.ts";
import type { Config } from "../../config.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { CommandError } from "../line/errors.ts";

export async function withStore<Result>(
  config: Config,
  use: (store: Store) => Promise<Result>,
): Promise<Result> {
  if (!storeExists(config.store)) throw missing(shownStore(config.store));
  const store = await openStore(config.store, { name: "queue-runtime cli" });
  try {
    await checkSchema(store);
    return await use(store);
  } finally {
    await store.close();
  }
}

/** False when the file of an embedded store is missing; a server is asked by connecting to it. */
export function storeExists(url: string): boolean {
  return !url.startsWith("sqlite:") || existsSync(url.slice("sqlite:".length));
}

async function checkSchema(store: Store): Promise<void> {
  const { from, to } = await store.schema();
  if (from === 0) throw missing(store.url);
  if (from < to) {
    const versions = `the store ${store.url} has schema ${from} and this version needs ${to}`;
    throw new CommandError(`${versions}; run \`runtime migrate\``, exitCodes.config);
  }
}

function missing(url: string): CommandError {
  const hint = "`runtime start` or `runtime migrate` creates it";
  return new CommandError(`no store at ${url}; ${hint}`, exitCodes.unreachable);
}
