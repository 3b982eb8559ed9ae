// why: everything that keeps jobs from running, by the rules of the claim itself.

import type { Reason } from "@queue-runtime/store";
import { reasonRow } from "../control/rows/reason-row.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { withStore } from "./data/open.ts";
import type { Invocation } from "./line/command.ts";
import { readIds } from "./line/options.ts";
import { reasonText } from "./terminal/reason-text.ts";

interface Found {
  readonly id: number;
  /** null: there is no such job. */
  readonly reasons: readonly Reason[] | null;
  readonly running: boolean;
  readonly command: boolean;
  /** It runs, and somebody asked to cancel it. */
  readonly cancelling: boolean;
}

/** Exit 0 when every job is there, whatever keeps it. */
export async function why(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const ids = readIds(invocation.words);
  const found = await withStore(await invocation.config(), async (store) => {
    const all: Found[] = [];
    for (const id of ids) {
      const reasons = await store.flow.why(id);
      const job = reasons?.length === 0 ? await store.jobs.find(id) : null;
      const running = job?.state === "running";
      const command = job?.kind === "command";
      all.push({ id, reasons, running, command, cancelling: running && job.cancelRequested });
    }
    return all;
  });
  if (json) output.json(found.map(foundRow));
  else for (const each of found) tell(invocation, each);
  return found.some(({ reasons }) => reasons === null) ? exitCodes.unexpected : exitCodes.ok;
}

function foundRow({ id, reasons }: Found): object {
  if (reasons === null) return { id, reasons, error: unknown(id) };
  return { id, reasons: reasons.map(reasonRow) };
}

function tell({ output }: Invocation, { id, reasons, running, command, cancelling }: Found): void {
  if (reasons === null) return output.say(`${id}: ${unknown(id)}`);
  if (reasons.length > 0) {
    for (const reason of reasons) output.result(`${id}: ${reasonText(reason)}`);
  } else if (cancelling) output.result(`${id}: it is running, and was asked to stop`);
  else if (running) output.result(`${id}: it is running`);
  else if (command) output.result(`${id}: nothing keeps it, it begins at any moment`);
  else output.result(`${id}: nothing keeps it, the next free worker takes it`);
}

function unknown(id: number): string {
  return `there is no job ${id}`;
}
