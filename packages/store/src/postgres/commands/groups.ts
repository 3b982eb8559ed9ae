// Groups of commands: queues that have a number of slots, which the runtime counts.

import type { JobState } from "../../job.ts";
import { answerRemoveGroup, checkGroup, checkNewGroup } from "../../rules/commands/groups.ts";
import type { CommandGroup, CommandGroupSettings, GroupSettings } from "../../store/command.ts";
import type { Commands } from "../../store/commands.ts";
import type { Driver, Run } from "../driver.ts";
import { takeUp } from "../flow/reconcile.ts";
import type { Announcer } from "../watch/announce.ts";

const all = `SELECT name, slots, pause_on_failure,
    EXISTS (SELECT FROM queue_runtime.paused_queues AS pause WHERE pause.name = command_groups.name)
  FROM queue_runtime.command_groups ORDER BY name`;

type GroupRow = [name: string, slots: number, pauseOnFailure: boolean, paused: boolean];

export async function groupSettings(driver: Driver): Promise<readonly CommandGroupSettings[]> {
  return (await driver.query(all)).rows.map(toSettings);
}

function toSettings(row: unknown): CommandGroupSettings {
  const [name, slots, pauseOnFailure, paused] = row as GroupRow;
  return { name, slots, pauseOnFailure, paused };
}

const counts = `SELECT group_name, job_state, count(*) FROM queue_runtime.commands
  GROUP BY group_name, job_state`;

export async function groups(driver: Driver): Promise<readonly CommandGroup[]> {
  const counted = await driver.recall(counts);
  const jobs = new Map<string, Partial<Record<JobState, number>>>();
  for (const [group, state, count] of counted.rows as [string, JobState, number][])
    jobs.set(group, { ...jobs.get(group), [state]: count });
  const settings = await groupSettings(driver);
  return settings.map((group) => ({ ...group, jobs: jobs.get(group.name) ?? {} }));
}

const add = `INSERT INTO queue_runtime.command_groups (name, slots, pause_on_failure)
  VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`;

export async function addGroup(
  driver: Driver,
  name: string,
  settings: GroupSettings,
): Promise<boolean> {
  const { slots = 1, pauseOnFailure = false } = checkNewGroup(name, settings);
  const [answer] = await driver.write([[add, [name, slots, pauseOnFailure]]]);
  return answer!.count === 1;
}

const set = `UPDATE queue_runtime.command_groups SET slots = coalesce($2::integer, slots),
  pause_on_failure = coalesce($3::boolean, pause_on_failure) WHERE name = $1`;

export async function setGroup(
  driver: Driver,
  name: string,
  settings: GroupSettings,
): Promise<boolean> {
  const { slots = null, pauseOnFailure = null } = checkGroup(name, settings);
  const [answer] = await driver.write([[set, [name, slots, pauseOnFailure]]]);
  return answer!.count === 1;
}

type Removal = Awaited<ReturnType<Commands["removeGroup"]>>;

/** Whoever is just adding a command to it has it locked, and is waited for. */
const lock = "SELECT FROM queue_runtime.command_groups WHERE name = $1 FOR UPDATE";
const size = "SELECT count(*) FROM queue_runtime.commands WHERE group_name = $1";
const remove = "DELETE FROM queue_runtime.command_groups WHERE name = $1";
/** Its pause goes as well, unless it is the pause of other jobs too. */
const resume = `DELETE FROM queue_runtime.paused_queues WHERE name = $1
  AND NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE queue = $1)`;

export async function removeGroup(
  driver: Driver,
  announcer: Announcer,
  name: string,
): Promise<Removal> {
  const answer = await driver.transaction((run) => removeIn(run, name));
  if (answer.outcome === "done") await takeUp(driver, announcer);
  return answer;
}

async function removeIn(run: Run, name: string): Promise<Removal> {
  const isThere = (await run(lock, [name])).count > 0;
  const [[count] = [0]] = (await run(size, [name])).rows as [number][];
  const answer = answerRemoveGroup(name, isThere ? count : undefined);
  if (answer) return answer;
  await run(remove, [name]);
  await run(resume, [name]);
  return { outcome: "done" };
}
