// Why a command is not running, beside what is true of any job: its lock, and the slots of its
// group.

import type { Reason } from "../../../flow.ts";
import type { Job } from "../../../job.ts";
import { type GroupState, mostAhead } from "../../../rules/why.ts";
import type { Driver } from "../../driver.ts";
import { turn } from "../../migrations/2-flow.ts";
import { ready } from "../../turn/lanes.ts";

const lock = "SELECT locked_until FROM commands WHERE job_id = ? AND locked_until > ?";

export function lockOf(driver: Driver, { id }: Job): readonly Reason[] {
  const until = driver.value(lock, id, driver.now()) as number | undefined;
  return until === undefined ? [] : [{ why: "locked", until }];
}

const taken = `SELECT coalesce(sum(slots), 0) FROM commands INDEXED BY commands_by_group
  WHERE group_name = ? AND job_state = 'running'`;
const before = `SELECT count(*), coalesce(sum(slots), 0) FROM (
  SELECT commands.slots FROM jobs INDEXED BY ${ready.index}
  CROSS JOIN commands ON commands.job_id = jobs.id
  WHERE ${ready.where} AND queue = :queue AND name = 'command'
    AND (locked_until IS NULL OR locked_until <= :now) AND (priority < :priority
      OR (priority = :priority AND ${turn} < (SELECT ${turn} FROM jobs WHERE id = :id)))
  ORDER BY priority, ${turn} LIMIT ${mostAhead})`;
const own = "SELECT slots FROM commands WHERE job_id = ?";
const slotsOf = "SELECT slots FROM command_groups WHERE name = ?";

/** Of a ready command. */
export function groupOf(driver: Driver, { id, queue, priority }: Job): GroupState {
  const values = { id, queue, priority, now: driver.now() };
  const [ahead, wanted] = driver.tuples(before).get(values) as unknown as [number, number];
  return {
    group: queue,
    slots: driver.value(slotsOf, queue) as number,
    taken: driver.value(taken, queue) as number,
    ahead,
    wanted: wanted + (driver.value(own, id) as number),
  };
}
