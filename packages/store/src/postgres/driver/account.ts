// From the URL to how connections are made: as whom, to which database and schema, with which
// settings, and whether a pooler stands between.
//
// Our sessions are set up by start-up parameters, in the same round trip as the password. The
// planner is kept from sequential scans, from the joins that go with them, and from bitmaps, which
// read a whole index where its first rows are wanted: a statement that was planned while the table
// was empty is kept for the life of the connection, and would otherwise read a million rows from
// end to end until the next ANALYZE. JIT compiling such a plan would take longer than all of it. A
// pooler that serves transactions refuses these parameters or drops them, and its sessions belong
// to others: there we prepare nothing, and set these things anew in each transaction.

import type pg from "pg";
import { StoreError } from "../../errors.ts";
import { failure } from "./failure.ts";
import { readUrl, type StoreUrl } from "./url.ts";

export interface Account extends StoreUrl {
  /** For the server's list of connections. */
  readonly name: string;
  /** Behind a pooler: a session is ours for one transaction only, or may be. */
  readonly pooled: boolean;
  /** As a number, such as 180004. */
  readonly version: number;
}

const oldest = 140_000;

const settings = {
  jit: "off",
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: "off",
  enable_bitmapscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  // keeping an inner side for the next row makes reading all of it look cheap
  enable_material: "off",
  // no function or operator of anybody takes the place of one that is built in
  search_path: "pg_catalog",
  statement_timeout: "60s",
  idle_in_transaction_session_timeout: "10s",
  client_connection_check_interval: "2s",
} as const;

const options = Object.entries(settings)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(" ");

const begin = "BEGIN";
const beginAmongOthers: string = [
  begin,
  ...Object.entries(settings).map(([name, value]) => `SET LOCAL ${name} = '${value}'`),
].join("; ");

/** What begins a transaction. */
export function beginOf({ pooled }: Account): string {
  return pooled ? beginAmongOthers : begin;
}

/** What `pg` needs to connect. */
export function connectionFor(module: typeof pg, account: Account): pg.ClientConfig {
  const { connectionString, name, pooled } = account;
  // the user's settings come last, and win
  const ours = pooled ? "" : options;
  return {
    connectionString,
    application_name: name,
    types: types(module),
    options: `${ours} ${account.options}`.trim(),
  };
}

/** Connects once to learn what is there. @throws StoreError */
export async function findAccount(
  module: typeof pg,
  url: string,
  { name, connectMs }: { readonly name: string; readonly connectMs: number },
): Promise<Account> {
  const place = readUrl(url);
  const account = { ...place, name: place.name ?? name, pooled: false, version: 0 };
  const look = (candidate: Account): Promise<Account> => probe(module, candidate, connectMs);
  try {
    try {
      return await look(account);
    } catch (error) {
      if (!refusesParameters(error)) throw error;
      return await look({ ...account, pooled: true });
    }
  } catch (error) {
    throw failure(error, account);
  }
}

async function probe(module: typeof pg, account: Account, connectMs: number): Promise<Account> {
  const client = new module.Client({
    ...connectionFor(module, account),
    connectionTimeoutMillis: connectMs,
    query_timeout: connectMs,
  });
  client.on("error", () => {});
  await client.connect();
  try {
    const { rows } = await client.query(
      "SELECT pg_backend_pid() AS pid, current_setting('server_version_num')::int AS version",
    );
    const { pid, version } = rows[0] as { pid: number; version: number };
    if (version < oldest) throw tooOld(account, version);
    // a pooler answers with a process id of its own making
    const { processID } = client as unknown as { processID: number | null };
    return { ...account, version, pooled: account.pooled || pid !== processID };
  } finally {
    await client.end().catch(() => {});
  }
}

/** PgBouncer and its like name the parameter they do not know. */
function refusesParameters(error: unknown): boolean {
  const { message = "" } = error as Error;
  return /startup parameter/i.test(message);
}

function tooOld({ shown }: Account, version: number): StoreError {
  const found = Math.floor(version / 10_000);
  const what = `${shown} is PostgreSQL ${found}`;
  return new StoreError("unsupported", `${what}: use version 14 or newer`);
}

const int8 = 20;

/** Whole numbers of the store fit into a JavaScript number; `pg` would answer text. */
function types({ types }: typeof pg): pg.CustomTypesConfig {
  const getTypeParser = (oid: number, format: "text" | "binary"): unknown =>
    oid === int8 ? Number : types.getTypeParser(oid, format as "text");
  return { getTypeParser } as pg.CustomTypesConfig;
}
