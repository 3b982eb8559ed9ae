// status and processes: what the store knows, and what a running supervisor knows better. Below the
// runtime come the commands, as many and in such an order as a query says. What people read is laid
// out in status/page.ts, which programs that ask for JSON do not load.

import { exitCodes } from "../process/exit-codes.ts";
import type { Invocation } from "./line/command.ts";
import { UsageError } from "./line/errors.ts";
import { readInteger } from "./line/options.ts";
import { defaultLimit, everything, type Wanted } from "./shell/list/find.ts";
import type { StatusQuery } from "./shell/list/query.ts";
import { askRuntime, look, type Seen } from "./status/look.ts";

export async function status(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const wanted = await readWanted(invocation);
  const seen = await look(await invocation.config(), wanted);
  if (json) {
    output.json(statusRow(seen));
    return exitCodes.ok;
  }
  const { commands } = seen;
  const { statusPage } = await import("./status/page.ts");
  output.result(statusPage(seen, wanted.query.columns, output));
  if (wanted.asked && commands.rows.length === 0) output.say("no command matches the query");
  if (commands.cut && wanted.limit === undefined && !wanted.asked) {
    output.say(`the newest ${defaultLimit} commands are shown; --limit or a query shows others`);
  }
  return exitCodes.ok;
}

/** @throws UsageError */
async function readWanted(invocation: Invocation): Promise<Wanted> {
  const text = invocation.words.join(" ").trim();
  const query = text === "" ? everything : await readQuery(text);
  const limit = readInteger("limit", invocation.text("limit"), { least: 1, most: 100_000 });
  if (limit !== undefined && (query.first ?? query.last) !== null) {
    throw new UsageError("give --limit, or first or last in the query, not both");
  }
  return { query, asked: text !== "", group: invocation.text("group"), limit };
}

/** @throws UsageError */
async function readQuery(text: string): Promise<StatusQuery> {
  const [query, { systemClock }] = await Promise.all([
    import("./shell/list/query.ts"),
    import("@queue-runtime/store/clock"),
  ]);
  return query.readQuery(text, systemClock.now());
}

export async function processes(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const config = await invocation.config();
  const [{ withStore }, { processRow, withLive }] = await Promise.all([
    import("./data/open.ts"),
    import("../control/rows.ts"),
  ]);
  const [live, stored] = await Promise.all([
    askRuntime(config),
    withStore(config, (store) => store.processes.list()),
  ]);
  const seen = withLive(stored.map(processRow), live?.processes ?? []);
  if (json) output.json(seen);
  else if (seen.length === 0) output.say("no process is registered");
  else output.result((await import("./status/page.ts")).processTable(seen, output));
  return exitCodes.ok;
}

function statusRow({ live, stored, commands }: Seen): object {
  return {
    running: live !== null,
    pid: live?.pid ?? null,
    host: live?.host ?? null,
    started_at: live?.started_at ?? null,
    jobs: stored.jobs,
    queues: stored.queues,
    processes: stored.processes,
    unknown_names: stored.unknown_names,
    groups: commands.groups,
    commands: commands.rows,
  };
}
