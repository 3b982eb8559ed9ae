// The desk beside a store: in the supervisor, where commands run within its reach, and in the
// command line where no runtime does. It holds nothing: all it knows is in the store and in `live`.

import { systemClock } from "@queue-runtime/store";
import type { Desk } from "../desk.ts";
import { commandRow } from "../rows/command-row.ts";
import { add } from "./local/add.ts";
import { lock, unlock } from "./local/editing.ts";
import { addGroup, groups, removeGroup, setGroup } from "./local/groups.ts";
import { kill, pause, resume, send, start } from "./local/live.ts";
import { nameOf, type Reach } from "./local/reach.ts";
import { reset } from "./local/reset.ts";
import { restart } from "./local/restart.ts";
import { clean, enqueue, remove, stash, swap } from "./local/waiting.ts";

export type LocalDeskOptions = Omit<Reach, "whyNot"> & Partial<Pick<Reach, "whyNot">>;

const whyNot = "no runtime runs here, and only a runtime has processes; `runtime start` starts one";

export function localDesk(options: LocalDeskOptions): Desk {
  const reach: Reach = { whyNot, ...options };
  const { commands } = reach.store;
  return {
    add: (requests) => add(reach, requests),
    async list(query) {
      const now = systemClock.now();
      return (await commands.list(query)).map((job) => commandRow(job, now));
    },
    async find(id) {
      const job = await commands.find(id);
      return job && commandRow(job, systemClock.now());
    },
    kill: (selection, options) => kill(reach, selection, options),
    pause: (selection, options) => pause(reach, selection, options),
    resume: (selection) => resume(reach, selection),
    start: (selection) => start(reach, selection),
    send: (id, options) => send(reach, id, options),
    stash: (selection, later) => stash(reach, selection, later),
    enqueue: (selection, later) => enqueue(reach, selection, later),
    restart: (request) => restart(reach, request),
    remove: (ids) => remove(reach, ids),
    clean: (options) => clean(reach, options),
    reset: (options) => reset(reach, options),
    swap: (one, other) => swap(reach, one, other),
    async setVariable(id, name, value) {
      const answer = await commands.setVariable(id, name, value);
      return nameOf(answer, value === null ? "unset" : "set");
    },
    lock: (ids, owner) => lock(reach, ids, owner),
    unlock: (ids, options) => unlock(reach, ids, options),
    groups: () => groups(reach),
    addGroup: (name, options) => addGroup(reach, name, options),
    setGroup: (name, options) => setGroup(reach, name, options),
    removeGroup: (name) => removeGroup(reach, name),
  };
}
