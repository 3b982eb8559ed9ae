// What a row of crash-jobs/flow.ts had asked for, by its name and input alone.

import type { FlowInput } from "../crash-jobs/flow.ts";
import type { Callback, Slot, Wants } from "./evidence.ts";

interface Input extends Partial<FlowInput> {
  readonly batch?: number;
  readonly task?: string;
}

const callbacks: Readonly<Record<string, Callback>> = {
  "flow.finish": "finish",
  "flow.success": "success",
  "flow.failure": "failure",
};

export function wantsOf(name: string, args: unknown): Wants {
  const input = (args ?? {}) as Input;
  const as = callbacks[name];
  return {
    slots: slotsOf(name, input),
    uniqueKey: name === "flow.unique" ? input.key! : null,
    after: input.after ?? [],
    ifDependencyFails: input.ifDependencyFails ?? "fail",
    doomed: input.fate === "doomed",
    follows: as === undefined ? null : { batch: input.batch!, as },
    task: input.task ?? null,
  };
}

function slotsOf(name: string, { key, other }: Input): readonly Slot[] {
  const one = { key: `one/${key}`, limit: 1 };
  const three = { key: `three/${other}`, limit: 3 };
  if (name === "flow.one" || name === "flow.count") return [one];
  if (name === "flow.three") return [three];
  return name === "flow.both" ? [three, one] : [];
}
