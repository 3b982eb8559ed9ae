// What becomes of a job that finds no slot; see OnConflict in ../../flow.ts.

import { StoreError } from "../../../errors.ts";
import type { JobError } from "../../../job.ts";
import { isFreeFor, keptFor, newest, type Turn } from "./keep.ts";
import { promote } from "./promote.ts";
import { notBegun, type Room, type StoredGate } from "./room.ts";

/** How many waiting jobs one arrival may let pass before it. */
const most = 100;

/**
 * Whether a new job with these gates is ready, or waits, or is dropped. It takes no slot yet. Who
 * waits already comes first where slots have become free.
 * @throws StoreError `conflict`
 */
export function ask(
  room: Room,
  gates: readonly StoredGate[],
  priority: number,
): "ready" | "blocked" | "discarded" {
  const turn = { id: newest, priority };
  if (gates.every((gate) => isFreeForNew(room, gate, turn))) return "ready";
  for (const gate of gates)
    if (gate.onConflict !== "block" && !isFreeFor(room, gate, turn)) {
      if (gate.onConflict === "fail") throw conflict(room, gate.key);
      if (gate.onConflict === "discard") return "discarded";
    }
  replaceOthers(room, gates, turn);
  return gates.every((gate) => isFreeForNew(room, gate, turn)) ? "ready" : "blocked";
}

function isFreeForNew(room: Room, gate: StoredGate, turn: Turn): boolean {
  if (!room.isFree(gate)) return false;
  if (!room.isAwaited(gate.key)) return true;
  promote(room, gate.key, { most, seen: room.limitOf(gate) });
  return isFreeFor(room, gate, turn);
}

/** A job that was due and found no slot: its policies are applied, if it has any. */
export function applyPolicies(room: Room, id: number): void {
  const lacking = room.lackingOf(id);
  const turn = { id, priority: lacking[0]?.priority ?? 0 };
  const taken = lacking.filter(
    (gate) => gate.onConflict !== "block" && !isFreeFor(room, gate, turn),
  );
  const strict = taken.find(({ onConflict }) => onConflict !== "replace");
  if (strict) cancel(room, id, `no slot of ${strict.key} was free when it was due`);
  else replaceOthers(room, taken, turn);
}

const replaceable = `SELECT id FROM jobs WHERE ${notBegun}
    AND (state = 'ready' OR state = 'blocked') AND id IN (
      SELECT job_id FROM slots WHERE key = ?1 AND job_id IS NOT NULL
      UNION SELECT job_id FROM job_gates INDEXED BY job_gates_waiting WHERE key = ?1 AND waits = 1)
  ORDER BY id`;

/** In favour of a newcomer, which may be stored already. */
function replaceOthers(room: Room, gates: readonly StoredGate[], turn: Turn): void {
  const { id: newcomer } = turn;
  for (const gate of gates) {
    if (gate.onConflict !== "replace" || isFreeFor(room, gate, turn)) continue;
    const all = room.sql(replaceable).all(gate.key) as unknown as { id: number }[];
    // One that learned of its policy from a worker has come when it was enqueued: the newest stays.
    const isLate = room.sql(wasClaimed).get(newcomer) !== undefined;
    const stays = isLate ? (all.at(-1)?.id ?? newcomer) : newcomer;
    for (const { id } of all)
      if (id !== stays) cancel(room, id, `a newer job of ${gate.key} came in its place`);
    if (stays !== newcomer) return;
  }
}

const wasClaimed = "SELECT 1 FROM jobs WHERE id = ? AND started_at IS NOT NULL";

const end = "UPDATE jobs SET state = 'cancelled', finished_at = ?, error = ? WHERE id = ?";

function cancel(room: Room, id: number, message: string): void {
  room.sql(end).run(room.now, JSON.stringify(conflictError(message)), id);
  room.recount();
}

export function conflictError(message: string): JobError {
  return { name: "ConflictError", message, code: null, stack: null, cause: null };
}

function nobodysText(room: Room, key: string): string {
  const keeper = keptFor(room, key, { id: newest, priority: newest });
  return keeper === null ? "they rest" : `it is kept for job ${keeper}`;
}

/** How many holders a message names. */
const mostNamed = 3;
const holders = `SELECT job_id AS id FROM slots WHERE key = ? AND job_id IS NOT NULL
  ORDER BY since, id LIMIT ${mostNamed + 1}`;

export function conflict(room: Room, key: string): StoreError {
  const ids = (room.sql(holders).all(key) as unknown as { id: number }[]).map(({ id }) => id);
  const named = ids.slice(0, mostNamed).join(", ") + (ids.length > mostNamed ? ", …" : "");
  const some = ids.length === 1 ? `job ${named} has it` : `jobs ${named} have them`;
  const who = ids.length === 0 ? nobodysText(room, key) : some;
  const what = `no slot of ${JSON.stringify(key)} is free: ${who}`;
  return new StoreError("conflict", `the job cannot be enqueued: ${what}`);
}
