// Batches: groups of jobs and what follows when all of them have ended. When that is, is decided in
// ../migrations/2-flow/ends.ts.

import { StoreError } from "../../errors.ts";
import { endStates } from "../../job.ts";
import type { Json } from "../../json.ts";
import { prepareBatch } from "../../rules/new-batch.ts";
import type { PreparedJob } from "../../rules/new-job.ts";
import type { Batch, BatchState, NewBatch } from "../../store/batch.ts";
import type { Batches } from "../../store.ts";
import type { Driver } from "../driver.ts";
import type { Announcer } from "../watch/announce.ts";
import { writeAndReconcile } from "./reconcile.ts";

export function postgresBatches(driver: Driver, announcer: Announcer): Batches {
  return {
    open: (batch) => open(driver, batch),
    seal: (id) => seal(driver, announcer, id),
    find: (id) => find(driver, id),
    list: (filter) => list(driver, filter),
  };
}

const openBatch = "SELECT queue_runtime.open_batch($1::json, $2::json, $3::json)";

async function open(driver: Driver, batch: NewBatch): Promise<number> {
  const { description, metadata, ...callbacks } = prepareBatch(batch);
  const { onFinish, onSuccess, onFailure } = callbacks;
  const all = [onFinish, onSuccess, onFailure];
  const args = `[${all.map((job) => job?.args ?? "null").join()}]`;
  const [finish, success, failure] = all.map(withoutArgs);
  const rest = { onFinish: finish, onSuccess: success, onFailure: failure };
  const values = [JSON.stringify({ description, ...rest }), metadata, args];
  const [answer] = await driver.write([[openBatch, values]]);
  return (answer!.rows as [number][])[0]![0];
}

/** Absent where there is none. */
function withoutArgs(job: PreparedJob | null): object | undefined {
  if (!job) return undefined;
  const { args: _, command: __, ...rest } = job;
  return rest;
}

const sealBatch = "SELECT queue_runtime.seal_batch($1)";

async function seal(driver: Driver, announcer: Announcer, id: number): Promise<void> {
  const statements = [[sealBatch, [id]]] as const;
  const known =
    Number.isSafeInteger(id) && (await writeAndReconcile(driver, announcer, { statements }));
  const [isThere] = known ? (known[0]!.rows[0] as [boolean]) : [false];
  if (!isThere) throw new StoreError("invalid", `there is no batch ${id} to seal`);
}

const counted = (table: string, states: string): string => `(SELECT json_object_agg(state, jobs)
    FROM (SELECT ${states} AS state, count(*) AS jobs FROM queue_runtime.${table}
      WHERE batch_id = batch.id GROUP BY 1) AS job)`;

const columns = `batch.id, batch.description, batch.metadata, batch.state, batch.created_at,
  batch.finished_at, ${counted("jobs", "'pending'")}, ${counted("ended_jobs", "state")},
  cleared_finished, cleared_failed, cleared_cancelled`;

const one = `SELECT ${columns} FROM queue_runtime.batches AS batch WHERE id = $1`;

async function find(driver: Driver, id: number): Promise<Batch | null> {
  if (!Number.isSafeInteger(id)) return null;
  const [row] = (await driver.query(one, [id], true)).rows;
  return row ? toBatch(row as BatchRow) : null;
}

const newest = `SELECT ${columns} FROM queue_runtime.batches AS batch
  WHERE $1::text[] IS NULL OR state = ANY ($1) ORDER BY id DESC LIMIT $2`;

async function list(
  driver: Driver,
  { states, limit = 50 }: NonNullable<Parameters<Batches["list"]>[0]> = {},
): Promise<readonly Batch[]> {
  const { rows } = await driver.query(newest, [states ?? null, limit], true);
  return (rows as BatchRow[]).map(toBatch);
}

type Counts = Readonly<Record<string, number>> | null;

type BatchRow = [
  id: number,
  description: string | null,
  metadata: Json,
  state: BatchState,
  createdAt: number,
  finishedAt: number | null,
  live: Counts,
  ended: Counts,
  ...cleared: [finished: number, failed: number, cancelled: number],
];

function toBatch(row: BatchRow): Batch {
  const [id, description, metadata, state, createdAt, finishedAt, live, ended, ...cleared] = row;
  const { pending = 0 } = live ?? {};
  const [finished, failed, cancelled] = endStates.map(
    (end, n) => (ended?.[end] ?? 0) + cleared[n]!,
  ) as [number, number, number];
  const total = pending + finished + failed + cancelled;
  const jobs = { total, pending, finished, failed, cancelled };
  return { id, description, metadata, state, jobs, createdAt, finishedAt };
}
