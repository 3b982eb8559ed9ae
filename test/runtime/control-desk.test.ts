import { existsSync, readFileSync } from "node:fs";
import type { NewProcess } from "@queue-runtime/store";
import { expect, test } from "vitest";
import { localDesk } from "../../packages/runtime/src/control/desk/local.ts";
import { type RemoteDesk, remoteDesk } from "../../packages/runtime/src/control/desk/remote.ts";
import type { AddRequest, CommandRow } from "../../packages/runtime/src/control/desk.ts";
import { outputFile } from "../../packages/runtime/src/control/output/files.ts";
import { waitFor } from "../support/wait-for.ts";
import { controlWorld } from "./support/control-world.ts";

const world = controlWorld();

/** A process that claims and never gets to anything. */
const stranger: NewProcess = {
  kind: "commands",
  name: "commands",
  supervisorId: null,
  queues: [],
  pid: 1,
  host: "elsewhere",
  bootId: "boot",
  startTicks: 1,
};

function command(line: string, more: Partial<AddRequest> = {}): AddRequest {
  const environment = { PATH: process.env.PATH! };
  return { words: [line], directory: world.folder, environment, ...more };
}

/** A desk over the socket, of a runtime that runs commands. */
async function desk(): Promise<RemoteDesk> {
  await world.runCommands();
  await world.serve();
  return remoteDesk(world.socket);
}

async function until(
  desk: RemoteDesk,
  id: number,
  is: (row: CommandRow) => boolean,
): Promise<CommandRow> {
  return await waitFor(async () => {
    const row = await desk.find(id);
    return row && is(row) ? row : null;
  });
}

const ended = ({ finished_at }: CommandRow) => finished_at !== null;

test("a command is added, runs, and shows how it ended", async () => {
  const it = await desk();
  const [{ id, outcome } = { id: 0 }] = await it.add([command("echo hello; exit 3")]);
  expect(outcome).toBe("created");
  const row = await until(it, id, ended);
  expect(row).toMatchObject({ state: "failed", exit_code: 3, signal: null, ended_by: "self" });
  expect(row).not.toHaveProperty("environment");
  expect(
    readFileSync(outputFile(world.target.config.commands!.output, { id, attempt: 1 }), "utf8"),
  ).toBe("hello\n");
});

test("what is started at once runs when the answer is there, whatever its group does", async () => {
  const it = await desk();
  await it.pause({ group: "default" }, {});
  const [waits] = await it.add([command("sleep 60")]);
  expect(waits).toMatchObject({
    outcome: "created",
    warning: expect.stringContaining("is paused"),
  });
  const [runs] = await it.add([command("sleep 60", { immediate: true })]);
  expect(runs?.outcome).toBe("started");
  expect(await it.find(runs!.id)).toMatchObject({ state: "running", pid: expect.any(Number) });
  expect(await it.find(waits!.id)).toMatchObject({ state: "ready" });
  expect(await it.start({ ids: [waits!.id, runs!.id] })).toEqual([
    { id: waits!.id, outcome: "started" },
    { id: runs!.id, outcome: "refused", error: "it runs already" },
  ]);
  expect(await it.find(waits!.id)).toMatchObject({ state: "running" });
});

test("what its group began a moment before is started as well", async () => {
  const it = await desk();
  await it.setGroup("default", { slots: 0 });
  const all = Array.from({ length: 40 }, async (_, at) => {
    if (at % 2 === 0) await it.resume({ group: "default" });
    const [added] = await it.add([command("true", { immediate: true })]);
    return added?.outcome;
  });
  expect(new Set(await Promise.all(all))).toEqual(new Set(["started"]));
});

test("pause, resume and kill are seen by the very next look", async () => {
  const it = await desk();
  const [{ id } = { id: 0 }] = await it.add([command("sleep 60", { immediate: true })]);
  const { pid } = (await it.find(id))!;
  expect(await it.pause({ ids: [id] }, {})).toEqual([{ id, outcome: "paused" }]);
  expect(await it.find(id)).toMatchObject({ state: "running", paused: true });
  expect(readFileSync(`/proc/${pid}/stat`, "utf8")).toContain(") T ");
  expect(await it.resume({ ids: [id] })).toEqual([{ id, outcome: "resumed" }]);
  expect(await it.find(id)).toMatchObject({ paused: false });
  expect(await it.kill({ ids: [id] }, {})).toEqual([{ id, outcome: "killed" }]);
  expect(await it.find(id)).toMatchObject({ state: "cancelled", ended_by: "person" });
});

