// What applications enqueue with. Loads no job code: a reference to a job by name is enough.

import { openStore, type Store, StoreError } from "@queue-runtime/store";
import { type Enqueuer, enqueuerOf } from "./queue/enqueuer.ts";
import { checkOptions } from "./values/options.ts";

export interface Queue extends Enqueuer, AsyncDisposable {
  /**
   * Enqueues inside a transaction that the caller has open on a connection of its own: the jobs
   * live and die with it. On SQLite that is a `DatabaseSync` on the same file; on PostgreSQL a
   * client of `pg` (not a pool), or a transaction of kysely, drizzle on node-postgres, knex or
   * prisma, on the same database. There await the answer before you commit.
   * @throws StoreError `invalid` when it is anything else
   */
  in(transaction: unknown): Enqueuer;
  close(): Promise<void>;
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

function queueOn(store: Store): Queue {
  return {
    ...enqueuerOf(store.jobs),
    in: (transaction) => enqueuerOf(store.in(transaction)),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
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
