// Takes up what the triggers left in `touched`: jobs that ended, gave up slots, or are blocked. At
// the end of the same transaction, as a rule, so that a slot that is freed and the job that gets it
// are one commit. What a transaction has no room for stays in the table for the next one: nothing
// is forgotten, and nobody holds up the other writers for long.
//
// Ending a job may touch others, so rounds go on until nothing is touched. Promoting frees no slot.

import type { JobState } from "../../job.ts";
import type { Connection } from "../driver/connection.ts";
import { closeIfOver } from "./links/batch-end.ts";
import { type Ending, isEnded, settleWaiting, tellDependants } from "./links/dependencies.ts";
import { takeBack } from "./links/unique.ts";
import { applyPolicies } from "./slots/conflict.ts";
import { letGo } from "./slots/keep.ts";
import { comeInLine } from "./slots/line.ts";
import { admit, promote } from "./slots/promote.ts";
import { Room } from "./slots/room.ts";

/** How many touched jobs one transaction takes up. */
const most = 1_000;
/** And how many at a time: those of one round are seen together. */
const page = 100;

const all = "SELECT count(*) AS freed FROM touched";
const anything = "SELECT 1 FROM touched LIMIT 1";
const next = `SELECT job_id AS id, outcome, batch_id AS batchId FROM touched
  ORDER BY job_id LIMIT ${page}`;
const done = "DELETE FROM touched WHERE job_id = ?";

interface Touched {
  readonly id: number;
  readonly outcome: Ending | "due" | null;
  readonly batchId: number | null;
}

/** What a round of touched jobs leads to. */
interface Round {
  readonly room: Room;
  readonly keys: Set<string>;
  /** Of which slots were kept until now. */
  readonly kept: Set<string>;
  readonly batches: Set<number>;
  readonly blocked: Touched[];
}

export function isTouched(connection: Connection): boolean {
  return connection.sql(anything).get() !== undefined;
}

/** Needs an open transaction. False when something is left to do. */
export function reconcile(connection: Connection): boolean {
  if (!isTouched(connection)) return true;
  const room = new Room(connection);
  // Each gave away one slot of a key at most.
  const { freed } = room.sql(all).get() as { freed: number };
  for (let taken = 0; taken < most; ) {
    const rows = room.sql(next).all() as unknown as readonly Touched[];
    if (rows.length === 0) return true;
    taken += rows.length;
    const sets = { keys: new Set<string>(), kept: new Set<string>(), batches: new Set<number>() };
    const round: Round = { room, ...sets, blocked: [] };
    for (const row of rows) {
      room.sql(done).run(row.id);
      takeUp(round, row);
    }
    for (const id of round.batches) closeIfOver(connection, id);
    room.recount();
    for (const key of round.keys)
      promote(room, key, { most, freed: round.kept.has(key) ? Number.POSITIVE_INFINITY : freed });
    for (const row of round.blocked) settleBlocked(room, row);
  }
  return !isTouched(connection);
}

const stateOf = "SELECT state FROM jobs WHERE id = ?";
const forgetGates = `DELETE FROM job_gates WHERE job_id = ?1
  AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = ?1 AND kind = 'command')`;

function takeUp(round: Round, touched: Touched): void {
  const { room, keys, kept, batches } = round;
  const { id, outcome, batchId } = touched;
  const state = room.sql(stateOf).get(id)?.state as JobState | undefined;
  for (const key of room.keysOf(id)) keys.add(key);
  for (const key of letGo(room, id)) kept.add(key);
  if (state !== undefined) takeBack(room, id, state);
  if (state === "blocked") {
    comeInLine(room, id);
    round.blocked.push(touched);
  }
  if (state === "waiting") settleWaiting(room, id);
  // Only by a claim of somebody who knows nothing of gates; whoever runs holds his slots.
  if (state === "running") holdAll(room, id);
  if (state !== undefined && !isEnded(state)) return;
  // A failed or cancelled job may be retried, a command in any case: it wants its slots again then.
  if (state === undefined || state === "finished") room.sql(forgetGates).run(id);
  tellDependants(room, id, state ?? (outcome === "due" ? null : outcome) ?? "discarded");
  if (batchId !== null) batches.add(batchId);
}

function holdAll(room: Room, id: number): void {
  const lacking = room.lackingOf(id).filter(({ kind }) => kind === "concurrency");
  room.take(id, lacking, "lent");
}

/** It was passed by when its keys were looked at, if it could not be ready. */
function settleBlocked(room: Room, { id, outcome }: Touched): void {
  if (room.sql(stateOf).get(id)?.state !== "blocked") return;
  if (!admit(room, id) && outcome === "due") applyPolicies(room, id);
}
