// Writes new jobs, through our own connection or the caller's. Jobs that have nothing to do with
// others, which are most, go in statements of many rows; those with gates, unique keys or
// dependencies, and commands, one by one (insert-linked.ts), since each may change what the next
// one finds.

import { StoreError } from "../../errors.ts";
import type { Enqueued } from "../../job.ts";
import { queueGates } from "../../rules/limits.ts";
import { admit, type PreparedJob } from "../../rules/new-job.ts";
import { checkGroups } from "../commands/insert.ts";
import type { Connection } from "../driver/connection.ts";
import { allSettings } from "../flow/queue-settings.ts";
import { Room, type StoredGate } from "../flow/slots/room.ts";
import { insertLinked } from "./insert-linked.ts";

/** Rows that one statement inserts: the sequence of ids is read and written once for each. */
const sizes = [32, 4, 1];

const plain = {
  row: "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
  into: `INSERT INTO jobs
    (name, kind, queue, state, args, priority, label, run_at, created_at) VALUES `,
};
const inBatch = {
  row: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
  into: `INSERT INTO jobs (name, kind, queue, state, args, priority, label, run_at, created_at,
    batch_id, linked) VALUES `,
};

const insertOf = ({ row, into }: typeof plain): ReadonlyMap<number, string> =>
  new Map(sizes.map((size) => [size, into + Array(size).fill(row).join(", ")]));
const insertPlain = insertOf(plain);
const insertInBatch = insertOf(inBatch);

export interface Inserted {
  readonly answers: readonly Enqueued[];
  /** Others may have been touched. */
  readonly linked: boolean;
}

/**
 * Needs an open transaction, which also makes the ids of one statement consecutive. Whoever calls
 * it takes up afterwards what was touched.
 * @throws StoreError `invalid`, `conflict`
 */
export function insertAll(connection: Connection, jobs: readonly PreparedJob[]): Inserted {
  const settings = allSettings(connection);
  const now = connection.now();
  let room: Room | null = null;
  const answers: Enqueued[] = [];
  checkBatches(connection, jobs);
  checkGroups(connection, jobs);
  checkAfter(connection, jobs);
  for (let at = 0; at < jobs.length; ) {
    const job = jobs[at]!;
    const queue = settings.get(job.queue);
    const asked = queue ? queueGates(job.queue, queue, job) : [];
    if (asked.length > 0 || isLinked(job)) {
      room ??= new Room(connection);
      answers.push(insertLinked(room, job, gatesOf(job, asked)));
      at += 1;
      continue;
    }
    const from = at;
    do at += 1;
    while (at < jobs.length && goesWith(job, jobs[at]!, settings));
    insertTogether(connection, { jobs, from, end: at, now, answers });
  }
  return { answers, linked: room !== null };
}

function isLinked({ gates, uniques, keyed, after, command }: PreparedJob): boolean {
  // A batch that was opened by an older version keeps callbacks that say nothing of commands.
  return keyed || command != null || gates.length + uniques.length + after.length > 0;
}

function goesWith(
  first: PreparedJob,
  job: PreparedJob,
  settings: ReadonlyMap<string, unknown>,
): boolean {
  const sameBatch = (job.batchId === null) === (first.batchId === null);
  return sameBatch && !isLinked(job) && !settings.has(job.queue);
}

function gatesOf(
  { name, gates }: PreparedJob,
  asked: ReturnType<typeof queueGates>,
): readonly StoredGate[] {
  const all = new Map(gates.map((gate) => [gate.key, { ...gate, name }]));
  for (const gate of asked) if (!all.has(gate.key)) all.set(gate.key, { ...gate, name: "" });
  return [...all.values()];
}

interface Together {
  readonly jobs: readonly PreparedJob[];
  readonly from: number;
  readonly end: number;
  readonly now: number;
  readonly answers: Enqueued[];
}

function insertTogether(connection: Connection, { jobs, from, end, now, answers }: Together): void {
  const batched = jobs[from]!.batchId !== null;
  const insert = batched ? insertInBatch : insertPlain;
  for (let at = from; at < end; ) {
    const size = sizes.find((some) => some <= end - at)!;
    const values: (string | number | null)[] = [];
    for (let n = at; n < at + size; n += 1) {
      const { name, kind, queue, args, priority, label, batchId } = jobs[n]!;
      const { state, runAt } = admit(jobs[n]!, now);
      values.push(name, kind, queue, state, args, priority, label, runAt, now);
      if (batched) values.push(batchId);
    }
    const { lastInsertRowid } = connection.sql(insert.get(size)!).run(...values);
    const first = Number(lastInsertRowid) - size + 1;
    for (let i = 0; i < size; i += 1) answers.push({ id: first + i, outcome: "created" });
    at += size;
  }
}

/** The first id among those asked for that no job has. */
const missing = `SELECT value AS id FROM json_each(?)
  WHERE NOT EXISTS (SELECT 1 FROM jobs WHERE id = value) LIMIT 1`;

/** Before anything is inserted: a job comes after those that were there, not after its own kind. */
function checkAfter(connection: Connection, jobs: readonly PreparedJob[]): void {
  for (const { after } of jobs) {
    if (after.length === 0) continue;
    const id = connection.sql(missing).get(JSON.stringify(after))?.id;
    if (id === undefined) continue;
    const why = `there is no job ${id} to come after`;
    throw new StoreError("invalid", `the job cannot be enqueued: ${why}`);
  }
}

const stateOfBatch = "SELECT state FROM batches WHERE id = ?";

function checkBatches(connection: Connection, jobs: readonly PreparedJob[]): void {
  let checked: number | null = null;
  for (const { batchId } of jobs) {
    if (batchId === checked) continue;
    checked = batchId;
    if (batchId === null) continue;
    const state = connection.sql(stateOfBatch).get(batchId)?.state;
    if (state === "open" || state === "sealed") continue;
    const why = state === undefined ? `there is no batch ${batchId}` : `batch ${batchId} is over`;
    throw new StoreError("invalid", `the job cannot be enqueued: ${why}`);
  }
}
