// The desk of a runtime that runs, over its control socket. It answers what the desk there answers,
// and refuses in the same words.

import type { CommandQuery } from "@queue-runtime/store";
import { type Answer, ask, type Question } from "../client.ts";
import type { Added, AddRequest, CommandRow, Desk, GroupRow } from "../desk.ts";
import type { StoredRows } from "../rows.ts";
import type { LiveStatus } from "../target.ts";
import { DeskError, type DeskErrorCode } from "./desk-error.ts";

export interface RemoteDesk extends Desk {
  /** What the runtime is, and what it reads in its store. */
  status(): Promise<LiveStatus & StoredRows>;
}

/** A slow disk, or thousands of ids in one request. */
const patienceMs = 30_000;
/** Commands that do not die of TERM get their time. */
const resetPatienceMs = 90_000;
const rowsAtOnce = 1_000;

/** Rejects with DeskError, or as `ask` does: NothingListensError, NoAnswerError. */
export function remoteDesk(socket: string): RemoteDesk {
  const line = new Line(socket);
  const act = (path: string, body: object) => line.post<never>(`/commands/${path}`, body);
  const of = (name: string) => `/groups/${encodeURIComponent(name)}`;
  return {
    status: () => line.get("/status"),
    add: (requests) => add(line, requests),
    list: (query) => list(line, query),
    find: (id) => find(line, id),
    kill: (selection, options) => act("kill", { ...selection, ...options }),
    pause: (selection, options) => act("pause", { ...selection, ...options }),
    resume: (selection) => act("resume", selection),
    start: (selection) => act("start", selection),
    send: (id, options) => act(`${id}/send`, options),
    stash: (selection, later) => act("stash", { ...selection, ...later }),
    enqueue: (selection, later) => act("enqueue", { ...selection, ...later }),
    restart: (request) => act("restart", request),
    remove: (ids) => act("remove", { ids }),
    clean: (options) => act("clean", options),
    reset: (options) => line.post("/commands/reset", options, resetPatienceMs),
    swap: (one, other) => act("swap", { one, other }),
    setVariable: (id, name, value) => act(`${id}/variables`, { name, value }),
    lock: (ids, owner) => act("lock", { ids, owner }),
    unlock: (ids, options) => act("unlock", { ids, ...options }),
    groups: () => line.get<readonly GroupRow[]>("/groups"),
    addGroup: (name, options) => line.post("/groups", { name, ...options }),
    setGroup: (name, options) => line.post(of(name), options),
    removeGroup: (name) => line.ask({ method: "DELETE", path: of(name) }),
  };
}

class Line {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  get<Body>(path: string): Promise<Body> {
    return this.ask({ method: "GET", path });
  }

  post<Body>(path: string, body: object, timeoutMs: number = patienceMs): Promise<Body> {
    return this.ask({ method: "POST", path, body, timeoutMs });
  }

  async ask<Body>(question: Question): Promise<Body> {
    const answer = await this.answer(question);
    if (answer.status < 300) return answer.body as Body;
    const { detail } = (answer.body ?? {}) as { readonly detail?: string };
    const sentence = detail ?? `the runtime answered with status ${answer.status}`;
    throw new DeskError(codes[answer.status] ?? "conflict", sentence);
  }

  answer(question: Question): Promise<Answer> {
    return ask(this.#socket, { timeoutMs: patienceMs, ...question });
  }
}

const codes: Readonly<Record<number, DeskErrorCode>> = {
  400: "invalid",
  404: "unknown",
  409: "conflict",
  413: "invalid",
  503: "no-runtime",
};

async function add(line: Line, requests: readonly AddRequest[]): Promise<readonly Added[]> {
  const [only] = requests;
  if (only && requests.length === 1) return [await line.post<Added>("/commands", only)];
  return await line.post("/commands/many", { commands: requests });
}

async function find(line: Line, id: number): Promise<CommandRow | null> {
  const answer = await line.answer({ method: "GET", path: `/commands/${id}` });
  if (answer.status === 404) return null;
  if (answer.status === 200) return answer.body as CommandRow;
  const { detail = `status ${answer.status}` } = (answer.body ?? {}) as { detail?: string };
  throw new DeskError(codes[answer.status] ?? "conflict", detail);
}

/** Page by page, so that no answer is large; in an order of its own it has a thousand rows. */
async function list(line: Line, query: CommandQuery): Promise<readonly CommandRow[]> {
  if (query.ids?.length === 0) return [];
  const most = query.first ?? query.last ?? Number.POSITIVE_INFINITY;
  const isOne = query.last !== undefined || query.orderBy !== undefined || most <= rowsAtOnce;
  if (isOne) return await line.get(pathOf(query, Math.min(most, rowsAtOnce)));
  const rows: CommandRow[] = [];
  for (;;) {
    const beyond = rows.at(-1)?.id ?? query.beyond ?? 0;
    const wanted = Math.min(rowsAtOnce, most - rows.length);
    const paged = beyond > 0 ? { ...query, beyond } : query;
    const page: readonly CommandRow[] = await line.get(pathOf(paged, wanted));
    rows.push(...page);
    if (page.length < wanted || rows.length >= most) return rows;
  }
}

function pathOf(query: CommandQuery, limit: number): string {
  const { ids, groups, states, paused, where, orderBy, beyond, last } = query;
  const words = new URLSearchParams({ [last === undefined ? "limit" : "last"]: String(limit) });
  if (ids !== undefined) words.set("id", ids.join());
  for (const group of groups ?? []) words.append("group", group);
  if (states !== undefined) words.set("state", states.join());
  if (paused !== undefined) words.set("paused", String(paused));
  if (where !== undefined) words.set("where", JSON.stringify(where));
  if (orderBy) words.set("order_by", orderBy.field);
  if (orderBy?.descending) words.set("descending", "true");
  if (beyond !== undefined) words.set("beyond", String(beyond));
  return `/commands?${words}`;
}
