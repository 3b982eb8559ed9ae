// A batch is over when it is sealed and none of its jobs lives. Whoever ends the last one decides
// it and enqueues what follows, in the same transaction; the write lock makes it one.

import { callbackOf } from "../../../rules/new-batch.ts";
import type { PreparedJob } from "../../../rules/new-job.ts";
import type { Connection } from "../../driver/connection.ts";
import { insertAll } from "../../jobs/insert.ts";

const sealed = `SELECT on_finish, on_success, on_failure,
    cleared_failed + cleared_cancelled AS cleared
  FROM batches WHERE id = ? AND state = 'sealed'`;

interface Sealed {
  readonly on_finish: string | null;
  readonly on_success: string | null;
  readonly on_failure: string | null;
  /** Jobs that did not finish, and are not stored any more. */
  readonly cleared: number;
}

/** Of a batch, in one of the states. */
const any = (states: readonly string[]): string =>
  `SELECT 1 FROM jobs INDEXED BY jobs_by_batch
  WHERE batch_id = ? AND (${states.map((state) => `state = '${state}'`).join(" OR ")}) LIMIT 1`;
/** The likeliest first. */
const alive = any(["ready", "running", "blocked", "scheduled", "waiting", "held"]);
const unsuccessful = any(["failed", "cancelled"]);
const close = "UPDATE batches SET state = ?, finished_at = ? WHERE id = ?";

export function closeIfOver(connection: Connection, id: number): void {
  const batch = connection.sql(sealed).get(id) as unknown as Sealed | undefined;
  if (!batch || connection.sql(alive).get(id)) return;
  const failed = batch.cleared > 0 || connection.sql(unsuccessful).get(id) !== undefined;
  connection.sql(close).run(failed ? "failed" : "succeeded", connection.now(), id);
  const next = [batch.on_finish, failed ? batch.on_failure : batch.on_success];
  const jobs = next.flatMap((json) =>
    json === null ? [] : [callbackOf(id, JSON.parse(json) as PreparedJob)],
  );
  insertAll(connection, jobs);
}