test("every id is answered, in order, and only those that match are acted on", async () => {
  const it = await desk();
  const [one, two] = await it.add([command("sleep 60"), command("sleep 60")]);
  await until(it, one!.id, ({ state }) => state === "running");
  expect(await it.pause({ ids: [999, two!.id, one!.id] }, {})).toEqual([
    { id: 999, outcome: "unknown", error: "there is no command 999" },
    { id: two!.id, outcome: "refused", error: "it does not run: it is ready" },
    { id: one!.id, outcome: "paused" },
  ]);
  expect(await it.find(two!.id)).toMatchObject({ state: "ready", paused: false });
});

test("a killed group begins nothing else while something waits in it, and only that group", async () => {
  const it = await desk();
  await it.addGroup("other", { slots: 1 });
  const added = await it.add([
    command("sleep 60"),
    command("sleep 60"),
    command("sleep 60", { group: "other" }),
  ]);
  const [first, second, other] = added.map(({ id }) => id);
  await until(it, first!, ({ state }) => state === "running");
  await until(it, other!, ({ state }) => state === "running");
  expect(await it.kill({ group: "default" }, {})).toEqual([{ id: first, outcome: "killed" }]);
  expect(await it.kill({ group: "other" }, {})).toEqual([{ id: other, outcome: "killed" }]);
  const paused = (await it.groups()).map(({ name, paused }) => [name, paused]);
  expect(paused).toEqual([
    ["default", true],
    ["other", false],
  ]);
  expect(await it.find(second!)).toMatchObject({ state: "ready" });
});

test("what was claimed and has no process yet is paused with its group, or asked to end", async () => {
  const it = await desk();
  const { store } = world.target;
  const [paused, killed] = await it.add([
    command("sleep 60", { stashed: true }),
    command("sleep 60", { stashed: true, group: "default" }),
  ]);
  const live = world.target.commands!;
  await store.commands.force([paused!.id]);
  const [start, pause] = await Promise.all([
    live.start([paused!.id]),
    it.pause({ group: "default" }, {}),
  ]);
  expect(start).toMatchObject([{ outcome: "done" }]);
  // the group was paused before it was claimed, or with it
  const row = await it.find(paused!.id);
  expect(row?.paused).toBe(pause.length === 1);
  await store.commands.force([killed!.id]);
  const processId = await store.processes.register(stranger);
  const claim = { ids: [killed!.id], evenPaused: true, limit: 1, queues: [], names: ["command"] };
  const turn = { settlements: [], checkpoints: [], claim: { ...claim, idle: true } };
  await store.jobs.turn({ processId, ...turn });
  const answers = await it.kill({ group: "default" }, {});
  expect(answers.find(({ id }) => id === killed!.id)).toEqual({
    id: killed!.id,
    outcome: "requested",
  });
});

test("a signal is sent by name, number or lower case; what is none is refused", async () => {
  const it = await desk();
  const loop = 'trap "echo heard" USR1; echo ready; while :; do sleep 0.05; done';
  const [{ id } = { id: 0 }] = await it.add([command(loop, { immediate: true })]);
  const file = outputFile(world.target.config.commands!.output, { id, attempt: 1 });
  await waitFor(() => readFileSync(file, "utf8").includes("ready"));
  expect(await it.kill({ ids: [id] }, { signal: "usr1" })).toEqual([{ id, outcome: "signalled" }]);
  await waitFor(() => readFileSync(file, "utf8").includes("heard"));
  expect(await it.find(id)).toMatchObject({ state: "running", signals_sent: ["SIGUSR1"] });
  await expect(it.kill({ ids: [id] }, { signal: "WINK" })).rejects.toThrow('"WINK" is no signal');
  await it.kill({ ids: [id] }, { signal: "9" });
  await until(it, id, ended);
});

test("input reaches a command, and its end ends it", async () => {
  const it = await desk();
  const [{ id } = { id: 0 }] = await it.add([command("cat", { immediate: true })]);
  expect(await it.send(id, { input: "one\n" })).toEqual({ id, outcome: "sent" });
  expect(await it.send(id, { input: "two", eof: true })).toEqual({ id, outcome: "sent" });
  expect(await until(it, id, ended)).toMatchObject({ state: "finished" });
  const file = outputFile(world.target.config.commands!.output, { id, attempt: 1 });
  expect(readFileSync(file, "utf8")).toBe("one\ntwo");
  expect(await it.send(id, { input: "x" })).toMatchObject({ outcome: "refused" });
  await expect(it.send(id, {})).rejects.toThrow("there is nothing to send");
});

