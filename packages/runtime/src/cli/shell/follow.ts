// follow: output as it comes, until the commands have ended. The store says how they stand, their
// files what they print; both tell when there is something new.

import type { CommandJob, Store } from "@queue-runtime/store";
import { lockHolder } from "../../control/lock.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { Changes } from "../data/changes.ts";
import { withStore } from "../data/open.ts";
import type { Invocation } from "../line/command.ts";
import { CommandError } from "../line/errors.ts";
import { readCommandIds } from "./given/ids.ts";
import { outputFolder, readLines } from "./log.ts";
import { type Fate, Followed } from "./output/followed.ts";
import { JsonLines } from "./output/json-lines.ts";
import { Screen } from "./output/screen.ts";
import { NobodyReadsError } from "./output/write.ts";

/** As `wait` answers. */
const codes: Readonly<Record<Fate, number>> = { finished: 0, failed: 2, gone: 4, unknown: 4 };

export async function follow(invocation: Invocation): Promise<number> {
  const ids = readCommandIds(invocation.words);
  const lines = readLines(invocation) ?? null;
  if (ids.length > 0) return await followIds(invocation, ids, { lines });
  const config = await invocation.config();
  const id = await withStore(config, theOneThatRuns);
  return await followIds(invocation, [id], { lines });
}

/** Exit 0 when all of them finished; see `codes`. */
export async function followIds(
  invocation: Invocation,
  ids: readonly number[],
  { lines }: { readonly lines: number | null },
): Promise<number> {
  const config = await invocation.config();
  const folder = outputFolder(config);
  const { output } = invocation;
  const screen = invocation.json ? new JsonLines(output) : new Screen(output, ids);
  const stderr = invocation.flag("stderr");
  const isAlone =
    !config.store.startsWith("postgres") && lockHolder(config.control.socket) === false;
  return await withStore(config, async (store) => {
    using changes = new Changes(store, config);
    const trouble = Promise.withResolvers<never>();
    const followed = ids.map((id) => {
      const fail = (error: Error): void => trouble.reject(error);
      return new Followed(id, { folder, lines, stderr, screen, isAlone, say: output.say, fail });
    });
    try {
      return await Promise.race([watch(store, changes, followed), trouble.promise]);
    } catch (error) {
      if (error instanceof NobodyReadsError) return exitCodes.ok;
      throw error;
    } finally {
      await Promise.all(followed.map((each) => each.close()));
    }
  });
}

async function watch(
  store: Store,
  changes: Changes,
  followed: readonly Followed[],
): Promise<number> {
  let open = followed;
  while (open.length > 0) {
    await changes.next();
    const rows = await store.commands.list({ ids: open.map(({ id }) => id) });
    const byId = new Map<number, CommandJob>(rows.map((row) => [row.id, row]));
    await Promise.all(open.map((each) => each.look(byId.get(each.id) ?? null)));
    open = open.filter(({ fate }) => fate === null);
  }
  return Math.max(...followed.map(({ fate }) => codes[fate ?? "unknown"]));
}

/** As in Pueue: without an id there has to be exactly one. */
async function theOneThatRuns(store: Store): Promise<number> {
  const running = await store.commands.list({ states: ["running"], first: 10 });
  const [only] = running;
  if (only === undefined) {
    throw new CommandError("no command is running; name the one to wait for: runtime follow 3");
  }
  if (running.length === 1) return only.id;
  const ids = running.map(({ id }) => id).join(" ");
  throw new CommandError(
    `several commands are running; name those to follow: runtime follow ${ids}`,
  );
}
