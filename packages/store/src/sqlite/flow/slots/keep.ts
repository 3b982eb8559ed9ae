// A slot that is kept. A job may be passed over for ever: it sees fewer slots of a key than others
// do, and they hold at least that many; or it needs slots of several keys, and others that need
// only one of them take each as it becomes free. So who has waited for longer than its patience is
// not passed over any more: nobody behind it takes the last slot that it would see.
//
// It keeps one key after the other, rates first: those that are free for it, and the first that is
// not. To keep all at once would be simpler, and idle: while one run of a tenant goes on for
// hours, the next of that tenant would keep a slot of the queue empty that all of them share.
//
// Who waits for whom is never a circle. A job waits for those that hold slots and, as long as it
// holds none, for those that keep some and are before it in the order of priority and age. Who
// holds a slot while it waits for another, as after an interruption, does not mind what is kept.

import { linePatienceMs } from "../../../flow.ts";
import type { LackingGate, Room, StoredGate } from "./room.ts";

/** Of a job, or of one that is not stored yet and comes behind all others of its priority. */
export interface Turn {
  readonly id: number;
  readonly priority: number;
}

/** The last of a priority. */
export const newest: number = Number.MAX_SAFE_INTEGER;

const anyKept = "SELECT 1 FROM job_gates INDEXED BY job_gates_kept WHERE keeps = 1 LIMIT 1";
const ofKey = `SELECT 1 FROM job_gates INDEXED BY job_gates_kept
  WHERE key = ? AND keeps = 1 LIMIT 1`;
const before = `SELECT job_id AS id, name, slots AS "limit", kind
  FROM job_gates INDEXED BY job_gates_kept
  WHERE key = ? AND keeps = 1 AND waits = 1 AND (priority, job_id) < (?, ?)
  ORDER BY priority, job_id`;
const holdsAny = "SELECT 1 FROM slots WHERE job_id = ? LIMIT 1";

type Keeper = Pick<StoredGate, "name" | "limit" | "kind"> & { readonly id: number };

/** Whose slot it would be; null where the job may have it. */
export function keptFor(room: Room, key: string, turn: Turn): number | null {
  const keepers = room.sql(before).all(key, turn.priority, turn.id) as unknown as Keeper[];
  const keeper = keepers.find((other) => room.held(key) + 1 >= room.limitOf(other));
  return !keeper || room.sql(holdsAny).get(turn.id) ? null : keeper.id;
}

export function isFreeFor(room: Room, gate: StoredGate, turn: Turn): boolean {
  return room.isFree(gate) && keptFor(room, gate.key, turn) === null;
}

/** Somebody keeps a slot of the key, or did so until just now. */
export function isKept(room: Room, key: string): boolean {
  return room.sql(ofKey).get(key) !== undefined;
}

/** Either way: a clock that was set back must not make it wait for as long. */
export function isOld(room: Room, since: number | null): boolean {
  return since !== null && Math.abs(room.now - since) >= linePatienceMs;
}

const write = "UPDATE job_gates SET keeps = 1 WHERE job_id = ? AND key = ?";

/** For a blocked job that lacks these and is passed over. */
export function keep(room: Room, id: number, lacking: readonly LackingGate[]): void {
  if (!lacking.some(({ since }) => isOld(room, since))) return;
  const rates = lacking.filter(({ kind }) => kind === "rate");
  const others = lacking.filter(({ kind }) => kind !== "rate");
  for (const gate of [...rates, ...others]) {
    if (gate.keeps === 0) room.sql(write).run(id, gate.key);
    if (!isFreeFor(room, gate, { id, priority: gate.priority })) return;
  }
}

const forget = `UPDATE job_gates SET keeps = 0 WHERE job_id = ? AND keeps = 1 AND waits = 0
  RETURNING key`;

/** What a job kept until it ceased to wait: others may have it now. */
export function letGo(room: Room, id: number): readonly string[] {
  if (!room.sql(anyKept).get()) return [];
  const rows = room.sql(forget).all(id) as unknown as readonly { key: string }[];
  return rows.map(({ key }) => key);
}