test("words are joined, quoted one by one, or run as they are", async () => {
  const it = await desk();
  const words = ["echo", "a b", "$HOME", "it's"];
  const base = { ...command(""), words, stashed: true };
  const added = await it.add([base, { ...base, escape: true }, { ...base, exec: true }]);
  const rows = await it.list({ ids: added.map(({ id }) => id) });
  expect(rows.map((row) => row.command)).toEqual([
    "echo a b $HOME it's",
    "echo 'a b' '$HOME' 'it'\\''s'",
    "echo 'a b' '$HOME' 'it'\\''s'",
  ]);
});

test.each([
  ["no words", { words: [" "] }, "the command is empty"],
  ["a relative folder", { directory: "here" }, 'the folder "here" is relative'],
  ["an unknown group", { group: "nowhere" }, "there is no group"],
  ["a delay and a start", { immediate: true, delay_ms: 5 }, "either delayed or started at once"],
  ["two times", { at: "2030-01-01T00:00:00Z", delay_ms: 5 }, "not both"],
  ["an unknown dependency", { after: [999] }, "999"],
  ["a variable without a name", { environment: { "": "x" } }, "a name"],
] as const)("%s: refused with a sentence, and nothing is added", async (_, wrong, sentence) => {
  const it = await desk();
  const request = { ...command("true"), ...wrong } as AddRequest;
  await expect(it.add([command("true", { stashed: true }), request])).rejects.toThrow(sentence);
  expect(await it.list({})).toEqual([]);
});

test("without a runtime data can be changed, and processes cannot", async () => {
  const { store } = world.target;
  const alone = localDesk({ store, live: null, folder: null });
  const [{ id } = { id: 0 }] = await alone.add([command("true")]);
  expect(await alone.stash({ ids: [id] }, {})).toEqual([{ id, outcome: "stashed" }]);
  expect(await alone.find(id)).toMatchObject({ state: "held" });
  await expect(alone.start({ ids: [id] })).rejects.toThrow("no runtime runs here");
  await expect(alone.add([command("true", { immediate: true })])).rejects.toMatchObject({
    code: "no-runtime",
  });
  expect(await alone.kill({ ids: [id] }, {})).toMatchObject([{ outcome: "refused" }]);
  expect(await alone.list({})).toHaveLength(1);
});

test("what is stashed waits for a person or a time, and is let go", async () => {
  const it = await desk();
  const [{ id } = { id: 0 }] = await it.add([command("true", { stashed: true })]);
  expect(await it.enqueue({ ids: [id] }, { delay_ms: 60_000 })).toEqual([
    { id, outcome: "scheduled" },
  ]);
  expect(await it.find(id)).toMatchObject({ state: "scheduled" });
  expect(await it.enqueue({ group: "default" }, {})).toEqual([{ id, outcome: "enqueued" }]);
  expect(await until(it, id, ended)).toMatchObject({ state: "finished" });
  await expect(it.stash({ group: "nowhere" }, {})).rejects.toThrow(
    'there is no group "nowhere"; the groups: default',
  );
});

test("restarts make new commands, or run the old one again in its place", async () => {
  const it = await desk();
  const [{ id } = { id: 0 }] = await it.add([command("false", { label: "mine" })]);
  await until(it, id, ended);
  const [again] = await it.restart({ all_failed: true, stashed: true });
  expect(again).toMatchObject({ id, outcome: "restarted", new_id: id + 1 });
  expect(await it.find(id + 1)).toMatchObject({ state: "held", label: "mine", command: "false" });
  const changes = { [id]: { command: "sleep 60" } };
  const placed = await it.restart({ ids: [id], in_place: true, immediate: true, changes });
  expect(placed).toEqual([{ id, outcome: "restarted" }]);
  expect(await it.find(id)).toMatchObject({ state: "running", command: "sleep 60" });
  expect(await it.restart({ ids: [id] })).toMatchObject([{ outcome: "refused" }]);
});

