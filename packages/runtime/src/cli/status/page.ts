// What `status` and `processes` show to people.

import { systemClock } from "@queue-runtime/store/clock";
import { jobStates } from "@queue-runtime/store/job";
import type { ProcessRow, StoredRows } from "../../control/rows.ts";
import { queueColumns } from "../flow/queue.ts";
import { commandPage } from "../shell/list/page.ts";
import type { ColumnName } from "../shell/list/query.ts";
import type { Output } from "../terminal/output.ts";
import { type Column, table } from "../terminal/table.ts";
import { visible } from "../terminal/text.ts";
import { megabytes, period } from "../terminal/times.ts";
import type { Live, Seen } from "./look.ts";

export function statusPage(
  { live, stored, commands }: Seen,
  columns: readonly ColumnName[] | null,
  output: Output,
): string {
  const shown = { ...commands, columns, now: systemClock.now() };
  return [runtimePage(live, stored, output), ...commandPage(shown, output)].join("\n");
}

function runtimePage(live: Live | null, stored: StoredRows, output: Output): string {
  const counts = jobStates
    .filter((state) => stored.jobs[state] > 0)
    .map((state) => `${state} ${output.paint("bold", String(stored.jobs[state]))}`);
  const parts = [headline(live, output), counts.join("   ") || "no jobs"];
  if (stored.queues.length > 0) parts.push("", table(stored.queues, queueColumns, output.stdout));
  if (stored.processes.length > 0) parts.push("", processTable(stored.processes, output));
  // Without a worker every name is unknown, which says nothing.
  const workers = stored.processes.some(({ kind }) => kind === "worker");
  const unknown = workers ? stored.unknown_names : [];
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

export function processTable(processes: readonly ProcessRow[], output: Output): string {
  const several = new Set(processes.map(({ host }) => host)).size > 1;
  const columns = processColumns(systemClock.now());
  const shown = several ? columns : columns.filter((column) => column !== hostColumn);
  return table(processes, shown, output.stdout);
}

/** Pids of several hosts mean nothing without it. */
const hostColumn: Column<ProcessRow> = { title: "HOST", value: ({ host }) => host, shrinkTo: 8 };

function processColumns(now: number): readonly Column<ProcessRow>[] {
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
    { title: "SEEN", value: ({ heartbeat_at: at }) => `${period(now - Date.parse(at))} ago` },
    { title: "RSS", value: ({ rss_bytes: rss }) => (rss === null ? "" : megabytes(rss)) },
  ];
}
