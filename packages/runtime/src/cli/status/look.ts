// How things stand, for `status` and `processes`. A runtime that listens has its store open already
// and is asked for everything: this process then loads no store, which is most of what a command
// line loads. Without one, or where an answer would keep it from its work, the store is read here.

import { hostname } from "node:os";
import { shownStore } from "../../config/shown-store.ts";
import type { Config } from "../../config.ts";
import { ask, NoAnswerError, NothingListensError } from "../../control/client.ts";
import { DeskError } from "../../control/desk/desk-error.ts";
import { remoteDesk } from "../../control/desk/remote.ts";
import type { Desk, GroupRow } from "../../control/desk.ts";
import type { LiveProcess, StoredRows } from "../../control/rows.ts";
import type { LiveStatus } from "../../control/target.ts";
import { CommandError } from "../line/errors.ts";
import { type FoundCommands, findCommands, isShort, type Wanted } from "../shell/list/find.ts";
import { quoted } from "../terminal/text.ts";

/** A runtime of this host, as far as it says so itself. */
export interface Live {
  readonly pid: number;
  readonly host: string;
  readonly started_at: string | null;
  readonly state: LiveStatus["state"] | "not answering";
  readonly processes: readonly LiveProcess[];
  /** null: it does not say. */
  readonly store: string | null;
}

export interface Commands extends FoundCommands {
  readonly groups: readonly GroupRow[];
}

export interface Seen {
  readonly live: Live | null;
  readonly stored: StoredRows;
  readonly commands: Commands;
}

/** @throws CommandError */
export async function look(config: Config, wanted: Wanted): Promise<Seen> {
  const seen = isShort(wanted) ? await askForAll(config, wanted) : null;
  if (seen !== null && seen !== "silent") return seen;
  const live = seen === "silent" ? await silentRuntime(config) : await askRuntime(config);
  return await lookInStore(config, live, wanted);
}

/** null: no runtime runs here. One that holds its lock runs, even when it gives no answer. */
export async function askRuntime({ control }: Pick<Config, "control">): Promise<Live | null> {
  try {
    const answer = await ask(control.socket, { method: "GET", path: "/status?live=true" });
    if (answer.status === 200) return answer.body as LiveStatus;
  } catch (error) {
    const silent = error instanceof NothingListensError || error instanceof NoAnswerError;
    if (!silent) throw error;
  }
  return await silentRuntime({ control });
}

/** One that gave no answer; null where none runs. */
async function silentRuntime({ control }: Pick<Config, "control">): Promise<Live | null> {
  const { lockHolder } = await import("../../control/lock.ts");
  const pid = lockHolder(control.socket);
  if (pid === false || pid === null) return null;
  const nothingSaid = { store: null, started_at: null, processes: [] };
  return { pid, host: hostname(), state: "not answering", ...nothingSaid };
}

/** null: it cannot read its store, or that is another one; the store itself will tell. */
async function askForAll(
  { control, store }: Config,
  wanted: Wanted,
): Promise<Seen | "silent" | null> {
  const desk = remoteDesk(control.socket);
  try {
    const asked = readCommands(desk, wanted);
    // that there is no such group counts only in our store
    asked.catch(() => undefined);
    const status = await desk.status();
    if (status.store !== shownStore(store)) return null;
    return { live: status, stored: status, commands: await asked };
  } catch (error) {
    if (error instanceof NothingListensError || error instanceof NoAnswerError) return "silent";
    if (error instanceof DeskError) return null;
    throw error;
  }
}

async function lookInStore(config: Config, live: Live | null, wanted: Wanted): Promise<Seen> {
  const [{ withStore }, { deskOn }, { storedRows, withLive }] = await Promise.all([
    import("../data/open.ts"),
    import("../data/local-desk.ts"),
    import("../../control/rows.ts"),
  ]);
  return await withStore(config, async (store) => {
    const commands = await readCommands(deskOn(store, config), wanted);
    const rows = await storedRows(store);
    const processes = withLive(rows.processes, live?.processes ?? []);
    return { live, stored: { ...rows, processes }, commands };
  });
}

async function readCommands(desk: Desk, wanted: Wanted): Promise<Commands> {
  const groups = await desk.groups();
  if (wanted.group !== undefined) requireGroup(groups, wanted.group);
  const own = ({ name }: GroupRow): boolean => name === (wanted.group ?? name);
  return { ...(await findCommands(desk, wanted)), groups: groups.filter(own) };
}

function requireGroup(groups: readonly GroupRow[], wanted: string): void {
  const names = groups.map(({ name }) => name);
  if (names.includes(wanted)) return;
  throw new CommandError(`there is no group ${quoted(wanted)}; the groups are ${names.join(", ")}`);
}
