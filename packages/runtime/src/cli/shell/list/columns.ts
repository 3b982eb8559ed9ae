// How a command is shown in a table. A column that no command has anything for is left out, unless
// it was asked for.

import type { CommandRow } from "../../../control/desk.ts";
import type { Column } from "../../terminal/table.ts";
import type { Style } from "../../terminal/text.ts";
import type { ColumnName } from "./query.ts";
import { statusOf } from "./statuses.ts";

type Shown = Column<CommandRow>;

/** @param asked null: what there is to see. */
export function columnsFor(
  rows: readonly CommandRow[],
  asked: readonly ColumnName[] | null,
  now: number,
): readonly Shown[] {
  const known = all(now);
  if (asked !== null) return asked.map((name) => known[name]);
  const has = (name: ColumnName, some: (row: CommandRow) => boolean): readonly ColumnName[] =>
    rows.some(some) ? [name] : [];
  return [
    ...(["id", "status"] as const),
    ...has("priority", ({ priority }) => priority !== 0),
    ...has("slots", ({ slots }) => slots !== 1),
    ...has("enqueue_at", isDelayed),
    ...has("dependencies", ({ after }) => after.length > 0),
    ...has("label", ({ label }) => label !== null),
    ...(["command", "path"] as const),
    ...has("start", ({ started_at }) => started_at !== null),
    ...has("end", ({ finished_at }) => finished_at !== null),
  ].map((name) => known[name]);
}

function isDelayed({ state }: CommandRow): boolean {
  return state === "scheduled";
}

function all(now: number): Readonly<Record<ColumnName, Shown>> {
  return {
    id: { title: "ID", value: ({ id }) => id },
    status: { title: "STATUS", value: statusText, style: statusStyle, shrinkTo: 14 },
    priority: { title: "PRIO", value: ({ priority }) => priority },
    slots: { title: "SLOTS", value: ({ slots }) => slots },
    enqueue_at: {
      title: "ENQUEUE AT",
      value: (row) => (isDelayed(row) ? clockTime(row.run_at, now) : ""),
    },
    dependencies: { title: "DEPS", value: ({ after }) => after.join(","), shrinkTo: 6 },
    label: { title: "LABEL", value: ({ label }) => label ?? "", shrinkTo: 8 },
    command: { title: "COMMAND", value: ({ command }) => command, shrinkTo: 16 },
    path: { title: "PATH", value: ({ directory }) => directory, shrinkTo: 8 },
    start: { title: "START", value: ({ started_at }) => clockTime(started_at, now) },
    end: { title: "END", value: ({ finished_at }) => clockTime(finished_at, now) },
    group: { title: "GROUP", value: ({ queue }) => queue, shrinkTo: 8 },
    exit_code: { title: "EXIT", value: ({ exit_code }) => exit_code ?? "" },
  };
}

/** With how it came to that, such as `failed (exit 3)`. */
export function statusText(row: CommandRow): string {
  const status = statusOf(row);
  const notes = [endText(row), row.adopted ? "adopted" : "", row.locked ? "being edited" : ""];
  const said = notes.filter((note) => note !== "").join(", ");
  return said === "" ? status : `${status} (${said})`;
}

function endText({ state, ended_by: by, exit_code: code, signal }: CommandRow): string {
  if (state === "cancelled") return by === "person" ? "killed" : "";
  if (state !== "failed") return "";
  switch (by) {
    case "timeout":
      return "time-out";
    case "oom":
      return "out of memory";
    case "dependency":
      return "dependency";
    case "lost":
      return "end not seen";
    default:
      return signal ?? (code === null ? "not started" : `exit ${code}`);
  }
}

function statusStyle(row: CommandRow): Style | null {
  const styles: Readonly<Record<string, Style>> = {
    running: "cyan",
    paused: "yellow",
    ready: "green",
    failed: "red",
    finished: "dim",
    cancelled: "dim",
  };
  return styles[statusOf(row)] ?? null;
}

/** By the clock on the wall; the day too, when it is not today's. */
function clockTime(iso: string | null, now: number): string {
  if (iso === null) return "";
  const then = new Date(iso);
  const two = (number: number): string => String(number).padStart(2, "0");
  const time = [then.getHours(), then.getMinutes(), then.getSeconds()].map(two).join(":");
  const date = [then.getFullYear(), then.getMonth() + 1, then.getDate()].map(two).join("-");
  return then.toDateString() === new Date(now).toDateString() ? time : `${date} ${time}`;
}
