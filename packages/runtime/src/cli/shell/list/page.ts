// The tables of commands below the summary of `status`, one for each group.

import type { CommandRow, GroupRow } from "../../../control/desk.ts";
import type { Output } from "../../terminal/output.ts";
import { narrowest, table } from "../../terminal/table.ts";
import { visible } from "../../terminal/text.ts";
import { columnsFor } from "./columns.ts";
import type { ColumnName } from "./query.ts";

export interface Shown {
  readonly rows: readonly CommandRow[];
  readonly groups: readonly GroupRow[];
  readonly columns: readonly ColumnName[] | null;
  readonly now: number;
}

/** Lines; none where there is nothing to show. */
export function commandPage({ rows, groups, columns, now }: Shown, output: Output): string[] {
  const known = new Map(groups.map((group) => [group.name, group]));
  const names = [...new Set([...groups.map(({ name }) => name), ...rows.map((row) => row.queue)])];
  return names.flatMap((name) => {
    const own = rows.filter(({ queue }) => queue === name);
    const group = known.get(name);
    // a group that nobody uses is only worth a line when it is paused
    if (own.length === 0 && !group?.paused) return [];
    const lines = own.length > 0 ? [tableOf({ rows: own, columns, now }, output)] : [];
    return ["", headline(name, group, output), ...lines];
  });
}

/** What gives way on a narrow terminal, first to last, unless somebody asked for it. */
const dispensable = ["PATH", "START", "END", "PRIO", "SLOTS", "DEPS", "LABEL", "ENQUEUE AT"];

function tableOf({ rows, columns: asked, now }: Omit<Shown, "groups">, output: Output): string {
  const { stdout } = output;
  let columns = columnsFor(rows, asked, now);
  const room = stdout.isTTY && asked === null ? stdout.columns : Number.POSITIVE_INFINITY;
  for (const title of dispensable) {
    if (narrowest(rows, columns) <= room) break;
    columns = columns.filter((column) => column.title !== title);
  }
  return table(rows, columns, stdout);
}

function headline(name: string, group: GroupRow | undefined, output: Output): string {
  const title = output.paint("bold", `Group ${visible(name)}`);
  if (group === undefined) return title;
  const { slots, paused, running, queued } = group;
  const room = slots === 0 ? "no limit" : slots === 1 ? "1 slot" : `${slots} slots`;
  const state = paused ? output.paint("yellow", "paused") : output.paint("green", "running");
  return `${title} (${room}, ${state}): ${running} running, ${queued} queued`;
}
