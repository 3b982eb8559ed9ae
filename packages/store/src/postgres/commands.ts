// Commands in a PostgreSQL database: what is asked about them, by those who run them and by people.
// How they are claimed and settled is in turn/, how they are enqueued in flow/: they are jobs.

import type { Commands } from "../store/commands.ts";
import { again } from "./commands/again.ts";
import { lock, setVariable, swap, unlock } from "./commands/edit.ts";
import { addGroup, groupSettings, groups, removeGroup, setGroup } from "./commands/groups.ts";
import { force, letGo, stash } from "./commands/let-go.ts";
import { environment, find, list } from "./commands/list.ts";
import { remove } from "./commands/remove.ts";
import { restart } from "./commands/restart.ts";
import { adopt, began, outstanding, queued, touched } from "./commands/run.ts";
import type { Driver } from "./driver.ts";
import { told, untold } from "./turn/commands/untold.ts";
import type { Announcer } from "./watch/announce.ts";

export function postgresCommands(driver: Driver, announcer: Announcer): Commands {
  return { ...toRun(driver), ...forPeople(driver, announcer), ...ofGroups(driver, announcer) };
}

type ToRun = "queued" | "began" | "touched" | "adopt" | "outstanding" | Telling;
type Telling = "untold" | "told";

function toRun(driver: Driver): Pick<Commands, ToRun> {
  return {
    queued: (groups) => queued(driver, groups),
    began: (runs) => began(driver, runs),
    touched: (runs) => touched(driver, runs),
    adopt: (from, to) => adopt(driver, from, to),
    outstanding: () => outstanding(driver),
    untold: (host, options) => untold(driver, host, options),
    told: (ids) => told(driver, ids),
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

function forPeople(driver: Driver, announcer: Announcer): Omit<Commands, ToRun | OfGroups> {
  const acting = { driver, announcer };
  return {
    find: (id) => find(driver, id),
    list: (query) => list(driver, query),
    environment: (id) => environment(driver, id),
    force: (ids) => force(acting, ids),
    stash: async (ids, { delayMs }) => stash(acting, ids, delayMs),
    letGo: async (ids, { delayMs }) => letGo(acting, ids, delayMs),
    restart: (ids, options) => restart(acting, ids, options),
    again: (ids, options) => again(acting, ids, options),
    swap: (one, other) => swap(acting, one, other),
    lock: (ids, options) => lock(acting, ids, options),
    unlock: (ids, options) => unlock(acting, ids, options),
    setVariable: (id, name, value) => setVariable(acting, id, { name, value }),
    remove: (ids) => remove(acting, ids),
  };
}
