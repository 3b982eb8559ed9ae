// Starting over: everything in some groups is ended and removed, and they run again. The ends are
// heard of, not asked for.

import type { JobState } from "@queue-runtime/store";
import type { Answer } from "../../desk.ts";
import type { LiveCommands } from "../../live-commands.ts";
import { lateOnes, onceStarted } from "./late.ts";
import { inParts } from "./parts.ts";
import { named, type Reach, requireGroup } from "./reach.ts";
import { findIds } from "./selection.ts";
import { deleteOutputs } from "./waiting.ts";

/** Longer than any process takes to die of KILL, unless the kernel holds it. */
const patienceMs = 30_000;
/** Another runtime of this host may run some of them, and not let go. */
const mostRounds = 4;

export async function reset(
  reach: Reach,
  options: { readonly groups?: readonly string[] },
): Promise<readonly Answer[]> {
  const { store, live } = reach;
  const groups = await chosenGroups(reach, options.groups);
  for (const group of groups) await store.queues.pause(group);
  if (live) await endAll(reach, live, groups);
  const answers = await removeAll(reach, groups);
  for (const group of groups) await store.queues.resume(group);
  live?.look();
  return answers;
}

async function chosenGroups(
  reach: Reach,
  asked: readonly string[] = [],
): Promise<readonly string[]> {
  for (const group of asked) await requireGroup(reach, group);
  if (asked.length > 0) return [...new Set(asked)];
  return (await reach.store.commands.groupSettings()).map(({ name }) => name);
}

/** Until nothing runs in the groups; also what was claimed just before they were paused. */
async function endAll(reach: Reach, live: LiveCommands, groups: readonly string[]): Promise<void> {
  for (let round = 0; round < mostRounds; round++) {
    await endKnown(live, groups);
    const late = await lateOnes(reach, groups, []);
    if (late.length === 0) return;
    await onceStarted(live, late);
  }
}

/** Resolves when none of those that are known runs, or the patience is over. */
async function endKnown(live: LiveCommands, groups: readonly string[]): Promise<void> {
  const over = Promise.withResolvers<void>();
  const ours = () => [...live.running().values()].filter(({ group }) => groups.includes(group));
  const look = (): void => {
    if (ours().length === 0) over.resolve();
  };
  const stop = live.subscribe((event) => {
    // one that was claimed just before the group was paused
    if (event.type === "started" && groups.includes(event.command.group)) {
      live.kill([event.command.id]);
    }
    if (event.type === "ended") look();
  });
  const timer = setTimeout(over.resolve, patienceMs);
  live.kill(ours().map(({ id }) => id));
  look();
  await over.promise;
  clearTimeout(timer);
  stop();
  await live.stored();
}

/** From the newest on: what depends on others goes before them. */
async function removeAll(reach: Reach, groups: readonly string[]): Promise<readonly Answer[]> {
  const states: readonly JobState[] = [
    ...(["held", "waiting", "scheduled", "blocked", "ready", "running"] as const),
    ...(["finished", "failed", "cancelled"] as const),
  ];
  const ids = [...(await findIds(reach, { groups, states }))].reverse();
  const removed = await inParts(ids, (some) => reach.store.commands.remove(some));
  const answers = named(removed, "removed");
  await deleteOutputs(reach, answers);
  return answers.toReversed();
}
