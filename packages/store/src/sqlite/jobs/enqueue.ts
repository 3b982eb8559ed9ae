// An enqueue inside a transaction that is open: the rows, and what follows from them for others.

import type { Enqueued } from "../../job.ts";
import type { PreparedJob } from "../../rules/new-job.ts";
import type { Connection } from "../driver/connection.ts";
import { reconcile } from "../flow/reconcile.ts";
import { insertAll } from "./insert.ts";

/** @throws StoreError `invalid`, `conflict` */
export function enqueueAll(
  connection: Connection,
  jobs: readonly PreparedJob[],
): readonly Enqueued[] {
  const { answers, linked } = insertAll(connection, jobs);
  // What others have left undone is the next turn's: most enqueues have nothing to do with it.
  if (linked) reconcile(connection);
  return answers;
}
