// A batch is over when it is sealed and none of its jobs lives. Whoever ends the last one decides
// it and enqueues what follows, in the same transaction; the write lock makes it one.

import { callbackOf } from "../../../rules/new-batch.ts";
import type { PreparedJob } from "../../../rules/new-job.ts";
import type { Connection } from "../../driver/connection.ts";
import { insertAll } from "../../jobs/insert.ts";

const sealed = `SELECT on_finish, on_success, on_failure FROM batches
  WHERE id = ? AND state = 'sealed'`;

interface Callbacks {
  readonly on_finish: string | null;
  readonly on_success: string | null;
  readonly on_failure: string | null;
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
  const callbacks = connection.sql(sealed).get(id) as unknown as Callbacks | undefined;
  if (!callbacks || connection.sql(alive).get(id)) return;
  const failed = connection.sql(unsuccessful).get(id) !== undefined;
  connection.sql(close).run(failed ? "failed" : "succeeded", connection.now(), id);
  const next = [callbacks.on_finish, failed ? callbacks.on_failure : callbacks.on_success];
  const jobs = next.flatMap((json) =>
    json === null ? [] : [callbackOf(id, JSON.parse(json) as PreparedJob)],
  );
  insertAll(connection, jobs);
}
