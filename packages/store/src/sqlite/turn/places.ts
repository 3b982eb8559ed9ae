// A worker's list of queues, entry by entry, and the lanes that each entry means.
//
// A queue belongs to the first entry that matches it, and `*` means the queues that no other entry
// matches; so no queue is asked twice. Prefixes are compared as text, never as patterns: an
// underscore is an underscore.

import { commandName } from "../../store/command.ts";
import type { Claim } from "../../turn.ts";
import type { Driver } from "../driver.ts";
import { type Lane, laneAfter, laneBeyond, laneFrom, type ReadyIndex } from "./lanes.ts";

export interface Place {
  /** Position of the entry in the list. */
  readonly index: number;
  /** The entry is `*`. */
  readonly everything: boolean;
  /** Where its queues begin, in the order of their names. */
  readonly start: string;
  /** Whether the name matches the entry; those that do stand together. */
  covers(queue: string): boolean;
  /** Whether the entry means this queue, and the queue is not paused. */
  takes(queue: string): boolean;
  /** Names of the jobs the worker has code for. */
  readonly names: ReadonlySet<string>;
}

const pausedQueues = "SELECT name FROM paused_queues";

export function places(driver: Driver, claim: Claim): readonly Place[] {
  const rows = driver.tuples(pausedQueues).all() as unknown as [string][];
  const paused = new Set(rows.map(([name]) => name));
  const names = nameSet(claim.names);
  return claim.queues.map((entry, index) => {
    const everything = entry === "*";
    const others = claim.queues.filter((other, i) =>
      other === "*" ? everything && i < index : everything || i < index,
    );
    const takes = (queue: string): boolean =>
      matches(entry, queue) && !paused.has(queue) && !others.some((other) => matches(other, queue));
    const covers = (queue: string): boolean => matches(entry, queue);
    return { index, everything, start: prefixOf(entry), covers, takes, names };
  });
}

/** The lanes of a place that the worker has code for, found one by one. */
export function* lanesOf(driver: Driver, source: ReadyIndex, place: Place): Generator<Lane> {
  let lane = laneFrom(driver, source, place.start);
  while (lane && place.covers(lane.queue)) {
    const wanted = place.takes(lane.queue);
    if (wanted && place.names.has(lane.name)) yield lane;
    lane = wanted ? laneAfter(driver, source, lane) : laneBeyond(driver, source, lane.queue);
  }
}

function prefixOf(entry: string): string {
  return entry.endsWith("*") ? entry.slice(0, -1) : entry;
}

function matches(entry: string, queue: string): boolean {
  return entry.endsWith("*") ? queue.startsWith(prefixOf(entry)) : queue === entry;
}

/** A worker passes the same list with every claim. */
const nameSets = new WeakMap<readonly string[], ReadonlySet<string>>();

function nameSet(names: readonly string[]): ReadonlySet<string> {
  const known = nameSets.get(names);
  if (known) return known;
  const set = new Set(names);
  // Whoever runs commands asks for them by their ids: they wait for slots that are counted there.
  set.delete(commandName);
  nameSets.set(names, set);
  return set;
}
