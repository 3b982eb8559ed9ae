// A worker's list of queues, and where each lane stands in it. A queue belongs to the first entry
// that matches it, and `*` means the queues that no other entry matches. Prefixes are compared as
// text, never as patterns: an underscore is an underscore. Paused queues are left out by the claim
// itself, which knows them as of its own moment.

import { commandName } from "../../store/command.ts";
import type { Claim } from "../../turn.ts";
import type { KnownLane } from "./lanes.ts";

export interface Placed {
  readonly lane: KnownLane;
  /** Position of the entry in the list that means this lane. */
  readonly place: number;
}

/** The lanes that the claim may take from. */
export function placedLanes(claim: Claim, known: readonly KnownLane[]): readonly Placed[] {
  const names = nameSet(claim.names);
  return known.flatMap((lane) => {
    const place = names.has(lane.name) ? placeIn(claim.queues, lane.queue) : -1;
    return place === -1 ? [] : [{ lane, place }];
  });
}

/** -1 where no entry means the queue. */
export function placeIn(entries: readonly string[], queue: string): number {
  const own = entries.findIndex((entry) => entry !== "*" && matches(entry, queue));
  return own === -1 ? entries.indexOf("*") : own;
}

function matches(entry: string, queue: string): boolean {
  return entry.endsWith("*") ? queue.startsWith(entry.slice(0, -1)) : queue === entry;
}

/** A worker passes the same list with every claim. */
const nameSets = new WeakMap<readonly string[], ReadonlySet<string>>();

function nameSet(names: readonly string[]): ReadonlySet<string> {
  const known = nameSets.get(names);
  if (known) return known;
  const set = new Set(names);
  // whoever runs commands asks for them by their ids: they wait for slots that are counted there
  set.delete(commandName);
  nameSets.set(names, set);
  return set;
}
