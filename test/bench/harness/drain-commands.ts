// How fast a real runtime works off shell commands that are all queued when the first one begins.

import { CommandRuntime } from "./command-runtime.ts";
import type { Bench } from "./measurement.ts";

export interface CommandDrain {
  readonly count: number;
  readonly slots: number;
  /** Each comes after the one before it. */
  readonly chained?: boolean;
}

/** Commands per second, from the first claim to the last stored end. */
export async function drainCommands(bench: Bench, drain: CommandDrain): Promise<number> {
  await using runtime = await CommandRuntime.start(bench);
  const { control, store } = runtime;
  await control.post("/groups/default", { slots: drain.slots });
  await control.post("/commands/pause", { group: "default" });
  await addAll(runtime, drain);
  await control.post("/commands/resume", { group: "default" });
  const done = async (): Promise<boolean> => {
    const { ready, running, waiting } = await store.jobs.count();
    return ready + running + waiting === 0;
  };
  await runtime.runtime.until(done, { deadlineMs: 120_000, everyMs: 100, what: "the last" });
  const spans = await runtime.spans();
  if (spans.length !== drain.count) throw new Error(`${spans.length} of ${drain.count} finished`);
  const first = Math.min(...spans.map(({ from }) => from));
  const last = Math.max(...spans.map(({ to }) => to));
  return drain.count / ((last - first) / 1_000);
}

async function addAll(runtime: CommandRuntime, { count, chained }: CommandDrain): Promise<void> {
  if (!chained) {
    const commands = Array.from({ length: 100 }, () => runtime.request("true"));
    for (let left = count; left > 0; left -= commands.length) {
      await runtime.control.post("/commands/many", { commands: commands.slice(0, left) });
    }
    return;
  }
  let last: number | null = null;
  for (let link = 0; link < count; link += 1) {
    last = await runtime.add("true", last === null ? {} : { after: [last] });
  }
}
