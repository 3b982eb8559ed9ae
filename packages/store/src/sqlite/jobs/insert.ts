// Writes new jobs, through our own connection or the caller's.

import type { StatementSync } from "node:sqlite";
import type { Enqueued } from "../../job.ts";
import { admit, type PreparedJob } from "../../rules/new-job.ts";

/** How many rows one statement inserts: the sequence of ids is read and written once for each. */
const rowsPerStatement = 32;

const row = "(?, ?, ?, ?, ?, ?, ?, ?, ?)";
const into = `INSERT INTO jobs
  (name, kind, queue, state, args, priority, label, run_at, created_at) VALUES `;
const insertOne = into + row;
const insertMany = into + Array(rowsPerStatement).fill(row).join(", ");

type Columns = [string, string, string, string, string | null, number, string | null, number];

/** Needs an open transaction, which also makes the ids of one statement consecutive. */
export function insertAll(
  sql: (text: string) => StatementSync,
  jobs: readonly PreparedJob[],
  now: number,
): readonly Enqueued[] {
  const answers: Enqueued[] = [];
  for (let at = 0; at < jobs.length; ) {
    const rest = jobs.length - at;
    const size = rest >= rowsPerStatement ? rowsPerStatement : 1;
    const values: (string | number | null)[] = [];
    for (const job of jobs.slice(at, at + size)) values.push(...columns(job, now), now);
    const { lastInsertRowid } = sql(size === 1 ? insertOne : insertMany).run(...values);
    const first = Number(lastInsertRowid) - size + 1;
    for (let i = 0; i < size; i += 1) answers.push({ id: first + i, outcome: "created" });
    at += size;
  }
  return answers;
}

function columns(job: PreparedJob, now: number): Columns {
  const { name, kind, queue, args, priority, label } = job;
  const { state, runAt } = admit(job, now);
  return [name, kind, queue, state, args, priority, label, runAt];
}
