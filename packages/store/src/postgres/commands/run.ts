// What the process that runs commands asks and tells. Fences are looked at while the row of the job
// is locked, and rows are locked in the order of their ids, as everywhere. Claims and ends are part
// of a turn: see ../turn/commands.

import { StoreError } from "../../errors.ts";
import { jobStates } from "../../job.ts";
import { isOver } from "../../rules/commands/answers.ts";
import type {
  CommandJob,
  CommandProcess,
  QueuedCommand,
  RunnableCommand,
} from "../../store/command.ts";
import type { Touched } from "../../store/commands.ts";
import type { Held } from "../../turn.ts";
import type { Answer, Driver, Statement } from "../driver.ts";
import { heads } from "./heads.ts";
import { commandColumns, jobIn, toCommandJob } from "./rows.ts";

const allHeads = `SELECT head.id, wanted.name, head.slots
FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS wanted (name, most, number)
  CROSS JOIN LATERAL (
    ${heads}
  ) AS head
WHERE wanted.name NOT IN (SELECT name FROM queue_runtime.paused_queues)
ORDER BY wanted.number, head.priority, head.turn, head.id`;

export async function queued(
  driver: Driver,
  groups: readonly { readonly name: string; readonly limit: number }[],
): Promise<readonly QueuedCommand[]> {
  const wanted = groups.filter(({ limit }) => limit > 0);
  if (wanted.length === 0) return [];
  const values = [wanted.map(({ name }) => name), wanted.map(({ limit }) => Math.floor(limit))];
  const { rows } = await driver.query(allHeads, values);
  return (rows as [number, string, number][]).map(([id, group, slots]) => ({ id, group, slots }));
}

const these = (more: string): string => `SELECT ${commandColumns}${more}
FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, number)
  CROSS JOIN LATERAL (SELECT * FROM queue_runtime.commands WHERE job_id = wanted.id) AS command
  CROSS JOIN ${jobIn("wanted.id")}`;

const withEnvironment = `${these(", command.environment_id")} ORDER BY wanted.number`;
/** Many commands have the same one. */
const environments = `SELECT id, variables FROM queue_runtime.environments
  WHERE id = ANY (ARRAY(SELECT command.environment_id
    FROM unnest($1::bigint[]) AS wanted (id)
      CROSS JOIN LATERAL (SELECT * FROM queue_runtime.commands WHERE job_id = wanted.id) AS command))`;

type Environment = RunnableCommand["environment"];

/** To be sent one after the other; what they answer is for `toRunnable`. */
export function runnableStatements(ids: readonly number[]): readonly [Statement, Statement] {
  const wanted = [[...new Set(ids.filter(Number.isSafeInteger))]];
  return [
    [withEnvironment, wanted],
    [environments, wanted],
  ];
}

export function toRunnable([commands, variables]: readonly Answer[]): RunnableCommand[] {
  const known = new Map(variables!.rows as [number, Environment][]);
  return commands!.rows.flatMap((row) => {
    const { id, command } = toCommandJob(row);
    const environment = known.get((row as unknown[]).at(-1) as number);
    return environment ? [{ id, command, environment }] : [];
  });
}

const given = "unnest($1::bigint[], $2::integer[]) AS given (id, fence)";
const held = `held AS MATERIALIZED (
  SELECT job.id FROM queue_runtime.jobs AS job JOIN ${given}
    ON job.id = given.id AND job.fence = given.fence
  WHERE job.process_id IS NOT NULL ORDER BY job.id FOR NO KEY UPDATE OF job
)`;

const begin = `WITH ${held}
UPDATE queue_runtime.commands AS command SET pid = run.pid, start_ticks = run.ticks,
  boot_id = run.boot, host = run.host, slot = run.slot
FROM held JOIN unnest($1::bigint[], $3::integer[], $4::bigint[], $5::text[], $6::text[],
    $7::integer[]) AS run (id, pid, ticks, boot, host, slot) ON run.id = held.id
WHERE command.job_id = held.id RETURNING command.job_id`;

