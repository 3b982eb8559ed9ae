// Why a command is not running, beside what is true of any job: its lock, and the slots of its
// group.

import type { Reason } from "../../../flow.ts";
import { type GroupState, mostAhead } from "../../../rules/why.ts";
import { heads } from "../../commands/heads.ts";
import type { Run } from "../../driver.ts";

const lock = `SELECT locked_until FROM queue_runtime.commands
  WHERE job_id = $1 AND locked_until > queue_runtime.now_ms()`;

export async function lockOf(run: Run, id: number): Promise<readonly Reason[]> {
  const [row] = (await run(lock, [id])).rows as [number][];
  return row ? [{ why: "locked", until: row[0] }] : [];
}

const state = `SELECT
  coalesce((SELECT slots FROM queue_runtime.command_groups WHERE name = $2::text), 1),
  coalesce((SELECT sum(slots)::bigint FROM queue_runtime.commands
    WHERE group_name = $2 AND job_state = 'running'), 0),
  coalesce((SELECT slots FROM queue_runtime.commands WHERE job_id = $1::bigint), 1),
  before.ahead, before.wanted
FROM (
  SELECT count(*) AS ahead, coalesce(sum(head.slots), 0)::bigint AS wanted
  FROM (SELECT $2::text AS name, ${mostAhead}::bigint AS most) AS wanted
    CROSS JOIN LATERAL (${heads}) AS head
  WHERE (head.priority, head.turn) < ($3::bigint, $4::bigint)
) AS before`;

interface Ready {
  readonly id: number;
  readonly queue: string;
  readonly priority: number;
  readonly turn: number;
}

type StateRow = [slots: number, taken: number, own: number, ahead: number, wanted: number];

/** Of a ready command. */
export async function groupOf(run: Run, job: Ready): Promise<GroupState> {
  const { id, queue: group, priority, turn } = job;
  const { rows } = await run(state, [id, group, priority, turn]);
  const [slots, taken, own, ahead, wanted] = rows[0] as StateRow;
  return { group, slots, taken, ahead, wanted: wanted + own };
}
