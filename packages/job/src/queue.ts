// What applications enqueue with. Loads no job code: a reference to a job by name is enough.

import {
  type Actions,
  type JobDetails,
  openStore,
  type Reason,
  type Store,
  StoreError,
} from "@queue-runtime/store";
import type { Enqueueable } from "./define/ref.ts";
import { type BatchOptions, fillBatch, type OpenBatch, openBatch } from "./queue/batch.ts";
import { type Enqueuer, enqueuerOf } from "./queue/enqueuer.ts";
import { type RecurringTasks, recurringOf } from "./queue/recurring.ts";
import { checkOptions, wholeNumber } from "./values/options.ts";

export interface Queue extends Enqueuer, AsyncDisposable {
  /**
   * Enqueues inside a transaction that the caller has open on a connection of its own: the jobs
   * live and die with it. On SQLite that is a `DatabaseSync` on the same file; on PostgreSQL a
   * client of `pg` (not a pool), or a transaction of kysely, drizzle on node-postgres, knex or
   * prisma, on the same database. There await the answer before you commit.
   * @throws StoreError `invalid` when it is anything else
   */
  in(transaction: unknown): Enqueuer;
  readonly batch: BatchMethod;
  readonly recurring: RecurringTasks;
  /** null when there is no such job. */
  find(id: number): Promise<JobDetails | null>;
  /** Every reason why a job is not running; null when there is no such job. */
  why(id: number): Promise<readonly Reason[] | null>;
  /** Failed and cancelled jobs run again, from their cursor unless `fromStart`. */
  retry(ids: Ids, options?: { readonly fromStart?: boolean }): Promise<Actions>;
  /** Cancels what has not ended; a running job is asked to stop. */
  cancel(ids: Ids): Promise<Actions>;
  /** Deletes jobs; a running one is refused. */
  discard(ids: Ids): Promise<Actions>;
  close(): Promise<void>;
}

/** The actions answer once per id, in order. */
type Ids = number | readonly number[];

export interface BatchMethod {
  /**
   * Opens a batch, has it filled, and seals it: once all its jobs have ended, the callbacks follow.
   * When `fill` throws, or sealing fails, the batch stays open: the error has its id.
   * @throws BatchError, TypeError, InvalidInputError, NotJsonError, StoreError
   */
  <Finish extends Enqueueable, Success extends Enqueueable, Failure extends Enqueueable>(
    options: BatchOptions<Finish, Success, Failure>,
    fill: (batch: OpenBatch) => unknown,
  ): Promise<OpenBatch>;
  /** Opens a batch that is filled later, maybe elsewhere; it is not over before it is sealed. */
  <Finish extends Enqueueable, Success extends Enqueueable, Failure extends Enqueueable>(
    options: BatchOptions<Finish, Success, Failure>,
  ): Promise<OpenBatch>;
  /** The batch with this id, to add to, seal or look at; whether it exists shows in use. */
  (id: number): OpenBatch;
}

export interface OpenQueueOptions {
  /** Create or migrate the store; true by default. With false an old one is refused. */
  readonly migrate?: boolean;
}

/**
 * Opens the queue in a store, such as `sqlite:./queue.sqlite`.
 * @throws StoreError
 */
export async function openQueue(url: string, options: OpenQueueOptions = {}): Promise<Queue> {
  if (typeof url !== "string") {
    throw new TypeError('openQueue needs the URL of a store, such as "sqlite:./queue.sqlite"');
  }
  checkOptions("openQueue", options, ["migrate"]);
  const store = await openStore(url);
  try {
    if (options.migrate ?? true) await store.migrate();
    else await checkSchema(store);
  } catch (error) {
    await store.close();
    throw error;
  }
  return queueOn(store);
}

/** A queue on a store that is migrated; closing it closes the store. */
export function queueOn(store: Store): Queue {
  const { jobs, flow } = store;
  return {
    ...enqueuerOf(jobs),
    in: (transaction) => enqueuerOf(store.in(transaction)),
    batch: batchMethod(store),
    recurring: recurringOf(store.recurring),
    find: async (id) => jobs.find(wholeNumber("queue.find: the id", id)),
    why: async (id) => flow.why(wholeNumber("queue.why: the id", id)),
    async retry(ids, options = {}) {
      checkOptions("queue.retry", options, ["fromStart"]);
      return jobs.retry(listOf("retry", ids), { fromStart: options.fromStart ?? false });
    },
    cancel: async (ids) => jobs.cancel(listOf("cancel", ids)),
    discard: async (ids) => jobs.discard(listOf("discard", ids)),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

function batchMethod(store: Store): BatchMethod {
  const method = (given: number | BatchOptions, fill?: (batch: OpenBatch) => unknown) =>
    typeof given === "object"
      ? fillBatch(store, given, fill)
      : openBatch(store, wholeNumber("queue.batch: the id", given));
  return method as BatchMethod;
}

function listOf(method: string, ids: Ids): readonly number[] {
  return [ids].flat().map((id) => wholeNumber(`queue.${method}: an id`, id));
}

async function checkSchema(store: Store): Promise<void> {
  const { from, to } = await store.schema();
  if (from === to) return;
  const [code, remedy] =
    from > to
      ? (["newer-schema", "update this program"] as const)
      : (["old-schema", 'run "runtime migrate", or open it without { migrate: false }'] as const);
  throw new StoreError(
    code,
    `${store.url} has schema version ${from}, this program needs ${to}; ${remedy}`,
  );
}
