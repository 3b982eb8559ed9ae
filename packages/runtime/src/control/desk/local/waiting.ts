// What people do to commands that do not run: only the store is asked.

import { type JobState, systemClock } from "@queue-runtime/store";
import type { Answer, Selection } from "../../desk.ts";
import { deleteOutput } from "../../output/files.ts";
import { DeskError } from "../desk-error.ts";
import { momentOf } from "./add.ts";
import { inParts } from "./parts.ts";
import { inOrder, named, type Reach, requireGroup } from "./reach.ts";
import { choose, findIds, idsOf } from "./selection.ts";

interface Later {
  readonly delay_ms?: number;
  readonly at?: string;
}

export async function stash(
  reach: Reach,
  selection: Selection,
  later: Later,
): Promise<readonly Answer[]> {
  const delayMs = await delayOf(reach, later);
  const chosen = await choose(reach, selection);
  const ids = await idsOf(reach, chosen, ["ready", "waiting", "blocked"]);
  const { commands } = reach.store;
  const outcome = delayMs === null ? "stashed" : "scheduled";
  return await inTurns(ids, outcome, (some) => commands.stash(some, { delayMs }));
}

export async function enqueue(
  reach: Reach,
  selection: Selection,
  later: Later,
): Promise<readonly Answer[]> {
  const delayMs = await delayOf(reach, later);
  const chosen = await choose(reach, selection);
  const ids = await idsOf(reach, chosen, ["held", "scheduled"]);
  const { commands } = reach.store;
  const outcome = delayMs === null ? "enqueued" : "scheduled";
  const answers = await inTurns(ids, outcome, (some) => commands.letGo(some, { delayMs }));
  reach.live?.look();
  return answers;
}

/** From the newest on: what comes after others goes before them. */
export async function remove(reach: Reach, ids: readonly number[]): Promise<readonly Answer[]> {
  const { commands } = reach.store;
  const newestFirst = [...new Set(ids)].sort((a, b) => b - a);
  const answers = await inTurns(newestFirst, "removed", (some) => commands.remove(some));
  await deleteOutputs(reach, answers);
  return inOrder(ids, answers);
}

/** Those that somebody still waits for are left, and not spoken of. */
export async function clean(
  reach: Reach,
  options: { readonly group?: string; readonly successful_only?: boolean },
): Promise<readonly Answer[]> {
  const { group, successful_only: successful } = options;
  if (group !== undefined) await requireGroup(reach, group);
  const states: JobState[] = successful ? ["finished"] : ["finished", "failed", "cancelled"];
  const ids = await findIds(reach, { states, ...(group !== undefined && { groups: [group] }) });
  const { commands } = reach.store;
  const answers = await inTurns(ids, "removed", (some) => commands.remove(some));
  const removed = answers.filter(({ outcome }) => outcome === "removed");
  await deleteOutputs(reach, removed);
  return removed;
}

export async function swap(
  { store, live }: Reach,
  one: number,
  other: number,
): Promise<readonly Answer[]> {
  if (one === other) throw new DeskError("invalid", "a command cannot change places with itself");
  const answers = named(await store.commands.swap(one, other), "swapped");
  live?.look();
  return answers;
}

export async function deleteOutputs({ folder }: Reach, answers: readonly Answer[]): Promise<void> {
  if (folder === null) return;
  const gone = answers.filter(({ outcome }) => outcome === "removed");
  await deleteOutput(
    folder,
    gone.map(({ id }) => id),
  );
}

type Actions = Awaited<ReturnType<Reach["store"]["commands"]["remove"]>>;

async function inTurns(
  ids: readonly number[],
  outcome: string,
  act: (some: readonly number[]) => Promise<Actions>,
): Promise<readonly Answer[]> {
  return named(await inParts(ids, act), outcome);
}

/** null: at once. @throws DeskError */
async function delayOf({ store }: Reach, later: Later): Promise<number | null> {
  const { delay_ms: delayMs, at } = later;
  if (delayMs !== undefined && at !== undefined) {
    throw new DeskError("invalid", "give delay_ms or at, not both");
  }
  if (delayMs !== undefined && delayMs < 0) {
    throw new DeskError("invalid", "a delay is at least 0");
  }
  if (at === undefined) return delayMs ?? null;
  const now = store.shared ? await store.recurring.now() : systemClock.now();
  return Math.max(0, momentOf(at) - now);
}
