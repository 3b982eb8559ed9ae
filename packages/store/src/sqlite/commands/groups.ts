// Groups of commands: queues that have a number of slots, which the runtime counts.

import type { JobState } from "../../job.ts";
import { answerRemoveGroup, checkGroup, checkNewGroup } from "../../rules/commands/groups.ts";
import type { CommandGroup, CommandGroupSettings, GroupSettings } from "../../store/command.ts";
import type { Commands } from "../../store/commands.ts";
import type { Driver } from "../driver.ts";
import { jobsOf } from "../flow/regate.ts";
import type { Row } from "../rows.ts";

const all = `SELECT name, slots, pause_on_failure AS pauseOnFailure,
    EXISTS (SELECT 1 FROM paused_queues WHERE paused_queues.name = command_groups.name) AS paused
  FROM command_groups ORDER BY name`;

export function groupSettings(driver: Driver): readonly CommandGroupSettings[] {
  return driver.sql(all).all().map(toSettings);
}

function toSettings(row: Row): CommandGroupSettings {
  return {
    name: row.name as string,
    slots: row.slots as number,
    pauseOnFailure: row.pauseOnFailure === 1,
    paused: row.paused === 1,
  };
}

const counts = `SELECT group_name, job_state, count(*) FROM commands INDEXED BY commands_by_group
  GROUP BY group_name, job_state`;

export function groups(driver: Driver): readonly CommandGroup[] {
  const jobs = new Map<string, Partial<Record<JobState, number>>>();
  const rows = driver.recall(counts) as readonly [string, JobState, number][];
  for (const [group, state, count] of rows) jobs.set(group, { ...jobs.get(group), [state]: count });
  return groupSettings(driver).map((group) => ({ ...group, jobs: jobs.get(group.name) ?? {} }));
}

const add = `INSERT INTO command_groups (name, slots, pause_on_failure) VALUES (?, ?, ?)
  ON CONFLICT DO NOTHING`;

export async function addGroup(
  driver: Driver,
  name: string,
  settings: GroupSettings,
): Promise<boolean> {
  const { slots = 1, pauseOnFailure = false } = checkNewGroup(name, settings);
  const write = (): boolean =>
    driver.sql(add).run(name, slots, Number(pauseOnFailure)).changes === 1;
  return driver.write(write, "full");
}

const set = `UPDATE command_groups SET slots = coalesce(?2, slots),
  pause_on_failure = coalesce(?3, pause_on_failure) WHERE name = ?1`;

export async function setGroup(
  driver: Driver,
  name: string,
  settings: GroupSettings,
): Promise<boolean> {
  const { slots, pauseOnFailure } = checkGroup(name, settings);
  const pauses = pauseOnFailure === undefined ? null : Number(pauseOnFailure);
  return driver.write(() => driver.sql(set).run(name, slots ?? null, pauses).changes === 1, "full");
}

const exists = "SELECT 1 FROM command_groups WHERE name = ?";
const size = `SELECT count(*) FROM commands INDEXED BY commands_by_group WHERE group_name = ?`;
const remove = "DELETE FROM command_groups WHERE name = ?";
const resume = "DELETE FROM paused_queues WHERE name = ?";

export function removeGroup(
  driver: Driver,
  name: string,
): Awaited<ReturnType<Commands["removeGroup"]>> {
  const known = driver.value(exists, name) !== undefined;
  const commands = known ? (driver.value(size, name) as number) : undefined;
  const answer = answerRemoveGroup(name, commands);
  if (answer) return answer;
  driver.sql(remove).run(name);
  // Its pause goes as well, unless it is the pause of other jobs too.
  if (jobsOf(driver, name).length === 0) driver.sql(resume).run(name);
  return { outcome: "done" };
}
