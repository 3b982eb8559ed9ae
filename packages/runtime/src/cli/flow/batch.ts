// batch list and show: how far jobs that belong together have come.

import { type Batch, type BatchState, systemClock } from "@queue-runtime/store";
import { batchRow } from "../../control/rows.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { withStore } from "../data/open.ts";
import type { Invocation } from "../line/command.ts";
import { CommandError } from "../line/errors.ts";
import { readId, readInteger } from "../line/options.ts";
import { type Column, table } from "../terminal/table.ts";
import { jsonText, type Style, visible } from "../terminal/text.ts";
import { period } from "../terminal/times.ts";

export async function list(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const limit = readInteger("limit", invocation.text("limit"), { least: 1, most: 1_000 }) ?? 50;
  const found = await withStore(await invocation.config(), (store) =>
    store.batches.list({ limit }),
  );
  if (json) output.json(found.map(batchRow));
  else if (found.length === 0) output.say("there are no batches");
  else output.result(table(found, columns(systemClock.now()), output.stdout));
  return exitCodes.ok;
}

export async function show(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const id = readId(invocation.words[0] ?? "", "batch");
  const found = await withStore(await invocation.config(), (store) => store.batches.find(id));
  if (found === null) throw new CommandError(`there is no batch ${id}`);
  if (json) output.json(batchRow(found));
  else output.result(page(found));
  return exitCodes.ok;
}

const styles: Readonly<Record<BatchState, Style>> = {
  open: "yellow",
  sealed: "cyan",
  succeeded: "green",
  failed: "red",
};

function columns(now: number): readonly Column<Batch>[] {
  return [
    { title: "ID", value: ({ id }) => id },
    { title: "STATE", value: ({ state }) => state, style: ({ state }) => styles[state] },
    { title: "JOBS", value: ({ jobs }) => jobs.total },
    { title: "PENDING", value: ({ jobs }) => jobs.pending },
    { title: "FAILED", value: ({ jobs }) => jobs.failed + jobs.cancelled },
    { title: "AGE", value: ({ createdAt }) => period(now - createdAt) },
    { title: "DESCRIPTION", value: ({ description }) => description ?? "", shrinkTo: 12 },
  ];
}

function page(batch: Batch): string {
  return Object.entries(batchRow(batch))
    .filter(([, value]) => value !== null)
    .map(([name, value]) => {
      const text = typeof value === "string" ? value : jsonText(value);
      return `${name.padEnd(16)}${visible(text)}`;
    })
    .join("\n");
}
