// Starting over: everything in some groups is ended and removed, and they run again. The ends are
// heard of, not asked for.

import { type JobState, StoreError } from "@queue-runtime/store";
import type { Answer } from "../../desk.ts";
import type { LiveCommands } from "../../live-commands.ts";
import { lateOnes, onceStarted } from "./late.ts";
import { type Reach, requireGroup } from "./reach.ts";
import { findIds } from "./selection.ts";
import { remove } from "./waiting.ts";

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
  try {
    for (const group of groups) await store.queues.pause(group);
    if (live) await endAll(reach, live, groups);
    const answers = await removeAll(reach, groups);
    for (const group of groups) await store.queues.resume(group);
    live?.look();
    return answers;
  } catch (error) {
    throw halfDone(error, groups);
  }
}

/** They stay paused: what is left in them was to be deleted, and must not begin instead. */
function halfDone(error: unknown, groups: readonly string[]): unknown {
  if (!(error instanceof StoreError)) return error;
  const names = groups.join(",");
  const sentence =
    `${error.message}; the reset is half done, and has left groups paused: ` +
    `\`runtime reset --groups ${names}\` does the rest, ` +
    "`runtime resume --group NAME` lets one go on instead";
  return new StoreError(error.code, sentence, { cause: error });
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

/** All that is there, whatever its state. */
async function removeAll(reach: Reach, groups: readonly string[]): Promise<readonly Answer[]> {
  const states: readonly JobState[] = [
    ...(["held", "waiting", "scheduled", "blocked", "ready", "running"] as const),
    ...(["finished", "failed", "cancelled"] as const),
  ];
  return await remove(reach, await findIds(reach, { groups, states }));
}
