// Jobs that come after other jobs. A row says that one still waits for another; a job with no row
// left has waited enough.

import { endStates, type JobError, type JobState } from "../../../job.ts";
import type { PreparedJob } from "../../../rules/new-job.ts";
import type { Room } from "../slots/room.ts";

/** How a job ended; one that was deleted before it ended was discarded. */
export type Ending = (typeof endStates)[number] | "discarded";

/** What a new job waits for, and whether it has waited in vain already. */
export interface Waits {
  readonly on: readonly number[];
  readonly failed: { readonly id: number; readonly ending: Ending } | null;
}

const targets = `SELECT jobs.id, state FROM json_each(?) CROSS JOIN jobs
  ON jobs.id = json_each.value`;

/** That they exist was seen before. */
export function askAfter(room: Room, { after, ifDependencyFails }: PreparedJob): Waits {
  const on: number[] = [];
  let failed: Waits["failed"] = null;
  const rows = after.length === 0 ? [] : room.sql(targets).all(JSON.stringify(after));
  for (const { id, state } of rows as unknown as { id: number; state: JobState }[]) {
    if (!isEnded(state)) on.push(id);
    else if (state !== "finished" && ifDependencyFails === "fail") failed ??= { id, ending: state };
  }
  return { on, failed };
}

export function isEnded(state: string): state is (typeof endStates)[number] {
  return (endStates as readonly string[]).includes(state);
}

const wait = "INSERT INTO dependencies (job_id, on_id, if_fails) VALUES (?, ?, ?)";
const link = "UPDATE jobs SET linked = 1 WHERE id = ? AND linked = 0";

export function waitFor(
  room: Room,
  id: number,
  { on, ifFails }: { readonly on: readonly number[]; readonly ifFails: "fail" | "run" },
): void {
  for (const target of on) {
    room.sql(wait).run(id, target, ifFails);
    room.sql(link).run(target);
  }
}

/** How many dependants of one job are told in one round. */
const page = 200;
const dependants = `SELECT job_id AS id, if_fails AS ifFails FROM dependencies
  WHERE on_id = ? ORDER BY job_id LIMIT ${page}`;
const forget = "DELETE FROM dependencies WHERE job_id = ? AND on_id = ?";
const again = "INSERT INTO touched (job_id, outcome) VALUES (?, ?) ON CONFLICT DO NOTHING";

/** Tells those who come after a job how it ended. */
export function tellDependants(room: Room, on: number, ending: Ending): void {
  const rows = room.sql(dependants).all(on) as unknown as { id: number; ifFails: string }[];
  for (const { id, ifFails } of rows) {
    room.sql(forget).run(id, on);
    if (ending === "finished" || ifFails === "run") letGo(room, id);
    else failDependant(room, id, { id: on, ending });
  }
  if (rows.length === page) room.sql(again).run(on, ending);
}

const goOn = `UPDATE jobs SET state = CASE WHEN run_at > ?2 THEN 'scheduled' ELSE 'ready' END
  WHERE id = ?1 AND state = 'waiting'
    AND NOT EXISTS (SELECT 1 FROM dependencies WHERE job_id = ?1)`;

function letGo(room: Room, id: number): void {
  room.sql(goOn).run(id, room.now);
}

const forgetAll = "DELETE FROM dependencies WHERE job_id = ?";
/** A job can only fail as one that waits, also where a person held it. */
const unhold = "UPDATE jobs SET state = 'waiting' WHERE id = ? AND state = 'held'";
const fail = `UPDATE jobs SET state = 'failed', finished_at = ?, error = ?
  WHERE id = ? AND state = 'waiting'`;

export function failDependant(
  room: Room,
  id: number,
  on: { readonly id: number; readonly ending: Ending },
): void {
  const verb = on.ending === "failed" ? "failed" : `was ${on.ending}`;
  const message = `job ${on.id}, which it comes after, ${verb}`;
  const error: JobError = {
    name: "DependencyError",
    message,
    code: null,
    stack: null,
    cause: null,
  };
  room.sql(forgetAll).run(id);
  room.sql(unhold).run(id);
  room.sql(fail).run(room.now, JSON.stringify(error), id);
}
