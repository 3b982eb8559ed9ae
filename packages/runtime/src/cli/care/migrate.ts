// migrate: brings the schema of the store up to date, or shows the SQL that would.

import { openStore, type Store } from "@queue-runtime/store";
import { exitCodes } from "../../process/exit-codes.ts";
import { storeExists } from "../data/open.ts";
import type { Invocation } from "../line/command.ts";

export async function migrate(invocation: Invocation): Promise<number> {
  const { store: url } = await invocation.readConfig();
  const print = invocation.flag("print");
  // To look at a file that is missing would create it; an empty store lacks the same.
  const looked = print && !storeExists(url) ? "sqlite::memory:" : url;
  const store = await openStore(looked, { name: "queue-runtime migrate" });
  try {
    await (print ? show(invocation, store) : bringUp(invocation, store));
  } finally {
    await store.close();
  }
  return exitCodes.ok;
}

async function bringUp({ json, output }: Invocation, store: Store): Promise<void> {
  const { from, to } = await store.migrate();
  if (json) output.json({ from, to });
  else output.result(`schema ${from} -> ${to}`);
  if (from === to) output.say("nothing to do: the schema is up to date");
}

/** Into `psql` or a review; stdout has SQL and nothing else. */
async function show({ json, output }: Invocation, store: Store): Promise<void> {
  const { from, to } = await store.schema();
  const sql = await store.migrationSql();
  if (json) output.json({ sql, from, to });
  else if (sql !== "") output.result(sql);
  if (sql === "") output.say(`nothing is missing: the schema is version ${to}`);
}
