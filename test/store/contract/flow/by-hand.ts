// A person at a SQL prompt, who knows nothing of slots and keys.

import { DatabaseSync } from "node:sqlite";
import pg from "pg";

/** Deletes rows of jobs past the store. */
export async function deleteByHand(url: string, ids: readonly number[]): Promise<void> {
  if (url.startsWith("sqlite:")) {
    const database = new DatabaseSync(url.slice("sqlite:".length), { timeout: 5_000 });
    database.exec(`DELETE FROM jobs WHERE id IN (${ids.join()})`);
    database.close();
    return;
  }
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query("DELETE FROM queue_runtime.jobs WHERE id = ANY ($1::bigint[])", [ids]);
  } finally {
    await client.end();
  }
}
