// A siege: whoever runs commands dies at the worst of times, again and again, while people pause and
// kill. The judge knows only what the commands wrote themselves, and what people were answered.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RemoteDesk, remoteDesk } from "../../packages/runtime/src/control/desk/remote.ts";
import { signal } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import { isRunning } from "../support/proc.ts";
import type { RuntimeProcess } from "../support/runtime-process.ts";
import { ShellProject } from "../support/shell-project.ts";
import { waitFor } from "../support/wait-for.ts";

const commands = 30;
const deaths = 6;
const slots = 3;

/** The system lets go of a lock in the moment its holder dies; dying takes a moment. */
const only = (file: string, complaint: string): string =>
  `exec ${file}; flock -w 0.3 ${file[0]} || echo "${complaint} $RUNTIME_JOB_ID" >> "$DIR/history"`;
const guard = [
  only('9>>"$DIR/run.$RUNTIME_JOB_ID"', "TWICE"),
  only('8>>"$DIR/slot.$RUNTIME_SLOT"', "SLOT"),
].join("; ");
const lines = [
  "true",
  "sleep 0.1",
  "sleep 0.4",
  '(exec 8>&- 9>&-; sleep 60) & echo "LEFT $!" >> "$DIR/history"; sleep 0.05',
  "trap '' TERM; sleep 0.2; sleep 0.2",
].map((line) => `${guard}; ${line}; echo "END $RUNTIME_JOB_ID" >> "$DIR/history"`);

class Siege extends ShellProject {
  readonly killed = new Set<number>();
  runtime: RuntimeProcess | null = null;

  constructor() {
    super({ shutdown_timeout: "1s", commands: { kill_grace: "200ms" } });
  }

  override async open(): Promise<void> {
    this.runtime = await this.up();
    await (await this.store()).commands.setGroup("default", { slots });
    for (let n = 0; n < commands; n++) await this.add(lines[n % lines.length]!, { retryLimit: 99 });
  }

  /** The process that runs commands; every other time with everybody who knows of it. */
  async death(n: number): Promise<void> {
    await this.#meddle(this.desk, n);
    if (n % 2 === 1) signal(this.runtime!.pid, "SIGKILL");
    for (const pid of this.pidsOf("commands")) signal(pid, "SIGKILL");
    if (n % 2 === 0) return;
    await this.runtime!.ended();
    this.runtime = await this.up();
  }

  async #meddle(desk: RemoteDesk, n: number): Promise<void> {
    const [row] = await desk.list({ states: ["running"], paused: false, first: 1 });
    if (!row) return;
    const ids = [row.id];
    if (n % 3 === 0) await desk.pause({ ids }, {});
    const answers = n % 3 === 1 ? await desk.kill({ ids }, {}) : [];
    for (const { id, outcome } of answers) if (outcome !== "refused") this.killed.add(id);
  }

  get desk(): RemoteDesk {
    return remoteDesk(join(this.path, "runtime.sock"));
  }

  /** Everything that is late, or paused, is let go until nothing is left. */
  async calm(): Promise<void> {
    const { commands } = await this.store();
    const over = async (): Promise<boolean> => {
      const open = await commands.list({ states: ["ready", "running", "scheduled"] });
      const late = open.filter(({ state }) => state === "scheduled").map(({ id }) => id);
      if (late.length > 0) await commands.letGo(late, { delayMs: null });
      const paused = open.filter(({ command }) => command.paused).map(({ id }) => id);
      if (paused.length > 0) await this.desk.resume({ ids: paused });
      return open.length === 0;
    };
    await waitFor(over, {
      deadlineMs: within(20_000),
      everyMs: 50,
      what: "the end of all commands",
    });
  }

  history(word: string): readonly string[] {
    const file = join(this.path, "history");
    const all = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    return all.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(" ")[1]!);
  }
}

test("under siege no command runs twice at once or is lost, and what people were told is true", async () => {
  await using siege = new Siege();
  await siege.open();
  for (let n = 0; n < deaths; n++) {
    const { commands } = await siege.store();
    await waitFor(async () => (await commands.list({ states: ["running"], first: 1 })).length > 0);
    await siege.death(n);
  }
  await siege.calm();
  expect(siege.history("TWICE")).toEqual([]);
  expect(siege.history("SLOT")).toEqual([]);
  const ended = new Set(siege.history("END").map(Number));
  for (const { id, state } of await (await siege.store()).commands.list({})) {
    expect({ id, state }).toEqual({ id, state: siege.killed.has(id) ? "cancelled" : "finished" });
    if (state === "finished") expect(ended).toContain(id);
  }
  await waitFor(() => !siege.history("LEFT").map(Number).some(isRunning));
});
