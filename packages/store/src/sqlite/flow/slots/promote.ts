// Blocked jobs take the slots that are free, in the order of their line. A job takes all that it
// lacks or none: nobody takes one key while it waits for another, so no two wait for each other.

import { isFreeFor, isOld, keep } from "./keep.ts";
import { Line } from "./line.ts";
import type { LackingGate, Room } from "./room.ts";

interface How {
  readonly most: number;
  /** As in line.ts. */
  readonly freed?: number;
  /** How many slots somebody sees who is about to come behind the line. */
  readonly seen?: number;
}

/** Answers how many jobs of the key became ready, `most` at the most. */
export function promote(
  room: Room,
  key: string,
  { most, freed = Number.POSITIVE_INFINITY, seen = 0 }: How,
): number {
  const line = new Line(room, key, { freed, seen });
  let promoted = 0;
  while (promoted < most) {
    const candidate = line.next();
    if (!candidate) break;
    // It may see fewer slots than others do.
    const sees = room.isFree(candidate) || (isOld(room, candidate.since) && line.hasRoom());
    if (sees && admit(room, candidate.id)) promoted += 1;
    else line.passOver(candidate);
  }
  return promoted;
}

/** Whether anybody of the line could be made ready; writes nothing. */
export function couldPromote(room: Room, key: string): boolean {
  const line = new Line(room, key, { freed: Number.POSITIVE_INFINITY, seen: 0 });
  for (let candidate = line.next(); candidate; candidate = line.next()) {
    const { id } = candidate;
    if (room.isFree(candidate) && areFree(room, id, room.lackingOf(id))) return true;
    line.passOver(candidate);
  }
  return false;
}

const makeReady = "UPDATE jobs SET state = 'ready' WHERE id = ? AND state = 'blocked'";
const giveBack = "DELETE FROM slots WHERE job_id = ? AND key = ?";
const stopWaiting = "UPDATE job_gates SET waits = 0 WHERE job_id = ?";

const touch = "INSERT INTO touched (job_id) VALUES (?) ON CONFLICT DO NOTHING";

function areFree(room: Room, id: number, lacking: readonly LackingGate[]): boolean {
  return lacking.every((gate) => isFreeFor(room, gate, { id, priority: gate.priority }));
}

/** Makes a blocked job ready if every slot that it lacks is free; or it keeps some. */
export function admit(room: Room, id: number): boolean {
  const lacking = room.lackingOf(id);
  if (!areFree(room, id, lacking)) {
    keep(room, id, lacking);
    return false;
  }
  // The slots come first: a trigger sends a job back that would be ready without them.
  room.take(id, lacking);
  if (room.sql(makeReady).run(id).changes === 1) {
    // Others may have what it kept and does not take.
    if (lacking.some(({ keeps }) => keeps === 1)) room.sql(touch).run(id);
    return true;
  }
  // Only where somebody wrote into the table of gates by hand.
  room.recount();
  for (const { key } of lacking) room.sql(giveBack).run(id, key);
  room.sql(stopWaiting).run(id);
  return false;
}
