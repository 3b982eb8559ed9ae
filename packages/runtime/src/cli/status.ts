// status and processes: what the store knows, and what a running supervisor knows better. Below the
// runtime come the commands, as many and in such an order as a query says.

import { hostname } from "node:os";
import {
  type JobState,
  jobStates,
  type Process,
  type Queue,
  type Store,
  systemClock,
} from "@queue-runtime/store";
import type { Config } from "../config.ts";
import { ask, NoAnswerError, NothingListensError } from "../control/client.ts";
import type { Desk, GroupRow } from "../control/desk.ts";
import { lockHolder } from "../control/lock.ts";
import { processRow, queueRow } from "../control/rows.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { deskOn } from "./data/desk.ts";
import { withStore } from "./data/open.ts";
import { queueColumns } from "./flow/queue.ts";
import type { Invocation } from "./line/command.ts";
import { CommandError, UsageError } from "./line/errors.ts";
import { readInteger } from "./line/options.ts";
import { defaultLimit, type FoundCommands, findCommands, type Wanted } from "./shell/list/find.ts";
import { commandPage } from "./shell/list/page.ts";
import { readQuery } from "./shell/list/query.ts";
import type { Output } from "./terminal/output.ts";
import { type Column, table } from "./terminal/table.ts";
import { quoted, visible } from "./terminal/text.ts";
import { megabytes, period } from "./terminal/times.ts";

/** As `GET /status` of the control API answers. */
interface Live {
  readonly pid: number;
  readonly host: string;
  readonly started_at: string | null;
  readonly state: string;
  readonly processes: readonly {
    readonly id: number;
    readonly state: Process["state"];
    readonly rss_bytes: number | null;
  }[];
}

interface Stored {
  readonly jobs: Readonly<Record<JobState, number>>;
  readonly queues: readonly Queue[];
  readonly processes: readonly Process[];
  readonly unknownNames: readonly { readonly name: string; readonly ready: number }[];
}

export async function status(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const wanted = readWanted(invocation);
  const config = await invocation.config();
  const [live, [stored, commands]] = await Promise.all([
    askRuntime(config),
    withStore(config, async (store) => {
      const desk = deskOn(store, config);
      if (wanted.group !== undefined) await requireGroup(desk, wanted.group);
      return [await read(store), await readCommands(desk, wanted)] as const;
    }),
  ]);
  const seen = { ...stored, processes: refresh(stored.processes, live) };
  if (json) {
    const { groups, rows } = commands;
    output.json({ ...statusRow(live, seen), groups, commands: rows });
    return exitCodes.ok;
  }
  const now = systemClock.now();
  const shown = { ...commands, columns: wanted.query.columns, now };
  output.result([statusPage(live, seen, output), ...commandPage(shown, output)].join("\n"));
  if (wanted.asked && commands.rows.length === 0) output.say("no command matches the query");
  if (commands.cut && wanted.limit === undefined && !wanted.asked) {
    output.say(`the newest ${defaultLimit} commands are shown; --limit or a query shows others`);
  }
  return exitCodes.ok;
}

/** @throws UsageError */
function readWanted(invocation: Invocation): Wanted {
  const text = invocation.words.join(" ");
  const query = readQuery(text, systemClock.now());
  const limit = readInteger("limit", invocation.text("limit"), { least: 1, most: 100_000 });
  if (limit !== undefined && (query.first ?? query.last) !== null) {
    throw new UsageError("give --limit, or first or last in the query, not both");
  }
  return { query, asked: text.trim() !== "", group: invocation.text("group"), limit };
}

async function readCommands(
  desk: Desk,
  wanted: Wanted,
): Promise<FoundCommands & { groups: readonly GroupRow[] }> {
  const [found, groups] = await Promise.all([findCommands(desk, wanted), desk.groups()]);
  const own = ({ name }: GroupRow): boolean => name === (wanted.group ?? name);
  return { ...found, groups: groups.filter(own) };
}

async function requireGroup(desk: Desk, name: string): Promise<void> {
  const names = (await desk.groups()).map((group) => group.name);
  if (names.includes(name)) return;
  throw new CommandError(`there is no group ${quoted(name)}; the groups are ${names.join(", ")}`);
}

export async function processes(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const config = await invocation.config();
  const [live, stored] = await Promise.all([
    askRuntime(config),
    withStore(config, (store) => store.processes.list()),
  ]);
  const seen = refresh(stored, live);
  if (json) output.json(seen.map(processRow));
  else if (seen.length === 0) output.say("no process is registered");
  else output.result(processTable(seen, output));
  return exitCodes.ok;
}

