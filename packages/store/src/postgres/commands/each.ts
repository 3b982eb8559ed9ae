// One answer per id, in the order asked. The rows of their jobs are locked first, in the order of
// the ids; then it is decided for all of them in one transaction, with whatever follows for other
// jobs. An id that is asked for twice is answered as the first left it, in another round.

import { type CommandAnswer, done, type Standing } from "../../rules/commands/answers.ts";
import type { CommandAction } from "../../store/command.ts";
import type { Driver, Run } from "../driver.ts";
import { change } from "../flow/reconcile.ts";
import type { Announcer } from "../watch/announce.ts";

/** A command whose rows are locked. */
export interface Known extends Standing {
  readonly id: number;
  /** What ties it to other jobs, see ../migrations/2-flow/links.ts. */
  readonly linked: number;
  readonly environmentId: number;
}

export interface Deed {
  readonly answer: CommandAnswer;
  /** What is done to those that are not refused; answers those that it refuses all the same. */
  readonly act: (
    run: Run,
    known: readonly Known[],
  ) => Promise<readonly CommandAction[] | undefined>;
  /** What has to be locked beside what they wait for: also the jobs that come after them. */
  readonly locks?: "followers";
}

/** A connection to the store, and who hears of what it does. */
export interface Acting {
  readonly driver: Driver;
  readonly announcer: Announcer;
}

export async function each(
  acting: Acting,
  ids: readonly number[],
  deed: Deed,
): Promise<readonly CommandAction[]> {
  const answers = new Map<number, CommandAction>();
  for (const places of rounds(ids)) {
    let open = places;
    while (open.length > 0) {
      const wanted = open.map((place) => ids[place]!);
      const found = await change(acting, (run) => actOn(run, wanted, deed), wanted.length > 500);
      for (const [n, place] of open.entries()) {
        const answer = found.get(wanted[n]!);
        if (answer) answers.set(place, answer);
      }
      open = open.filter((place) => !answers.has(place));
    }
  }
  return ids.map((_, place) => answers.get(place)!);
}

/** Places in the list: the first of each id, then the second of those that come twice, … */
export function rounds(ids: readonly number[]): readonly (readonly number[])[] {
  const seen = new Map<number, number>();
  const all: number[][] = [];
  for (const [place, id] of ids.entries()) {
    const round = seen.get(id) ?? 0;
    seen.set(id, round + 1);
    all[round] ??= [];
    all[round].push(place);
  }
  return all;
}

/** Without those that were just moving from one table to the other: they are asked for again. */
async function actOn(
  run: Run,
  ids: readonly number[],
  { answer, act, locks: how }: Deed,
): Promise<ReadonlyMap<number, CommandAction>> {
  const { known, moving } = await lockAll(run, ids, how);
  const answers = new Map<number, CommandAction>();
  const free: Known[] = [];
  for (const id of ids) {
    if (moving.has(id)) continue;
    const standing = known.get(id);
    const refusal = answer(id, standing);
    answers.set(id, refusal ?? done(id));
    if (!refusal) free.push(standing!);
  }
  if (free.length > 0) for (const no of (await act(run, free)) ?? []) answers.set(no.id, no);
  return answers;
}

/**
 * Who begins to wait has locked those it comes after: one that ends just now then tells it, or is
 * seen to have ended. Who waits for one of these may look at it meanwhile, as nobody deletes it.
 */
const live = (ids: string, how: string): string =>
  `SELECT id FROM queue_runtime.jobs WHERE id = ANY (${ids}) ORDER BY id FOR ${how}`;
const asked = "$1::bigint[]";
type Lock = "themselves" | "followers" | "removal";
const locks: Readonly<Record<Lock, string>> = {
  themselves: live(
    `array(SELECT * FROM unnest(${asked})
      UNION SELECT on_id FROM queue_runtime.dependencies WHERE job_id = ANY (${asked}))`,
    "NO KEY UPDATE",
  ),
  followers: live(
    `array(WITH known AS MATERIALIZED (SELECT * FROM unnest(${asked}) AS each (id)
        UNION SELECT job_id FROM queue_runtime.command_after WHERE on_id = ANY (${asked}))
      SELECT id FROM known
      UNION SELECT on_id FROM queue_runtime.command_after
      WHERE job_id = ANY (array(SELECT id FROM known)))`,
    "NO KEY UPDATE",
  ),
  /** They are to be deleted. */
  removal: live(asked, "UPDATE"),
};
const lockEnded = `SELECT id FROM queue_runtime.ended_jobs WHERE id = ANY (${asked})
  ORDER BY id FOR UPDATE`;

/** Nobody changes a command without the lock of its job. */
const standings = `SELECT job_id, job.state, lock_owner,
    coalesce(locked_until > queue_runtime.now_ms(), false), job.linked, environment_id
  FROM queue_runtime.commands AS command CROSS JOIN LATERAL (
    SELECT state, linked FROM queue_runtime.jobs WHERE id = job_id
    UNION ALL SELECT state, linked FROM queue_runtime.ended_jobs WHERE id = job_id) AS job
  WHERE job_id = ANY ($1::bigint[]) ORDER BY job_id`;

type StandingRow = [
  id: number,
  state: Known["state"],
  lockOwner: string | null,
  locked: boolean,
  linked: number,
  environmentId: number,
];

export interface Locked {
  readonly known: ReadonlyMap<number, Known>;
  /** Somebody moved their jobs while they were being locked. */
  readonly moving: ReadonlySet<number>;
}

export async function lockAll(
  run: Run,
  ids: readonly number[],
  how: Lock = "themselves",
): Promise<Locked> {
  const wanted = ids.filter(Number.isSafeInteger);
  const locked = new Set<number>();
  for (const text of [locks[how], lockEnded])
    for (const [id] of (await run(text, [wanted])).rows as [number][]) locked.add(id);
  const known = new Map<number, Known>();
  const moving = new Set<number>();
  for (const row of (await run(standings, [wanted])).rows as StandingRow[]) {
    const [id, state, lockOwner, isLocked, linked, environmentId] = row;
    if (!locked.has(id)) moving.add(id);
    known.set(id, { id, state, lockOwner, locked: isLocked, linked, environmentId });
  }
  return { known, moving };
}
