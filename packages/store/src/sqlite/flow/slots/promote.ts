// Blocked jobs take the slots that are free, in the order of priority and age, whatever their
// queue. A job takes all that it lacks or none: nobody holds one key while it waits for another,
// so no two can wait for each other.

import type { Room, StoredGate } from "./room.ts";

/** How many jobs that lack a slot are passed over before the rest has to wait. */
const farthest = 100;
/** How many are looked at together, once the first was taken. */
const page = 16;

const line = `SELECT job_id AS id, kind, key, slots AS "limit", ms, on_conflict AS onConflict, name
  FROM job_gates INDEXED BY job_gates_waiting
  WHERE key = ? AND waits = 1 ORDER BY priority, job_id LIMIT 0 + ? OFFSET 0 + ?`;

type Candidate = StoredGate & { readonly id: number };

/** Answers how many jobs of the key became ready, `most` at the most. */
export function promote(room: Room, key: string, most: number): number {
  let promoted = 0;
  let passed = 0;
  for (let size = 1; room.hasRoom(key); size = page) {
    const candidates = room.sql(line).all(key, size, passed) as unknown as readonly Candidate[];
    for (const candidate of candidates) {
      // It may see fewer slots than others do.
      if (room.isFree(candidate) && admit(room, candidate.id)) promoted += 1;
      else passed += 1;
      if (promoted >= most || passed >= farthest) return promoted;
    }
    if (candidates.length < size) break;
  }
  return promoted;
}

/** Whether anybody of the line could be made ready; writes nothing. */
export function couldPromote(room: Room, key: string): boolean {
  if (!room.hasRoom(key)) return false;
  // The first of the line nearly always could.
  return [1, farthest].some((size) => {
    const candidates = room.sql(line).all(key, size, 0) as unknown as readonly Candidate[];
    return candidates.some((candidate) => room.isFree(candidate) && canAdmit(room, candidate.id));
  });
}

const makeReady = "UPDATE jobs SET state = 'ready' WHERE id = ? AND state = 'blocked'";
const giveBack = "DELETE FROM slots WHERE job_id = ? AND key = ?";
const stopWaiting = "UPDATE job_gates SET waits = 0 WHERE job_id = ?";

function canAdmit(room: Room, id: number): boolean {
  return room.lackingOf(id).every((gate) => room.isFree(gate));
}

/** Makes a blocked job ready if every slot that it lacks is free. */
export function admit(room: Room, id: number): boolean {
  const lacking = room.lackingOf(id);
  if (!lacking.every((gate) => room.isFree(gate))) return false;
  // The slots come first: a trigger sends a job back that would be ready without them.
  room.take(id, lacking);
  if (room.sql(makeReady).run(id).changes === 1) return true;
  // Only where somebody wrote into the table of gates by hand.
  room.recount();
  for (const { key } of lacking) room.sql(giveBack).run(id, key);
  room.sql(stopWaiting).run(id);
  return false;
}
