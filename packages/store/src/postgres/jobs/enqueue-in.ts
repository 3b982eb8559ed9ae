// Enqueueing inside a transaction of the application, on its own connection: the jobs live and die
// with what it writes beside them. Nothing here begins, commits or retries.
//
// It is one statement, whatever the client, and calls a function that runs with the rights of the
// store's owner: the application's role needs no table of ours, unless it enqueues commands. The
// statement itself makes sure that it is on the database of the store, because a job in the queue
// of another would look enqueued and never run. Nobody is notified in this transaction (announce.ts
// says why): once the jobs can be seen from outside, workers are told (enqueue-in/after-commit.ts).

import { StoreError } from "../../errors.ts";
import type { Enqueued, JobState, NewJob } from "../../job.ts";
import { type PreparedJob, prepareJob } from "../../rules/new-job.ts";
import { environmentsText, hasCommands } from "../commands/new-commands.ts";
import type { Driver } from "../driver.ts";
import { argsText, isLinked, jobsText } from "../flow/enqueue.ts";
import type { Announcer } from "../watch/announce.ts";
import { AfterCommit } from "./enqueue-in/after-commit.ts";
import { type Caller, callerOf } from "./enqueue-in/caller.ts";
import { explain, invalid } from "./enqueue-in/explain.ts";
import { here, Whereabouts } from "./enqueue-in/whereabouts.ts";

const enqueueBy = (name: string): string => `SELECT id, state, 'created' AS outcome
  FROM queue_runtime.${name}(
    CASE WHEN ${here} = $1 THEN $2::json ELSE '[]'::json END, $3::json)`;
/** A refusal comes as a row: an error would end the transaction of the application. */
const enqueueLinkedBy = (name: string): string => `SELECT id, state, outcome
  FROM queue_runtime.${name}(
    CASE WHEN ${here} = $1 THEN $2::json ELSE '[]'::json END, $3::json, true)`;
/** Commands need rights of the application's own. */
const enqueueCommands = `SELECT id, state, outcome
  FROM queue_runtime.enqueue_commands(CASE WHEN ${here} = $1 THEN $2::json ELSE '[]'::json END,
    $3::json, $4::json, $5::boolean, false)`;
const enqueueModules = enqueueBy("enqueue_many");
const enqueueLinked = enqueueLinkedBy("enqueue_linked");

/** What every transaction of a store shares. */
interface Shared {
  readonly whereabouts: Whereabouts;
  readonly afterCommit: AfterCommit;
}

const stores = new WeakMap<Driver, Shared>();

/** @throws StoreError `invalid` */
export function enqueueIn(
  driver: Driver,
  announcer: Announcer,
  transaction: unknown,
): { enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]> } {
  const caller = callerOf(transaction);
  const shared = stores.get(driver) ?? {
    whereabouts: new Whereabouts(driver),
    afterCommit: new AfterCommit(driver, announcer),
  };
  stores.set(driver, shared);
  return {
    async enqueue(jobs) {
      const prepared = jobs.map(prepareJob);
      if (prepared.length === 0) return [];
      const rows = await insert(driver, shared.whereabouts, { caller, prepared });
      shared.afterCommit.expect(rows, prepared);
      return rows.map(({ id, outcome }): Enqueued => ({ id, outcome }));
    },
  };
}

/** @throws StoreError `conflict`, `invalid` */
function toRow({ id, state, outcome }: Readonly<Record<string, unknown>>): Row {
  if (outcome === "conflict" || outcome === "invalid") throw new StoreError(outcome, String(state));
  return { id: Number(id), state, outcome } as Row;
}

interface Row {
  readonly id: number;
  /** null: there is no such job, or it has ended. */
  readonly state: JobState | null;
  readonly outcome: Enqueued["outcome"];
}

async function insert(
  driver: Driver,
  whereabouts: Whereabouts,
  { caller, prepared }: { readonly caller: Caller; readonly prepared: readonly PreparedJob[] },
): Promise<readonly Row[]> {
  const commands = hasCommands(prepared);
  const linked = prepared.some(isLinked);
  const modules = linked ? enqueueLinked : enqueueModules;
  const sql = driver.inSchema(commands ? enqueueCommands : modules);
  const values = [jobsText(prepared), argsText(prepared)];
  if (commands) values.push(environmentsText(prepared), String(linked));
  const send = async (place: string): Promise<readonly Row[]> => {
    await caller.check();
    const rows = await caller.query(sql, [place, ...values]);
    // whole numbers come as numbers, text or bigints, depending on the client
    return rows.map(toRow);
  };
  try {
    const place = await whereabouts.known();
    const rows = await send(place);
    if (rows.length > 0) return rows;
    // the server was restarted since we asked it, or it is another one
    const now = await whereabouts.ask();
    const second = now === place ? [] : await send(now);
    if (second.length > 0) return second;
  } catch (error) {
    throw explain(error, driver, commands);
  }
  throw invalid(`it is on another database than the store ${driver.url}`);
}