test("removing deletes the output; what others wait for is kept by clean", async () => {
  const it = await desk();
  const [one] = await it.add([command("echo out")]);
  await until(it, one!.id, ended);
  const file = outputFile(world.target.config.commands!.output, { id: one!.id, attempt: 1 });
  expect(existsSync(file)).toBe(true);
  expect(await it.remove([one!.id, 77])).toMatchObject([
    { id: one!.id, outcome: "removed" },
    { id: 77, outcome: "unknown" },
  ]);
  expect(existsSync(file)).toBe(false);
  const [two, three] = await it.add([command("true"), command("false")]);
  await until(it, three!.id, ended);
  expect(await it.clean({ successful_only: true })).toEqual([{ id: two!.id, outcome: "removed" }]);
  expect(await it.clean({})).toEqual([{ id: three!.id, outcome: "removed" }]);
});

test("reset answers when everything is over and gone, and the groups run again", async () => {
  const it = await desk();
  const added = await it.add([command("sleep 60"), command("sleep 60"), command("true")]);
  await until(it, added[0]!.id, ({ state }) => state === "running");
  await it.pause({ group: "default" }, { wait: true });
  const answers = await it.reset({});
  expect(answers.map(({ outcome }) => outcome)).toEqual(["removed", "removed", "removed"]);
  expect(await it.list({})).toEqual([]);
  expect((await it.groups())[0]).toMatchObject({ name: "default", paused: false });
});

test("an editor's lock keeps a command from running, and its changes from others", async () => {
  const it = await desk();
  const [{ id } = { id: 0 }] = await it.add([command("echo old", { stashed: true })]);
  const [locked] = await it.lock([id], "me");
  expect(locked).toMatchObject({ outcome: "locked", editable: { id, command: "echo old" } });
  expect(await it.find(id)).toMatchObject({ state: "held", locked: true });
  expect(await it.lock([id], "you")).toMatchObject([{ outcome: "refused" }]);
  expect(await it.start({ ids: [id] })).toMatchObject([{ outcome: "refused" }]);
  const changes = { [id]: { command: "echo new", priority: 3 } };
  expect(await it.unlock([id], { owner: "you" })).toMatchObject([{ outcome: "refused" }]);
  expect(await it.unlock([id], { owner: "me", changes })).toEqual([{ id, outcome: "unlocked" }]);
  expect(await it.find(id)).toMatchObject({ command: "echo new", priority: 3, locked: false });
});

test("groups are added, resized and removed; those that are not there are named", async () => {
  const it = await desk();
  await it.addGroup("gpu/0, big", { slots: 2, pause_on_failure: true });
  await expect(it.addGroup("gpu/0, big", {})).rejects.toMatchObject({ code: "conflict" });
  await it.setGroup("gpu/0, big", { slots: 0 });
  expect((await it.groups())[1]).toMatchObject({ name: "gpu/0, big", slots: 0 });
  const [{ id } = { id: 0 }] = await it.add([
    command("true", { group: "gpu/0, big", stashed: true }),
  ]);
  expect(await it.list({ groups: ["gpu/0, big"] })).toHaveLength(1);
  await expect(it.removeGroup("gpu/0, big")).rejects.toMatchObject({ code: "conflict" });
  await it.remove([id]);
  await it.removeGroup("gpu/0, big");
  await expect(it.setGroup("gpu/0, big", {})).rejects.toMatchObject({ code: "unknown" });
  await expect(it.removeGroup("default")).rejects.toMatchObject({ code: "conflict" });
});

test("commands change places, and their variables change", async () => {
  const it = await desk();
  const stashed = { stashed: true };
  const [one, two] = await it.add([command("echo 1", stashed), command("echo 2", stashed)]);
  expect(await it.swap(one!.id, two!.id)).toMatchObject([
    { outcome: "swapped" },
    { outcome: "swapped" },
  ]);
  await expect(it.swap(one!.id, one!.id)).rejects.toThrow("with itself");
  expect(await it.setVariable(one!.id, "A", "1")).toEqual({ id: one!.id, outcome: "set" });
  expect(await world.target.store.commands.environment(one!.id)).toMatchObject({ A: "1" });
  expect(await it.setVariable(one!.id, "A", null)).toEqual({ id: one!.id, outcome: "unset" });
  expect(await it.setVariable(one!.id, "A", null)).toMatchObject({ outcome: "refused" });
});
