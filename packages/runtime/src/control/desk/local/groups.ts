// Groups of commands: queues with a number of slots.

import type { GroupSettings } from "@queue-runtime/store";
import type { GroupRow } from "../../desk.ts";
import { groupRow } from "../../rows/command-row.ts";
import { DeskError } from "../desk-error.ts";
import { type Reach, requireGroup } from "./reach.ts";

interface Options {
  readonly slots?: number;
  readonly pause_on_failure?: boolean;
}

export async function groups({ store }: Reach): Promise<readonly GroupRow[]> {
  return (await store.commands.groups()).map(groupRow);
}

export async function addGroup({ store }: Reach, name: string, options: Options): Promise<void> {
  if (await store.commands.addGroup(name, settingsOf(options))) return;
  throw new DeskError("conflict", `there is a group ${JSON.stringify(name)} already`);
}

export async function setGroup(reach: Reach, name: string, options: Options): Promise<void> {
  const there = await reach.store.commands.setGroup(name, settingsOf(options));
  if (!there) await requireGroup(reach, name);
  reach.live?.look();
}

export async function removeGroup(reach: Reach, name: string): Promise<void> {
  const { outcome, error } = await reach.store.commands.removeGroup(name);
  if (outcome === "unknown") await requireGroup(reach, name);
  if (outcome === "refused") {
    throw new DeskError("conflict", error ?? `the group ${JSON.stringify(name)} is in use`);
  }
}

function settingsOf({ slots, pause_on_failure: pauseOnFailure }: Options): GroupSettings {
  return {
    ...(slots !== undefined && { slots }),
    ...(pauseOnFailure !== undefined && { pauseOnFailure }),
  };
}
