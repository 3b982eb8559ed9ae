// The connections and transactions that applications have, told apart by their shape: none of
// their libraries is loaded here.

import { invalid } from "./explain.ts";

/** The caller's transaction. */
export interface Caller {
  /** Refuses what is no transaction, where that can be known. */
  check(): Promise<void>;
  /** `sql` has each of `$1`, `$2` … once, in this order. */
  query(sql: string, values: readonly string[]): Promise<readonly Row[]>;
}

type Row = Readonly<Record<string, unknown>>;

interface Result {
  readonly rows: readonly Row[];
}

const accepted =
  "give an open transaction: a client of pg, or a transaction of kysely, drizzle (on " +
  "node-postgres), knex or prisma";

/** @throws StoreError `invalid` */
export function callerOf(given: unknown): Caller {
  const shape = isObject(given) ? (given as Shape) : {};
  const caller = ofPg(shape) ?? ofKysely(shape) ?? ofDrizzle(shape) ?? ofKnex(shape);
  const found = caller ?? ofPrisma(shape);
  if (!found) throw invalid(accepted);
  return found;
}

/** Whatever one of the libraries may have; where it is not there, it is undefined. */
interface Shape {
  query?(asked: { text: string; values: readonly string[] } | string): Promise<Result>;
  getTransactionStatus?(): "I" | "T" | "E" | null;
  readonly totalCount?: unknown;
  readonly release?: unknown;
  readonly connection?: unknown;
  executeQuery?(compiled: object): Promise<Result>;
  readonly isTransaction?: unknown;
  readonly session?: { readonly client?: Shape };
  readonly rollback?: unknown;
  raw?(sql: string, values: readonly string[]): Promise<Result>;
  $queryRawUnsafe?(sql: string, ...values: readonly string[]): Promise<readonly Row[]>;
  readonly $connect?: unknown;
}

function ofPg(client: Shape): Caller | null {
  if (typeof client.query !== "function") return null;
  if (typeof client.totalCount === "number")
    throw invalid("a pool is not one connection: give a client on which you called BEGIN");
  const isClient = [client.getTransactionStatus, client.release].some(isFunction);
  if (!isClient && !isObject(client.connection)) return null;
  return {
    async check() {
      // a BEGIN that was sent and not yet answered comes before this
      if (client.getTransactionStatus?.() === "I") await client.query?.("SELECT");
      if (client.getTransactionStatus?.() === "I")
        throw invalid("no transaction is open on this client: BEGIN one first");
    },
    query: async (text, values) => (await client.query!({ text, values })).rows,
  };
}

function ofKysely(kysely: Shape): Caller | null {
  const { executeQuery } = kysely;
  if (!executeQuery || typeof kysely.isTransaction !== "boolean") return null;
  if (!kysely.isTransaction) throw invalid("it is kysely itself: give what its transaction gave");
  return {
    check: nothingToCheck,
    async query(sql, parameters) {
      const raw = { kind: "RawNode", sqlFragments: [sql], parameters: [] };
      const queryId = { queryId: crypto.randomUUID() };
      return (await kysely.executeQuery!({ sql, parameters, query: raw, queryId })).rows;
    },
  };
}

/** Its transactions on node-postgres have the client that runs them. */
function ofDrizzle({ session, rollback }: Shape): Caller | null {
  if (!isObject(session?.client)) return null;
  if (!isFunction(rollback)) throw invalid("it is drizzle itself: give what its transaction gave");
  return ofPg(session.client);
}

/** It counts placeholders itself. */
function ofKnex(knex: Shape): Caller | null {
  if (!isFunction(knex.raw) || !("isTransaction" in knex || "schema" in knex)) return null;
  if (knex.isTransaction !== true)
    throw invalid("it is knex itself: give what its transaction gave");
  return {
    check: nothingToCheck,
    async query(sql, values) {
      return (await knex.raw!(sql.replaceAll(/\$\d/g, "?"), values)).rows;
    },
  };
}

function ofPrisma(prisma: Shape): Caller | null {
  if (!isFunction(prisma.$queryRawUnsafe)) return null;
  if (isFunction(prisma.$connect))
    throw invalid("it is the client of prisma: give what its $transaction gave");
  return {
    check: nothingToCheck,
    query: (sql, values) => prisma.$queryRawUnsafe!(sql, ...values),
  };
}

/** Libraries refuse to run anything in a transaction that is over. */
async function nothingToCheck(): Promise<void> {}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}
