// A job that was enqueued by name alone gets the gates and the unique keys that its definition asks
// for, when a worker that knows the definition has claimed it. Gates of its queue are made anew:
// whose share it has where keys take turns follows from its own.

import type { Gate, Unique } from "../../flow.ts";
import { leftOf } from "../../rules/gated.ts";
import type { Gated, Held } from "../../turn.ts";
import type { Driver } from "../driver.ts";
import { replace } from "../flow/links/replace.ts";
import { addUniques, askUniques, type Keeper } from "../flow/links/unique.ts";
import { allSettings } from "../flow/queue-settings.ts";
import { gatesOfQueue } from "../flow/regate.ts";
import { conflictError } from "../flow/slots/conflict.ts";
import { writeGates } from "../flow/slots/gates.ts";
import { Room, type StoredGate } from "../flow/slots/room.ts";

const job = `SELECT id, name, kind, queue, priority, args, label, run_at AS runAt,
    created_at AS createdAt, unique_key AS uniqueKey,
    attempts = (state = 'running') AND interruptions = 0 AND crashes = 0 AS isNew
  FROM jobs WHERE id = ? AND fence = ?`;
const held = `${job} AND state = 'running' AND cancel_requested_at IS NULL`;
const unseen = `${job} AND state = 'blocked' AND keyed = 0 AND concurrency_key IS NULL`;

interface Run {
  readonly id: number;
  readonly name: string;
  readonly kind: "module" | "command";
  readonly queue: string;
  readonly priority: number;
  readonly args: string | null;
  readonly label: string | null;
  readonly runAt: number;
  readonly createdAt: number;
  readonly uniqueKey: string | null;
  /** No run of it counts but this one. */
  readonly isNew: 0 | 1;
}

/** Needs what came from `soundly`; `release` makes the job ready, or ends it where it has to. */
export function gateRun(driver: Driver, given: Gated & Held, release: () => boolean): boolean {
  const room = new Room(driver);
  const run = room.sql(held).get(given.id, given.fence) as unknown as Run | undefined;
  if (run) give(room, run, given);
  const released = release();
  if (run?.isNew) room.sql(askPolicies).run(run.id);
  return released;
}

const leave = "UPDATE jobs SET state = 'held' WHERE id = ?";
const comeBack = "UPDATE jobs SET state = 'ready' WHERE id = ? AND cancel_requested_at IS NULL";
const end = `UPDATE jobs SET state = 'cancelled', finished_at = ?, cancel_requested_at = NULL
  WHERE id = ? AND cancel_requested_at IS NOT NULL`;

/** The same for one that waits: it comes anew, and triggers and policies do the rest. */
export function gateWaiting(driver: Driver, given: Gated & Held): void {
  const room = new Room(driver);
  const run = room.sql(unseen).get(given.id, given.fence) as unknown as Run | undefined;
  if (!run) return;
  room.sql(leave).run(run.id);
  give(room, run, given);
  room.sql(comeBack).run(run.id);
  room.sql(end).run(room.now, run.id);
}

/** It is in there if it was blocked. */
const askPolicies = "UPDATE touched SET outcome = 'due' WHERE job_id = ?";

function give(room: Room, run: Run, { gates, uniques = [] }: Gated): void {
  const own = ownGates(room, run, gates);
  const wanted = stillWanted(room, run, uniques);
  const keeper = run.isNew ? askUniques(room, { uniques: wanted }) : null;
  if (keeper) return giveWay(room, run, { keeper, gates, uniques: wanted });
  addUniques(room, { id: run.id, state: "ready" }, wanted);
  const uniqueKey = run.uniqueKey ?? wanted[0]?.key ?? null;
  const all = [...own, ...queueGates(room, { ...run, uniqueKey }, own)];
  room.sql(forget).run(run.id);
  writeGates(room, run.id, { gates: all, priority: run.priority, since: null });
  room.sql(link).run(own[0]?.key ?? null, uniqueKey, run.id);
}

const forget = "DELETE FROM job_gates WHERE job_id = ?";
const link = `UPDATE jobs SET linked = 1, keyed = 1, concurrency_key = ?, unique_key = ?
  WHERE id = ?`;

/** What it was enqueued with comes first, and wins. */
function ownGates(room: Room, { id, name }: Run, given: readonly Gate[]): readonly StoredGate[] {
  const before = room.gatesOf(id).filter(({ name }) => name !== "");
  const known = new Set(before.map(({ key }) => key));
  return [...before, ...given.filter(({ key }) => !known.has(key)).map((g) => ({ ...g, name }))];
}

function queueGates(
  room: Room,
  { name, queue, uniqueKey }: Pick<Run, "name" | "queue" | "uniqueKey">,
  own: readonly StoredGate[],
): readonly StoredGate[] {
  const settings = allSettings(room).get(queue) ?? null;
  return gatesOfQueue({ queue, settings }, { name, uniqueKey }, own);
}

const has = "SELECT 1 FROM unique_keys WHERE job_id = ? AND key = ?";

/** Keys that it has not already, and whose time is not over. */
function stillWanted(room: Room, run: Run, uniques: readonly Unique[]): readonly Unique[] {
  return uniques.flatMap((unique) => {
    const forMs = leftOf(unique.forMs, { createdAt: run.createdAt, now: room.now });
    const isWanted = (forMs === null || forMs > 0) && !room.sql(has).get(run.id, unique.key);
    return isWanted ? [{ ...unique, forMs }] : [];
  });
}

interface Conflict {
  readonly keeper: Keeper;
  readonly gates: readonly Gate[];
  readonly uniques: readonly Unique[];
}

const cancel = `UPDATE jobs SET keyed = 1, cancel_requested_at = ?, error = ? WHERE id = ?`;

/** Whoever has the key may become this job; this one is cancelled in any case. */
function giveWay(room: Room, run: Run, { keeper, gates, uniques }: Conflict): void {
  const { id, key, replaceable, onConflict } = keeper;
  if (replaceable && onConflict !== "exists" && id < run.id) {
    const { name, kind, queue, priority, args, label, runAt, createdAt } = run;
    // Nobody is there to be told of a conflict.
    const own = gates.map((gate): StoredGate => {
      const isStrict = gate.onConflict === "fail";
      return { ...gate, name, onConflict: isStrict ? "discard" : gate.onConflict };
    });
    const at = runAt > createdAt ? runAt : null;
    const links = { gates: own, uniques, keyed: true, after: [], batchId: null } as const;
    const given = { name, kind, queue, priority, args, label, at, inMs: 0, held: false };
    const job = { ...given, command: null, ...links };
    const all = [...own, ...queueGates(room, { name, queue, uniqueKey: key }, own)];
    const keepsTime = onConflict === "debounce" && at === null;
    const old = { id, ...replaceable };
    replace(room, old, { job: { ...job, ifDependencyFails: "fail" }, gates: all, keepsTime });
  }
  const error = conflictError(`job ${id} has its unique key ${key}`);
  room.sql(cancel).run(room.now, JSON.stringify(error), run.id);
}
