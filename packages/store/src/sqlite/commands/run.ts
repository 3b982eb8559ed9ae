// What the process that runs commands asks and tells. Fences are looked at in the statement that
// writes, as everywhere.

import { StoreError } from "../../errors.ts";
import type {
  CommandEnd,
  CommandJob,
  CommandProcess,
  QueuedCommand,
  RunnableCommand,
} from "../../store/command.ts";
import type { Touched } from "../../store/commands.ts";
import type { Held, Settlement } from "../../turn.ts";
import type { Driver } from "../driver.ts";
import { turn } from "../migrations/2-flow.ts";
import { ready } from "../turn/lanes.ts";
import { commandColumns, toCommandJob } from "./rows.ts";

const isPaused = "SELECT 1 FROM paused_queues WHERE name = ?";
/** Locked ones are few, and passed over. */
const heads = `SELECT jobs.id, commands.slots
  FROM jobs INDEXED BY ${ready.index} CROSS JOIN commands ON commands.job_id = jobs.id
  WHERE ${ready.where} AND queue = ? AND name = 'command'
    AND (locked_until IS NULL OR locked_until <= ?)
  ORDER BY priority, ${turn} LIMIT 0 + ?`;

export function queued(
  driver: Driver,
  groups: readonly { readonly name: string; readonly limit: number }[],
): readonly QueuedCommand[] {
  const now = driver.now();
  return groups.flatMap(({ name: group, limit }) => {
    if (limit <= 0 || driver.value(isPaused, group) !== undefined) return [];
    const rows = driver.tuples(heads).all(group, now, limit) as unknown as [number, number][];
    return rows.map(([id, slots]) => ({ id, group, slots }));
  });
}

const wanted = "(SELECT value FROM json_each(?)) AS wanted";
const withEnvironment = `SELECT ${commandColumns}, variables FROM ${wanted}
  CROSS JOIN jobs ON jobs.id = wanted.value
  CROSS JOIN commands ON commands.job_id = jobs.id
  CROSS JOIN environments ON environments.id = environment_id`;

export function runnable(driver: Driver, ids: readonly number[]): readonly RunnableCommand[] {
  const now = driver.now();
  // Many have the same one.
  const parsed = new Map<string, Readonly<Record<string, string>>>();
  const environmentOf = (json: string): Readonly<Record<string, string>> => {
    const known = parsed.get(json) ?? (JSON.parse(json) as Record<string, string>);
    parsed.set(json, known);
    return known;
  };
  const rows = driver.tuples(withEnvironment).all(JSON.stringify(ids)) as unknown as unknown[][];
  return rows.map((row) => {
    const { id, command } = toCommandJob(row, now);
    return { id, command, environment: environmentOf(row.at(-1) as string) };
  });
}

const holds = `EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND fence = :fence
    AND state = 'running')`;
const begin = `UPDATE commands SET pid = :pid, start_ticks = :startTicks, boot_id = :bootId,
    host = :host, slot = :slot WHERE job_id = :id AND ${holds}`;

export function began(
  driver: Driver,
  runs: readonly (Held & { readonly process: CommandProcess; readonly slot: number })[],
): readonly Held[] {
  const refused = runs.filter(({ id, fence, process, slot }) => {
    const { pid, startTicks, bootId, host } = process;
    const values = { id, fence, pid, startTicks, bootId, host, slot };
    return driver.sql(begin).run(values).changes === 0;
  });
  return refused.map(({ id, fence }) => ({ id, fence }));
}

const touch = `UPDATE commands SET paused = :paused, signals_sent = :signals
  WHERE job_id = :id AND EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND state = 'running'
    AND (fence = :fence OR (pid = :pid AND start_ticks = :ticks AND host = :host)))`;

const request = `UPDATE jobs SET cancel_requested_at = :now
  WHERE id = :id AND cancel_requested_at IS NULL`;

export function touched(driver: Driver, runs: readonly Touched[]): void {
  const now = driver.now();
  for (const { id, fence, process, paused, signalsSent, killed } of runs) {
    const { pid = null, startTicks: ticks = null, host = null } = process ?? {};
    const deeds = { paused: Number(paused), signals: JSON.stringify(signalsSent) };
    const { changes } = driver.sql(touch).run({ id, fence, pid, ticks, host, ...deeds });
    if (killed && changes > 0) driver.sql(request).run({ id, now });
  }
}

const isRegistered = "SELECT 1 FROM processes WHERE id = ?";
const heldBy = `SELECT id FROM jobs INDEXED BY jobs_running
  WHERE process_id = ? AND kind = 'command' ORDER BY id`;
const take = `UPDATE jobs SET process_id = ?, fence = fence + 1
  WHERE id IN (SELECT value FROM json_each(?))`;
const mark = "UPDATE commands SET adopted = 1 WHERE job_id IN (SELECT value FROM json_each(?))";
const these = `SELECT ${commandColumns} FROM ${wanted}
  CROSS JOIN jobs ON jobs.id = wanted.value CROSS JOIN commands ON commands.job_id = jobs.id`;

export function adopt(driver: Driver, from: number, to: number): readonly CommandJob[] {
  if (driver.value(isRegistered, to) === undefined)
    throw new StoreError("invalid", `process ${to} is not registered: it cannot adopt commands`);
  if (from === to) return [];
  const rows = driver.tuples(heldBy).all(from) as unknown as [number][];
  const ids = JSON.stringify(rows.flat());
  driver.sql(take).run(to, ids);
  driver.sql(mark).run(ids);
  const now = driver.now();
  return driver
    .tuples(these)
    .all(ids)
    .map((row) => toCommandJob(row, now));
}

const open = ["ready", "running", "scheduled", "waiting", "blocked", "held"].map(
  (state) => `EXISTS (SELECT 1 FROM commands INDEXED BY commands_by_state
    WHERE job_state = '${state}')`,
);
const anyOpen = `SELECT ${open.join(" OR ")}`;

export function outstanding(driver: Driver): boolean {
  return driver.value(anyOpen) === 1;
}

const forget = `UPDATE commands SET pid = NULL, start_ticks = NULL, boot_id = NULL, host = NULL,
    slot = NULL, paused = 0, adopted = 0, exit_code = NULL, signal = NULL, ended_by = NULL,
    signals_sent = '[]', untold = NULL
  WHERE job_id IN (SELECT value FROM json_each(?))`;

/** For those that begin a run: what is known is of the last one. Other jobs may be among them. */
export function forgetRuns(driver: Driver, ids: string): void {
  driver.sql(forget).run(ids);
}

const end = `UPDATE commands SET exit_code = ?, signal = ?, ended_by = ?, signals_sent = ?,
    untold = ?
  WHERE job_id = ?`;

/** Of a run whose settlement was just taken. */
export function keepEnd(
  driver: Driver,
  { id, untold = null }: Pick<Settlement, "id"> & { readonly untold?: string | null },
  { exitCode, signal, endedBy, signalsSent }: CommandEnd,
): void {
  driver.sql(end).run(exitCode, signal, endedBy, JSON.stringify(signalsSent), untold, id);
}