async function read(store: Store): Promise<Stored> {
  return {
    jobs: await store.jobs.count(),
    queues: await store.queues.list(),
    processes: await store.processes.list(),
    unknownNames: await store.jobs.unknownNames(),
  };
}

/** null: no runtime runs here. One that holds its lock runs, even when it gives no answer. */
async function askRuntime({ control }: Config): Promise<Live | null> {
  try {
    const answer = await ask(control.socket, { method: "GET", path: "/status?live=true" });
    if (answer.status === 200) return answer.body as Live;
  } catch (error) {
    const silent = error instanceof NothingListensError || error instanceof NoAnswerError;
    if (!silent) throw error;
  }
  const pid = lockHolder(control.socket);
  if (pid === false || pid === null) return null;
  return { pid, host: hostname(), started_at: null, state: "not answering", processes: [] };
}

/** The supervisor sees its children all the time; their rows are as old as the last heartbeat. */
function refresh(stored: readonly Process[], live: Live | null): readonly Process[] {
  const known = new Map(live?.processes.map((each) => [each.id, each]));
  return stored.map((row) => {
    const now = known.get(row.id);
    if (now === undefined) return row;
    return { ...row, state: now.state, rssBytes: now.rss_bytes ?? row.rssBytes };
  });
}

function statusRow(live: Live | null, stored: Stored): object {
  return {
    running: live !== null,
    pid: live?.pid ?? null,
    host: live?.host ?? null,
    started_at: live?.started_at ?? null,
    jobs: Object.fromEntries(jobStates.map((state) => [state, stored.jobs[state]])),
    queues: stored.queues.map(queueRow),
    processes: stored.processes.map(processRow),
    unknown_names: stored.unknownNames.map(({ name, ready }) => ({ name, ready })),
  };
}

function statusPage(live: Live | null, stored: Stored, output: Output): string {
  const counts = jobStates
    .filter((state) => stored.jobs[state] > 0)
    .map((state) => `${state} ${output.paint("bold", String(stored.jobs[state]))}`);
  const parts = [headline(live, output), counts.join("   ") || "no jobs"];
  if (stored.queues.length > 0) parts.push("", table(stored.queues, queueColumns, output.stdout));
  if (stored.processes.length > 0) parts.push("", processTable(stored.processes, output));
  // Without a worker every name is unknown, which says nothing.
  const workers = stored.processes.some(({ kind }) => kind === "worker");
  const unknown = workers ? stored.unknownNames : [];
  if (unknown.length > 0) parts.push("");
  for (const { name, ready } of unknown) {
    const wait = ready === 1 ? "1 job waits" : `${ready} jobs wait`;
    const sentence = `${wait} for a worker that knows "${visible(name)}"; no running one does`;
    parts.push(output.paint("yellow", sentence));
  }
  return parts.join("\n");
}

function headline(live: Live | null, output: Output): string {
  if (live === null) return `${output.paint("dim", "○ not running")}`;
  const since = live.started_at === null ? Number.NaN : Date.parse(live.started_at);
  const age = Number.isNaN(since) ? "" : ` for ${period(systemClock.now() - since)}`;
  const state = live.state === "running" ? "green" : "yellow";
  const where = `pid ${live.pid} on ${visible(live.host)}`;
  return `${output.paint(state, `● ${live.state}`)}${age}, ${where}`;
}

function processTable(processes: readonly Process[], output: Output): string {
  const several = new Set(processes.map(({ host }) => host)).size > 1;
  const columns = processColumns(systemClock.now());
  const shown = several ? columns : columns.filter((column) => column !== hostColumn);
  return table(processes, shown, output.stdout);
}

/** Pids of several hosts mean nothing without it. */
const hostColumn: Column<Process> = { title: "HOST", value: ({ host }) => host, shrinkTo: 8 };

function processColumns(now: number): readonly Column<Process>[] {
  return [
    { title: "ID", value: ({ id }) => id },
    { title: "PROCESS", value: ({ name }) => name, shrinkTo: 16 },
    { title: "PID", value: ({ pid }) => pid },
    hostColumn,
    {
      title: "STATE",
      value: ({ state }) => state,
      style: ({ state }) => (state === "running" ? "green" : "yellow"),
    },
    { title: "JOBS", value: ({ jobs }) => jobs },
    { title: "QUEUES", value: ({ queues }) => queues.join(" "), shrinkTo: 10 },
    { title: "SEEN", value: ({ heartbeatAt }) => `${period(now - heartbeatAt)} ago` },
    { title: "RSS", value: ({ rssBytes }) => (rssBytes === null ? "" : megabytes(rssBytes)) },
  ];
}
