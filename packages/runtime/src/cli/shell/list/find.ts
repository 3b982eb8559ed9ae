// From a query to rows: the store filters, orders and cuts wherever it can.

import type { CommandQuery, JobState } from "@queue-runtime/store";
import type { CommandRow, Desk } from "../../../control/desk.ts";
import type { StatusQuery } from "./query.ts";
import { allStatuses, statusOf } from "./statuses.ts";

/** What an empty query says. */
export const everything: StatusQuery = {
  columns: null,
  statuses: new Set(allStatuses),
  where: [],
  orderBy: null,
  first: null,
  last: null,
};

/** Shown where nobody says how many. */
export const defaultLimit = 200;

export interface Wanted {
  readonly query: StatusQuery;
  /** Whether the person wrote one. */
  readonly asked: boolean;
  readonly group: string | undefined;
  /** Of `--limit`. */
  readonly limit: number | undefined;
}

export interface FoundCommands {
  readonly rows: readonly CommandRow[];
  /** There are more than are shown. */
  readonly cut: boolean;
}

export async function findCommands(desk: Desk, wanted: Wanted): Promise<FoundCommands> {
  const limits = limitsOf(wanted);
  const { query, exact } = storeQuery(wanted);
  const asked = exact ? { ...query, ...limits } : query;
  const found = await desk.list(asked);
  const rows = exact ? found : cutTo(found.filter(isWanted(wanted.query)), limits);
  const most = limits.first ?? limits.last;
  const cut = most !== undefined && rows.length >= most;
  // who looks without a question wants to see what runs, however old it is
  if (wanted.asked || wanted.limit !== undefined || !cut) return { rows, cut };
  const running = await desk.list({ ...query, states: ["running"] });
  const shown = new Set(rows.map(({ id }) => id));
  return { rows: [...running.filter(({ id }) => !shown.has(id)), ...rows], cut };
}

/** What a runtime answers at once. It should not read for long: meanwhile it does nothing else. */
const mostFromRuntime = 1_000;

export function isShort(wanted: Wanted): boolean {
  const { first, last } = limitsOf(wanted);
  return storeQuery(wanted).exact && (first ?? last ?? Number.POSITIVE_INFINITY) <= mostFromRuntime;
}

interface Limits {
  readonly first?: number;
  readonly last?: number;
}

/** `--limit` is the newest, or the first of an order that was asked for. */
function limitsOf({ query, asked, limit }: Wanted): Limits {
  if (query.first !== null) return { first: query.first };
  if (query.last !== null) return { last: query.last };
  if (limit !== undefined) return query.orderBy === null ? { last: limit } : { first: limit };
  return asked ? {} : { last: defaultLimit };
}

/** `exact`: nothing is left to be filtered here. */
function storeQuery({ query, group }: Wanted): { query: CommandQuery; exact: boolean } {
  const { statuses, where, orderBy } = query;
  const states = allStatuses.filter(
    (each): each is JobState => each !== "paused" && statuses.has(each),
  );
  const [running, paused] = [statuses.has("running"), statuses.has("paused")];
  const everything = statuses.size === allStatuses.length;
  const withPaused = paused && !running ? [...states, "running" as const] : states;
  // paused ones beside others that do not run: no query of the store says that
  const exact = !paused || running || states.length === 0;
  return {
    query: {
      ...(!everything && { states: withPaused }),
      ...(running !== paused && exact && { paused }),
      ...(group !== undefined && { groups: [group] }),
      ...(where.length > 0 && { where }),
      ...(orderBy !== null && { orderBy }),
    },
    exact,
  };
}

function isWanted({ statuses }: StatusQuery): (row: CommandRow) => boolean {
  return (row) => allStatuses.some((each) => statuses.has(each) && statusOf(row) === each);
}

function cutTo(rows: readonly CommandRow[], { first, last }: Limits): readonly CommandRow[] {
  if (first !== undefined) return rows.slice(0, first);
  return last === undefined ? rows : rows.slice(-last);
}
