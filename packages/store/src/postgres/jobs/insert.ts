// Writes new jobs, in one statement however many there are. A single one, which somebody waits for,
// has a statement without arrays: they would cost half as much again.
//
// Jobs that are tied to others are written by a function of the server (flow/enqueue.ts), and so
// are those of queues with settings: where there is one, these statements write nothing.

import type { Enqueued } from "../../job.ts";
import type { PreparedJob } from "../../rules/new-job.ts";
import type { Driver, Statement } from "../driver.ts";
import { enqueueCommands } from "../flow/enqueue.ts";

/** Read from end to end: it is nearly always empty, and opening its index takes longer. */
const noneIsSet = (queue: string): string =>
  `NOT EXISTS (SELECT FROM queue_runtime.queue_settings WHERE name || '' ${queue})`;

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
  WHERE ${noneIsSet("= ANY ($3::text[])")}
  ORDER BY job.number
) AS job
RETURNING id, state`;

const insertOne = `INSERT INTO queue_runtime.jobs
  (name, kind, queue, args, priority, label, run_at, created_at, state)
SELECT $1, $2, $3::text, $4::json, $5::bigint, $6, due, now,
  CASE WHEN $9::boolean THEN 'held' WHEN due > now THEN 'scheduled' ELSE 'ready' END
FROM (
  SELECT now, coalesce($7::bigint, now + ceil($8::double precision)::bigint) AS due
  FROM (SELECT queue_runtime.now_ms() AS now OFFSET 0) AS clock OFFSET 0
) AS job
WHERE ${noneIsSet("= $3")}
RETURNING id, state`;

export interface Inserted {
  readonly enqueued: readonly Enqueued[];
  readonly ready: boolean;
  readonly scheduled: boolean;
}

interface Inserting {
  /** Some are, and there are at most as many as one statement may have. */
  readonly commands: boolean;
  /** Follows at once, see driver.ts. */
  readonly news: Statement | null;
}

/** Answers null when nothing was written, because a queue has settings. */
export async function insertAll(
  driver: Driver,
  jobs: readonly PreparedJob[],
  { commands, news }: Inserting,
): Promise<Inserted | null> {
  const statement = commands ? enqueueCommands(jobs) : insertOf(jobs);
  const long = jobs.length > 1_000;
  const answer = news
    ? await driver.writeAndThen(statement, news, long)
    : (await driver.write([statement], { long }))[0]!;
  return answer.count === 0 ? null : inserted(answer.rows as [number, string][]);
}

function inserted(rows: readonly [number, string][]): Inserted {
  const states = new Set(rows.map(([, state]) => state));
  return {
    enqueued: rows.map(([id]): Enqueued => ({ id, outcome: "created" })),
    ready: states.has("ready"),
    scheduled: states.has("scheduled"),
  };
}

function insertOf(jobs: readonly PreparedJob[]): Statement {
  const keys = [
    "name",
    "kind",
    "queue",
    "args",
    "priority",
    "label",
    "at",
    "inMs",
    "held",
  ] as const;
  const [job] = jobs;
  if (job && jobs.length === 1) return [insertOne, keys.map((key) => job[key])];
  return [insert, keys.map((key) => jobs.map((each) => each[key]))];
}
