// The tables of a store as they are in the end, read with plain SQL from either kind: a judge
// believes neither the store nor the command line.

import { DatabaseSync } from "node:sqlite";
import { execute } from "../postgres/databases.ts";
import type { JobRow } from "../project.ts";
import { monotonic } from "../runtime-process.ts";
import type { FlowEvidence, JobStory, TickStory } from "./evidence.ts";
import { wantsOf } from "./wants.ts";

/** Both stores have the same columns; names of tables are written `@jobs`. */
async function rows<Row extends object>(url: string, sql: string): Promise<Row[]> {
  if (!url.startsWith("sqlite:"))
    return await execute<Row>(url, sql.replaceAll("@", "queue_runtime."));
  const database = new DatabaseSync(url.slice("sqlite:".length), { readOnly: true });
  try {
    return database.prepare(sql.replaceAll("@", "")).all() as unknown as Row[];
  } finally {
    database.close();
  }
}

/** Of jobs that live, ended, or both. */
const tableOf = (url: string): string => (url.startsWith("sqlite:") ? "@jobs" : "@all_jobs");

const isAlive = "state NOT IN ('finished', 'failed', 'cancelled')";

/** What is left of jobs that live, by state. */
export async function living(url: string): Promise<string[]> {
  const sql = `SELECT state, count(*) AS jobs FROM @jobs WHERE ${isAlive} GROUP BY state`;
  const counts = await rows<{ state: string; jobs: number }>(url, sql);
  return counts.map(({ state, jobs }) => `${jobs} ${state}`);
}

/** From the clock of the store to ours, in milliseconds to be added. */
function offset(): number {
  return monotonic() - Date.now();
}

type Row = Pick<JobRow, "id" | "name" | "state" | "fence" | "attempts" | "args" | "error"> & {
  readonly created_at: number;
  readonly finished_at: number | null;
  readonly batch_id: number | null;
};

const columns = "id, name, state, fence, attempts, args, error, created_at, finished_at, batch_id";

export async function jobStories(url: string): Promise<JobStory[]> {
  const toOurs = offset();
  const all = await rows<Row>(url, `SELECT ${columns} FROM ${tableOf(url)} ORDER BY id`);
  return all.map((row) => ({
    id: Number(row.id),
    name: row.name,
    state: row.state,
    fence: Number(row.fence),
    attempts: Number(row.attempts),
    createdAt: Number(row.created_at) + toOurs,
    finishedAt: row.finished_at === null ? null : Number(row.finished_at) + toOurs,
    error: (parsed(row.error) as JobRow["error"])?.name ?? null,
    batchId: row.batch_id === null ? null : Number(row.batch_id),
    wants: wantsOf(row.name, parsed(row.args)),
  }));
}

/** A column of JSON is text in SQLite. */
function parsed(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : value;
}

export async function batchStories(url: string): Promise<FlowEvidence["batches"]> {
  const all = await rows<{ id: number; state: string }>(url, "SELECT id, state FROM @batches");
  return all.map(({ id, state }) => ({ id: Number(id), state }));
}

export async function tickStories(url: string): Promise<TickStory[]> {
  const sql = "SELECT key, at, recorded_at, job_id FROM @recurring_ticks";
  const all = await rows<{ key: string; at: number; recorded_at: number; job_id: number | null }>(
    url,
    sql,
  );
  return all.map(({ key, at, recorded_at, job_id }) => ({
    key,
    at: Number(at),
    recordedAt: Number(recorded_at),
    jobId: job_id === null ? null : Number(job_id),
  }));
}

/** A gate is kept where its job may be retried: not of one that is gone or finished. */
const orphanGates = (url: string): string => `SELECT count(*) AS n FROM @job_gates AS gate
  WHERE NOT EXISTS (SELECT 1 FROM ${tableOf(url)} AS job
    WHERE job.id = gate.job_id AND job.state IN ('failed', 'cancelled'))`;

const count = (table: string): string => `SELECT count(*) AS n FROM ${table}`;

export async function leftovers(url: string): Promise<Readonly<Record<string, number>>> {
  const questions = {
    "jobs that live": `${count("@jobs")} WHERE ${isAlive}`,
    "slots that are held": `${count("@slots")} WHERE job_id IS NOT NULL`,
    "gates of no job": orphanGates(url),
    "gates that wait": `${count("@job_gates AS gate")} WHERE CAST(waits AS integer) = 1`,
    "unique keys": `${count("@unique_keys")} WHERE CAST(held AS integer) = 1`,
    dependencies: count("@dependencies"),
    "touched jobs": count("@touched"),
  };
  const answers: Record<string, number> = {};
  for (const [what, sql] of Object.entries(questions))
    answers[what] = Number((await rows<{ n: number }>(url, sql))[0]!.n);
  return answers;
}
