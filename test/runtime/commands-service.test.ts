// The service that runs commands, with a store that is away, a lease that is lost, and a holder who
// is not the holder any more.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { prepareFolder } from "../../packages/runtime/src/child/commands/run/output.ts";
import { monotonic } from "../../packages/runtime/src/process/monotonic.ts";
import { BegunRuns, readBegun } from "../../packages/runtime/src/process/runs/begun-runs.ts";
import { StoreHealth } from "../../packages/runtime/src/service/store-health.ts";
import { FirstSight } from "../../packages/runtime/src/supervisor/commands/first-sight.ts";
import { inherit } from "../../packages/runtime/src/supervisor/commands/inherit.ts";
import { someProcess } from "../store/contract/world.ts";
import { isRunning } from "../support/proc.ts";
import { temporaryFolder } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { CommandsWorld } from "./support/commands-world.ts";
import { idsOfItsOwn } from "./support/ids-of-its-own.ts";

const hold = 'while [ ! -e "$DIR/go" ]; do sleep 0.01; done';

async function pidOf(world: CommandsWorld, id: number): Promise<number> {
  return await waitFor(async () => (await world.command(id)).command.process?.pid);
}

test("a folder of output that cannot be had is named, with the setting that is to blame", async () => {
  await using world = await CommandsWorld.make({ output: `${import.meta.filename}/output` });
  const sentence = /^the output of commands cannot be kept: ENOTDIR.*; see commands\.output$/;
  await expect(world.service.start()).rejects.toThrow(sentence);
});

test("a folder below one that takes none is refused as well, at once", async () => {
  await using world = await CommandsWorld.make({ output: "/proc/nowhere/output" });
  const sentence = /^the output of commands cannot be kept: ENOENT.*; see commands\.output$/;
  await expect(world.service.start()).rejects.toThrow(sentence);
});

test("while the store is away commands go on, and their ends are stored when it is back", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  const id = await world.add(`${hold}; touch "$DIR/done"; exit 7`);
  const pid = await pidOf(world, id);
  world.link.state = "cut";
  writeFileSync(join(world.folder.path, "go"), "");
  await waitFor(() => existsSync(join(world.folder.path, "done")) && !isRunning(pid));
  expect(await world.command(id)).toMatchObject({ state: "running" });
  world.link.state = "whole";
  expect(await world.commandIn(id, "failed")).toMatchObject({
    attempts: 1,
    command: { exitCode: 7, process: { pid } },
  });
});

test("a claim whose answer gets lost starts nothing, and its command runs once afterwards", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  world.link.state = "deaf";
  world.link.onlyTurns = true;
  const id = await world.add('echo run >> "$DIR/runs"');
  await waitFor(() => world.link.turns.some(({ claim }) => claim?.ids?.includes(id)));
  expect(world.told.filter(({ said }) => said === "began")).toEqual([]);
  world.link.state = "whole";
  expect(await world.commandIn(id, "finished")).toMatchObject({ attempts: 1 });
  expect(world.told.filter(({ said }) => said === "began")).toHaveLength(1);
});

test("a run that came and went before its pid was stored is lost, and not done twice unasked", async () => {
  await using world = await CommandsWorld.make();
  const { store, log, ids } = world;
  await idsOfItsOwn(store);
  await store.commands.setGroup("default", { slots: 3 });
  const line = 'echo "$RUNTIME_JOB_ID" >> "$DIR/runs"';
  const lost = await world.add(line);
  const again = await world.add(line, { retryLimit: 1 });
  const never = await world.add(line);
  const dead = await store.processes.register(someProcess({ kind: "commands" }));
  const claim = { queues: [], names: ["command"], limit: 3, idle: true, ids: [lost, again, never] };
  const turn = { processId: dead, settlements: [], checkpoints: [], claim };
  const { claimed } = await store.jobs.turn(turn);
  prepareFolder(world.output);
  const notes = new BegunRuns(world.output);
  for (const run of claimed) notes.note(run);
  notes.known(claimed[2]!);
  const from = { id: dead, name: "commands", kind: "commands" as const };
  const folder = world.output;
  const kept = await inherit({ store, log, from, to: ids.supervisor, keep: true, folder });
  expect(kept).toEqual([lost, again]);
  await world.service.start();
  expect(await world.commandIn(lost, "failed")).toMatchObject({
    attempts: 1,
    command: { endedBy: "lost" },
  });
  expect(await world.commandIn(again, "scheduled")).toMatchObject({ attempts: 1 });
  expect(await world.commandIn(never, "finished")).toMatchObject({ attempts: 1 });
  expect(readFileSync(join(world.folder.path, "runs"), "utf8")).toBe(`${never}\n`);
});

test("a run is noted as begun until its pid is stored", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  world.link.lost = "began";
  const id = await world.add('touch "$DIR/ran"');
  await waitFor(() => existsSync(join(world.folder.path, "ran")));
  expect(readBegun(world.output)).toEqual([{ id, fence: 1 }]);
  world.link.lost = null;
  await world.commandIn(id, "finished");
  expect(readBegun(world.output)).toEqual([]);
});

