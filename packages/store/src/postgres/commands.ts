// Commands in a PostgreSQL database: what is asked about them, by those who run them and by people.
// How they are claimed and settled is in turn/, how they are enqueued in flow/: they are jobs.

import { StoreError } from "../errors.ts";
import type { Commands } from "../store/commands.ts";
import { addGroup, groupSettings, groups, removeGroup, setGroup } from "./commands/groups.ts";
import { adopt, began, outstanding, queued, runnable, touched } from "./commands/run.ts";
import type { Driver } from "./driver.ts";
import type { Announcer } from "./watch/announce.ts";

async function later(): Promise<never> {
  throw new StoreError("unsupported", "commands are yet to come to this store: update it");
}

export function postgresCommands(driver: Driver, announcer: Announcer): Commands {
  return { ...toRun(driver), ...forPeople(driver, announcer), ...ofGroups(driver, announcer) };
}

type ToRun = "queued" | "runnable" | "began" | "touched" | "adopt" | "outstanding";

function toRun(driver: Driver): Pick<Commands, ToRun> {
  return {
    queued: (groups) => queued(driver, groups),
    runnable: (ids) => runnable(driver, ids),
    began: (runs) => began(driver, runs),
    touched: (runs) => touched(driver, runs),
    adopt: (from, to) => adopt(driver, from, to),
    outstanding: () => outstanding(driver),
  };
}

type OfGroups = "groups" | "groupSettings" | "addGroup" | "setGroup" | "removeGroup";

function ofGroups(driver: Driver, announcer: Announcer): Pick<Commands, OfGroups> {
  return {
    groups: () => groups(driver),
    groupSettings: () => groupSettings(driver),
    addGroup: (name, settings) => addGroup(driver, name, settings),
    setGroup: (name, settings) => setGroup(driver, name, settings),
    removeGroup: (name) => removeGroup(driver, announcer, name),
  };
}

function forPeople(_driver: Driver, _announcer: Announcer): Omit<Commands, ToRun | OfGroups> {
  return {
    find: later,
    list: later,
    environment: later,
    force: later,
    stash: later,
    letGo: later,
    restart: later,
    again: later,
    swap: later,
    lock: later,
    unlock: later,
    setVariable: later,
    remove: later,
  };
}
