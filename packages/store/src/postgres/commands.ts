// Commands in a PostgreSQL database. This is the frame, so that others can compile against it; its parts
// follow one by one, and until then say so.

import { StoreError } from "../errors.ts";
import type { Commands } from "../store/commands.ts";

async function later(): Promise<never> {
  throw new StoreError("unsupported", "commands are yet to come to this store: update it");
}

export function postgresCommands(): Commands {
  return {
    queued: later,
    runnable: later,
    began: later,
    touched: later,
    adopt: later,
    outstanding: later,
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
    groups: later,
    groupSettings: later,
    addGroup: later,
    setGroup: later,
    removeGroup: later,
  };
}
