// Writes one job that has gates, unique keys or dependencies, or is a command. What it finds
// decides what becomes of it: it may not be created at all, wait for other jobs or for slots, or
// be ready at once.

import type { Enqueued, JobState } from "../../job.ts";
import { admit, type PreparedJob } from "../../rules/new-job.ts";
import { commandName } from "../../store/command.ts";
import { changeCommand, insertCommand } from "../commands/insert.ts";
import { askAfter, failDependant, waitFor } from "../flow/links/dependencies.ts";
import { replace } from "../flow/links/replace.ts";
import { askUniques, type Keeper, takeUniques } from "../flow/links/unique.ts";
import { ask } from "../flow/slots/conflict.ts";
import { writeGates } from "../flow/slots/gates.ts";
import type { Room, StoredGate } from "../flow/slots/room.ts";

const insert = `INSERT INTO jobs (name, kind, queue, state, args, priority, label, run_at, created_at,
    concurrency_key, unique_key, keyed, batch_id, linked)
  VALUES (:name, :kind, :queue, :state, :args, :priority, :label, :runAt, :now,
    :concurrencyKey, :uniqueKey, :keyed, :batchId, :linked)`;

/**
 * `gates` are its own and those of its queue.
 * @throws StoreError `invalid`, `conflict`
 */
export function insertLinked(room: Room, job: PreparedJob, gates: readonly StoredGate[]): Enqueued {
  const waits = askAfter(room, job);
  const keeper = askUniques(room, job);
  if (keeper) return answer(room, keeper, { job, gates });
  const { state: wanted, runAt } = admit(job, room.now);
  const mustWait = wanted !== "held" && (waits.on.length > 0 || waits.failed !== null);
  const state = mustWait ? "waiting" : wanted === "ready" ? ask(room, gates, job.priority) : wanted;
  if (state === "discarded") return { id: burnId(room, { job, runAt }), outcome: "discarded" };
  const id = write(room, { job, state, runAt, linked: 1 });
  insertCommand(room, id, job);
  const since = state === "blocked" ? room.now : null;
  writeGates(room, id, { gates, priority: job.priority, since });
  if (state === "ready") room.take(id, gates);
  takeUniques(room, { id, state }, job.uniques);
  waitFor(room, id, { on: waits.on, ifFails: job.ifDependencyFails });
  if (waits.failed) failDependant(room, id, waits.failed);
  return { id, outcome: "created" };
}

/** To a job whose key somebody has. */
function answer(
  room: Room,
  { id, replaceable, onConflict }: Keeper,
  { job, gates }: { readonly job: PreparedJob; readonly gates: readonly StoredGate[] },
): Enqueued {
  // A command never becomes code, nor code a command.
  const same = (replaceable?.name === commandName) === (job.command != null);
  if (!replaceable || !same || onConflict === "exists") return { id, outcome: "exists" };
  const keepsTime = onConflict === "debounce" && job.at === null && job.inMs === 0;
  if (replace(room, { id, ...replaceable }, { job, gates, keepsTime })) {
    if (job.command) changeCommand(room, id, job.command);
    return { id, outcome: "replaced" };
  }
  return { id: burnId(room, { job, runAt: room.now }), outcome: "discarded" };
}

interface Row {
  readonly job: PreparedJob;
  readonly state: JobState;
  readonly runAt: number;
  readonly linked: 0 | 1;
}

function write(room: Room, { job, state, runAt, linked }: Row): number {
  const { name, kind, queue, args, priority, label, gates, uniques, keyed, batchId } = job;
  const values = { name, kind, queue, state, args, priority, label, runAt, now: room.now };
  const { lastInsertRowid } = room.sql(insert).run({
    ...values,
    concurrencyKey: gates[0]?.key ?? null,
    uniqueKey: uniques[0]?.key ?? null,
    keyed: Number(keyed),
    batchId,
    linked,
  });
  return Number(lastInsertRowid);
}

const remove = "DELETE FROM jobs WHERE id = ?";

/** The id that is answered for a job that was dropped must never be that of another. */
function burnId(room: Room, row: Pick<Row, "job" | "runAt">): number {
  const id = write(room, { ...row, state: "ready", linked: 0 });
  room.sql(remove).run(id);
  return id;
}
