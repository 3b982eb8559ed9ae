// Commands that were claimed and have no process yet. For a few milliseconds nothing can be done to
// them, and a person who pauses or kills a group means them, too.

import type { LiveCommands } from "../../live-commands.ts";
import type { Reach } from "./reach.ts";

/** From the claim to the process; longer only where the machine can start nothing more. */
const patienceMs = 250;

/** Of groups. */
export async function lateOnes(
  { store, live }: Reach,
  groups: readonly string[] | null,
): Promise<readonly number[]> {
  if (live === null || groups === null) return [];
  const running = await store.commands.list({ groups, states: ["running"] });
  const here = live.running();
  const late = running.filter(({ id, command }) => command.process === null && !here.has(id));
  return late.map(({ id }) => id);
}

/** Those that have a process by now, or get one in a moment. */
export async function onceStarted(
  live: LiveCommands,
  ids: readonly number[],
): Promise<readonly number[]> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (ids.every((id) => live.running().has(id))) resolve();
  };
  const stop = live.subscribe(look);
  const timer = setTimeout(resolve, patienceMs);
  look();
  await promise;
  clearTimeout(timer);
  stop();
  return ids.filter((id) => live.running().has(id));
}