export async function began(
  driver: Driver,
  runs: readonly (Held & { readonly process: CommandProcess; readonly slot: number })[],
): Promise<readonly Held[]> {
  if (runs.length === 0) return [];
  const [answer] = await driver.write([
    [
      begin,
      [
        runs.map(({ id }) => id),
        runs.map(({ fence }) => fence),
        runs.map(({ process }) => process.pid),
        runs.map(({ process }) => process.startTicks),
        runs.map(({ process }) => process.bootId),
        runs.map(({ process }) => process.host),
        runs.map(({ slot }) => slot),
      ],
    ],
  ]);
  const taken = new Set((answer!.rows as [number][]).map(([id]) => id));
  return runs.filter(({ id }) => !taken.has(id)).map(({ id, fence }) => ({ id, fence }));
}

const touch = `WITH held AS MATERIALIZED (
  SELECT job.id FROM queue_runtime.jobs AS job
    JOIN unnest($1::bigint[], $2::integer[], $6::integer[], $7::bigint[], $8::text[])
      AS given (id, fence, pid, ticks, host) ON job.id = given.id
    JOIN queue_runtime.commands AS command ON command.job_id = job.id
  WHERE job.process_id IS NOT NULL AND (job.fence = given.fence OR (command.pid, command.host)
    = (given.pid, given.host) AND command.start_ticks = given.ticks)
  ORDER BY job.id FOR NO KEY UPDATE OF job
), asked AS (
  UPDATE queue_runtime.jobs AS job
  SET cancel_requested_at = coalesce(job.cancel_requested_at, queue_runtime.now_ms())
  FROM held WHERE job.id = held.id AND job.id = ANY ($5::bigint[])
)
UPDATE queue_runtime.commands AS command SET paused = run.paused, signals_sent = run.signals
FROM held JOIN unnest($1::bigint[], $3::boolean[], $4::json[]) AS run (id, paused, signals)
  ON run.id = held.id
WHERE command.job_id = held.id`;

export async function touched(driver: Driver, runs: readonly Touched[]): Promise<void> {
  if (runs.length === 0) return;
  const values = [
    runs.map(({ id }) => id),
    runs.map(({ fence }) => fence),
    runs.map(({ paused }) => paused),
    runs.map(({ signalsSent }) => JSON.stringify(signalsSent)),
    runs.filter(({ killed }) => killed).map(({ id }) => id),
    runs.map(({ process }) => process?.pid ?? null),
    runs.map(({ process }) => process?.startTicks ?? null),
    runs.map(({ process }) => process?.host ?? null),
  ];
  await driver.write([[touch, values]]);
}

/** Its row stays while jobs are given to it. */
const isRegistered = "SELECT FROM queue_runtime.processes WHERE id = $1 FOR KEY SHARE";
const take = `WITH held AS MATERIALIZED (
  SELECT id FROM queue_runtime.jobs
  WHERE process_id = $1 AND state = 'running' AND kind = 'command' ORDER BY id FOR UPDATE
)
UPDATE queue_runtime.jobs AS job SET process_id = $2, fence = job.fence + 1
FROM held WHERE job.id = held.id RETURNING job.id`;
const mark = `UPDATE queue_runtime.commands SET adopted = true WHERE job_id = ANY ($1::bigint[])`;
const byId = `${these("")} ORDER BY wanted.id`;

export function adopt(driver: Driver, from: number, to: number): Promise<readonly CommandJob[]> {
  return driver.transaction(async (run) => {
    if ((await run(isRegistered, [to])).count === 0)
      throw new StoreError("invalid", `process ${to} is not registered: it cannot adopt commands`);
    if (from === to) return [];
    const ids = ((await run(take, [from, to])).rows as [number][]).map(([id]) => id);
    if (ids.length === 0) return [];
    await run(mark, [ids]);
    return (await run(byId, [ids])).rows.map(toCommandJob);
  });
}

const open = jobStates
  .filter((state) => !isOver(state))
  .map((state) => `EXISTS (SELECT FROM queue_runtime.commands WHERE job_state = '${state}')`);
const anyOpen = `SELECT ${open.join(" OR ")}`;

export async function outstanding(driver: Driver): Promise<boolean> {
  return (await driver.value(anyOpen)) === true;
}
