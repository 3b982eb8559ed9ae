// Blocked jobs take the slots that are free, in the order of their line. A job takes all that it
// lacks or none: nobody takes one key while it waits for another, so no two wait for each other.

import { Line } from "./line.ts";
import type { Room } from "./room.ts";

/** Answers how many jobs of the key became ready, `most` at the most; `freed` as in line.ts. */
export function promote(
  room: Room,
  key: string,
  { most, freed = Number.POSITIVE_INFINITY }: { readonly most: number; readonly freed?: number },
): number {
  const line = new Line(room, key, freed);
  let promoted = 0;
  while (promoted < most) {
    const candidate = line.next();
    if (!candidate) break;
    // It may see fewer slots than others do.
    if (room.isFree(candidate) && admit(room, candidate.id)) promoted += 1;
    else line.passOver(candidate);
  }
  return promoted;
}

/** Whether anybody of the line could be made ready; writes nothing. */
export function couldPromote(room: Room, key: string): boolean {
  const line = new Line(room, key, Number.POSITIVE_INFINITY);
  for (let candidate = line.next(); candidate; candidate = line.next()) {
    if (room.isFree(candidate) && canAdmit(room, candidate.id)) return true;
    line.passOver(candidate);
  }
  return false;
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
