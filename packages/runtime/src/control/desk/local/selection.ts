// Which commands a selection means, decided once, when an action begins: whatever is added or ends
// meanwhile is left alone.

import { setImmediate as nextRound } from "node:timers/promises";
import type { CommandQuery, JobState } from "@queue-runtime/store";
import type { Selection } from "../../desk.ts";
import { type Reach, requireGroup } from "./reach.ts";

/** Either ids, or whole groups. */
export type Chosen =
  | { readonly ids: readonly number[]; readonly groups: null }
  | { readonly ids: null; readonly groups: readonly string[] };

const idsAtOnce = 1_000;

/** @throws DeskError for a group that is not there */
export async function choose(reach: Reach, selection: Selection): Promise<Chosen> {
  if (selection.all) {
    const groups = await reach.store.commands.groupSettings();
    return { ids: null, groups: groups.map(({ name }) => name) };
  }
  if (selection.group === undefined && selection.ids !== undefined && selection.ids.length > 0) {
    return { ids: [...new Set(selection.ids)], groups: null };
  }
  const group = selection.group ?? "default";
  await requireGroup(reach, group);
  return { ids: null, groups: [group] };
}

/** Ids as they were given, or those of the groups that are in one of these states. */
export async function idsOf(
  reach: Reach,
  { ids, groups }: Chosen,
  states: readonly JobState[],
): Promise<readonly number[]> {
  return ids ?? (await findIds(reach, { groups, states }));
}

/** All that a query finds, ascending. */
export async function findIds(
  { store }: Reach,
  query: Pick<CommandQuery, "groups" | "states" | "paused">,
): Promise<readonly number[]> {
  const found: number[] = [];
  for (;;) {
    const beyond = found.at(-1) ?? 0;
    const page = await store.commands.list({ ...query, beyond, first: idsAtOnce });
    for (const { id } of page) found.push(id);
    if (page.length < idsAtOnce) return found;
    await nextRound();
  }
}
