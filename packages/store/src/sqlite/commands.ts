// Commands in a SQLite file: what is asked about them, by those who run them and by people. How
// they are claimed and settled is in turn/, how they are enqueued in jobs/: they are jobs.

import type { Commands } from "../store/commands.ts";
import { lock, setVariable, swap, unlock } from "./commands/edit.ts";
import { addGroup, groupSettings, groups, removeGroup, setGroup } from "./commands/groups.ts";
import { checkDelay, force, letGo, stash } from "./commands/let-go.ts";
import { environment, find, list } from "./commands/list.ts";
import { removeAll } from "./commands/remove.ts";
import { restart, runAgain } from "./commands/restart.ts";
import { adopt, began, outstanding, queued, touched } from "./commands/run.ts";
import { isSomeUntold, told, untold } from "./commands/untold.ts";
import type { Driver } from "./driver.ts";
import { change } from "./flow/change.ts";

export function sqliteCommands(driver: Driver): Commands {
  return { ...toRun(driver), ...forPeople(driver), ...ofGroups(driver) };
}

type ToRun = "queued" | "began" | "touched" | "adopt" | "outstanding" | Telling;
type Telling = "untold" | "told";

function toRun(driver: Driver): Pick<Commands, ToRun> {
  return {
    queued: (groups) => driver.readTogether(() => queued(driver, groups)),
    began: async (runs) => (runs.length === 0 ? [] : driver.write(() => began(driver, runs))),
    touched: async (runs) => {
      if (runs.length > 0) await driver.write(() => touched(driver, runs));
    },
    adopt: (from, to) => driver.write(() => adopt(driver, from, to)),
    outstanding: () => driver.read(() => outstanding(driver)),
    untold: async (host, options) => {
      if (!(await driver.read(() => isSomeUntold(driver, host)))) return [];
      return driver.write(() => untold(driver, host, options));
    },
    told: async (ids) => {
      if (ids.length > 0) await driver.write(() => told(driver, ids));
    },
  };
}

type OfGroups = "groups" | "groupSettings" | "addGroup" | "setGroup" | "removeGroup";

function ofGroups(driver: Driver): Pick<Commands, OfGroups> {
  return {
    groups: () => driver.readTogether(() => groups(driver)),
    groupSettings: () => driver.read(() => groupSettings(driver)),
    addGroup: (name, settings) => addGroup(driver, name, settings),
    setGroup: (name, settings) => setGroup(driver, name, settings),
    removeGroup: (name) => change(driver, () => removeGroup(driver, name), "full"),
  };
}

function forPeople(driver: Driver): Omit<Commands, ToRun | OfGroups> {
  return {
    find: (id) => driver.read(() => find(driver, id)),
    list: async (query) => driver.readTogether(() => list(driver, query)),
    environment: (id) => driver.read(() => environment(driver, id)),
    force: (ids) => change(driver, () => force(driver, ids), "full"),
    stash: async (ids, { delayMs }) => {
      const ms = checkDelay(delayMs);
      return change(driver, () => stash(driver, ids, ms), "full");
    },
    letGo: async (ids, { delayMs }) => {
      const ms = checkDelay(delayMs);
      return change(driver, () => letGo(driver, ids, ms), "full");
    },
    restart: (ids, options) => restart(driver, ids, options),
    again: (ids, options) => runAgain(driver, ids, options),
    swap: (one, other) => driver.write(() => swap(driver, one, other), "full"),
    lock: (ids, options) => lock(driver, ids, options),
    unlock: (ids, options) => unlock(driver, ids, options),
    setVariable: (id, name, value) => setVariable(driver, id, { name, value }),
    remove: (ids) => change(driver, () => removeAll(driver, ids), "full"),
  };
}
