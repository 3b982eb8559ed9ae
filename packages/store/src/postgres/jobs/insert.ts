// Writes new jobs, in one statement however many there are.

import type { Enqueued } from "../../job.ts";
import type { PreparedJob } from "../../rules/new-job.ts";
import type { Driver, Statement } from "../driver.ts";

const insert = `WITH clock AS MATERIALIZED (SELECT queue_runtime.now_ms() AS now)
INSERT INTO queue_runtime.jobs
  (name, kind, queue, args, priority, label, run_at, created_at, state)
SELECT name, kind, queue, args, priority, label, due, now,
  CASE WHEN held THEN 'held' WHEN due > now THEN 'scheduled' ELSE 'ready' END
FROM (
  SELECT job.*, now, coalesce(at, now + ceil(in_ms)::bigint) AS due
  FROM unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::bigint[], $6::text[],
      $7::bigint[], $8::double precision[], $9::boolean[]) WITH ORDINALITY
    AS job (name, kind, queue, args, priority, label, at, in_ms, held, number),
    clock
  ORDER BY job.number
) AS job
RETURNING id, state`;

export interface Inserted {
  readonly enqueued: readonly Enqueued[];
  readonly ready: boolean;
  readonly scheduled: boolean;
}

/** `after` follows at once, see driver.ts. */
export async function insertAll(
  driver: Driver,
  jobs: readonly PreparedJob[],
  after: Statement | null = null,
): Promise<Inserted> {
  const column = <Key extends keyof PreparedJob>(key: Key): PreparedJob[Key][] =>
    jobs.map((job) => job[key]);
  const values = [
    column("name"),
    column("kind"),
    column("queue"),
    column("args"),
    column("priority"),
    column("label"),
    column("at"),
    column("inMs"),
    column("held"),
  ];
  const long = jobs.length > 1_000;
  const answer = after
    ? await driver.writeAndThen([insert, values], after, long)
    : (await driver.write([[insert, values]], { long }))[0]!;
  return inserted(answer.rows as [number, string][]);
}

export function inserted(rows: readonly [number, string][]): Inserted {
  const states = new Set(rows.map(([, state]) => state));
  const enqueued = rows.map(([id]): Enqueued => ({ id, outcome: "created" }));
  return { enqueued, ready: states.has("ready"), scheduled: states.has("scheduled") };
}
