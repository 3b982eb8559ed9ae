// Jobs that come after other jobs. A row says that one still waits for another; a job with no row
// left has waited enough. A job that a person holds keeps the row of one that did not finish, and
// fails for it once it is let go; unless that one was retried meanwhile, and finished. So does a
// command in a group that is paused, until that is resumed: whoever paused it may mend what failed.

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
export function askAfter(room: Room, job: PreparedJob): Waits {
  const { after, ifDependencyFails } = job;
  const patient = job.held || (job.command != null && isPaused(room, job.queue));
  const on: number[] = [];
  let failed: Waits["failed"] = null;
  const rows = after.length === 0 ? [] : room.sql(targets).all(JSON.stringify(after));
  for (const { id, state } of rows as unknown as { id: number; state: JobState }[]) {
    const isInVain = isEnded(state) && state !== "finished" && ifDependencyFails === "fail";
    if (!isEnded(state) || (isInVain && patient)) on.push(id);
    else if (isInVain) failed ??= { id, ending: state };
  }
  return { on, failed };
}

const paused = "SELECT 1 FROM paused_queues WHERE name = ?";

function isPaused(room: Room, queue: string): boolean {
  return room.sql(paused).get(queue) !== undefined;
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
const isPatient =
  "kind = 'command' AND EXISTS (SELECT 1 FROM paused_queues WHERE paused_queues.name = queue)";
const dependants = `SELECT job_id AS id, if_fails AS ifFails
  FROM dependencies CROSS JOIN jobs ON jobs.id = job_id
  WHERE on_id = ?1 AND (?2 = 'finished' OR if_fails = 'run'
    OR (state <> 'held' AND NOT (${isPatient})))
  ORDER BY job_id LIMIT ${page}`;
const forget = "DELETE FROM dependencies WHERE job_id = ? AND on_id = ?";
const again = "INSERT INTO touched (job_id, outcome) VALUES (?, ?) ON CONFLICT DO NOTHING";

interface Dependant {
  readonly id: number;
  readonly ifFails: string;
}

/** Tells those who come after a job how it ended. */
export function tellDependants(room: Room, on: number, ending: Ending): void {
  const rows = room.sql(dependants).all(on, ending) as unknown as Dependant[];
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

const inVain = `SELECT on_id AS id, coalesce(jobs.state, 'discarded') AS ending
  FROM dependencies LEFT JOIN jobs ON jobs.id = on_id
  WHERE job_id = ? AND if_fails = 'fail'
    AND (jobs.id IS NULL OR state = 'failed' OR state = 'cancelled')
  ORDER BY on_id LIMIT 1`;

const waitsForPerson = `SELECT 1 FROM jobs WHERE id = ? AND ${isPatient}`;

/** For a job that was let go: what it waits for may have ended while it was held. */
export function settleWaiting(room: Room, id: number): void {
  const on = room.sql(inVain).get(id) as unknown as NonNullable<Waits["failed"]> | undefined;
  if (!on) letGo(room, id);
  else if (!room.sql(waitsForPerson).get(id)) failDependant(room, id, on);
}

const forgetAll = "DELETE FROM dependencies WHERE job_id = ?";
const fail = `UPDATE jobs SET state = 'failed', finished_at = ?, error = ?
  WHERE id = ? AND state = 'waiting'`;

/** Other jobs have no such row. */
const failCommand = "UPDATE commands SET ended_by = 'dependency', untold = '' WHERE job_id = ?";

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
  room.sql(failCommand).run(id);
  room.sql(fail).run(room.now, JSON.stringify(error), id);
}
