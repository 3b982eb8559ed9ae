// Picks the store by the scheme of its URL.

import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { StoreError } from "./errors.ts";
import type { Store } from "./store.ts";

export interface OpenOptions {
  /**
   * `full` (the default): a commit survives a power cut. `normal`: on SQLite only a crash of the
   * process; on PostgreSQL positions and heartbeats may be lost with the server, never a claim or
   * how a run ended. For workers, whose jobs may run again. An enqueue is always `full`.
   */
  readonly durability?: "full" | "normal";
  /** The wall clock by default; PostgreSQL ignores it. */
  readonly clock?: Clock;
  /** How long to try while other connections hold the store, in milliseconds; 10,000 by default. */
  readonly busyTimeoutMs?: number;
  /** Who connects, for the server's list of connections; `queue-runtime` by default. */
  readonly name?: string;
}

/**
 * Opens `sqlite:PATH` (relative to the working directory), `sqlite::memory:`, or
 * `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, to which `?schema=NAME` gives tables of their own
 * (`queue_runtime` by default). Creates the file and its folder where they are missing, but no
 * database; the schema only comes with `migrate()`.
 * @throws StoreError
 */
export async function openStore(url: string, options: OpenOptions = {}): Promise<Store> {
  const settings = {
    durability: options.durability ?? "full",
    clock: options.clock ?? systemClock,
    busyTimeoutMs: options.busyTimeoutMs ?? 10_000,
  };
  if (url.startsWith("sqlite:")) {
    // whoever only writes jobs (a thread, a test) does not pay for a database
    const { openSqlite } = await import("./sqlite.ts");
    return openSqlite(url.slice("sqlite:".length), settings);
  }
  if (/^postgres(ql)?:/.test(url)) {
    const { openPostgres } = await import("./postgres.ts");
    const { durability } = settings;
    return openPostgres(url, { durability, name: options.name ?? "queue-runtime" });
  }
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0] ?? url;
  throw new StoreError(
    "unsupported",
    `no store is known for "${scheme}"; ` +
      "write sqlite:./path/to/queue.sqlite or postgres://user@host/database",
  );
}