test("a lost lease ends what runs by TERM, at no cost, and begins nothing until it is regained", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  const id = await world.add(hold);
  const pid = await pidOf(world, id);
  world.service.leaseLost(true);
  expect(await world.commandIn(id, "ready")).toMatchObject({ attempts: 0, interruptions: 1 });
  expect(isRunning(pid)).toBe(false);
  world.service.look();
  writeFileSync(join(world.folder.path, "go"), "");
  expect(await world.command(id)).toMatchObject({ state: "ready" });
  world.service.leaseLost(false);
  await world.commandIn(id, "finished");
});

test("a run that somebody else holds by now is ended at once, and settles nothing", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  const id = await world.add(`trap "" TERM; ${hold}`);
  const pid = await pidOf(world, id);
  const { supervisor, child } = world.ids;
  // as another host would, after our silence
  const [taken] = await world.store.commands.adopt(child, supervisor);
  world.service.turns.settle({ id, fence: taken!.fence - 1, outcome: "released" });
  await waitFor(() => !isRunning(pid));
  await waitFor(() => world.service.runs.size === 0);
  expect(await world.command(id)).toMatchObject({ state: "running", processId: supervisor });
});

test("a pause that is stored wins over a claim that was chosen before it", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  world.link.latencyMs = 100;
  world.link.asked.length = 0;
  const id = await world.add("true");
  // what it chose is on its way back by then; the claim comes after that
  await waitFor(() => world.link.asked.includes("queued"), { everyMs: 1 });
  await world.store.queues.pause("default");
  const { turns } = world.link;
  await waitFor(() => turns.some(({ claim }) => claim?.ids?.includes(id)));
  await waitFor(() => world.link.underWay === 0);
  expect(await world.command(id)).toMatchObject({ state: "ready", attempts: 0 });
  await world.store.queues.resume("default");
  world.service.look();
  await world.commandIn(id, "finished");
});

test("heads of groups are asked for beside the settings of groups, and again when those changed", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  await world.commandIn(await world.add("true"), "finished");
  const { link, store } = world;
  link.latencyMs = 20;
  await world.commandIn(await world.add("true"), "finished");
  expect(link.beside).toContain("queued beside groupSettings");
  await store.queues.pause("default");
  const paused = await world.add("true");
  link.asked.length = 0;
  world.service.look();
  await waitFor(() => link.asked.includes("groupSettings") && link.asked.length > 1);
  await store.queues.resume("default");
  world.service.look();
  await world.commandIn(paused, "finished");
});

test("what the system does not take is said, such as a line that is too long for it", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  const long = await world.add(`: ${"x".repeat(200_000)}`);
  expect((await world.commandIn(long, "failed")).error?.message).toBe(
    "the line and the environment are longer than the system takes",
  );
  const after = await world.add("true");
  await world.commandIn(after, "finished");
});

test("what is chosen while a turn is under way is claimed by the next one", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  world.link.onlyTurns = true;
  world.link.latencyMs = 400;
  world.service.turns.request({ look: true });
  await waitFor(() => world.link.underWay > 0);
  const id = await world.add("true");
  await world.commandIn(id, "finished");
});

test("what is claimed while it stops is handed back at once, however long its input takes", async () => {
  using folder = temporaryFolder();
  const gate = join(folder.path, "gate");
  const slow = `#!/bin/sh\nwhile [ ! -e ${gate} ]; do sleep 0.01; done\nexec /usr/bin/mkfifo "$@"\n`;
  writeFileSync(join(folder.path, "mkfifo"), slow, { mode: 0o755 });
  vi.stubEnv("PATH", `${folder.path}:${process.env.PATH}`);
  await using world = await CommandsWorld.make();
  vi.unstubAllEnvs();
  await world.service.start();
  world.link.onlyTurns = true;
  world.link.latencyMs = 200;
  const id = await world.add("true");
  await world.commandIn(id, "running");
  const now = monotonic();
  const times = { interrupt: now + 60_000, release: now + 60_000, kill: now + 60_000 };
  const stopped = world.service.stop({ ...times, close: now + 60_000 }, "a test");
  expect(await world.commandIn(id, "ready")).toMatchObject({ attempts: 0 });
  writeFileSync(gate, "");
  expect(await stopped).toBe(true);
});

test("a first command that cannot be looked for is said to be so once, however often it fails", async () => {
  await using world = await CommandsWorld.make();
  const { link, log } = world;
  link.lost = "outstanding";
  let seen = false;
  const health = new StoreHealth(log);
  const sight = new FirstSight({ store: link.store, health, seen: () => (seen = true) });
  sight.open();
  await waitFor(() => link.asked.filter((what) => what === "outstanding").length >= 3);
  expect(log.types).toEqual(["store-trouble"]);
  await world.add("true");
  link.lost = null;
  await waitFor(() => seen);
  expect(log.types).toEqual(["store-trouble", "store-well"]);
  sight.close();
});
