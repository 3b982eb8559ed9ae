import { readFileSync } from "node:fs";
import { type NewProcess, StoreError } from "@queue-runtime/store";
import { expect, test } from "vitest";
import { localDesk } from "../../packages/runtime/src/control/desk/local.ts";
import { temporaryStore } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { deskWorld, ended, until } from "./support/desk-world.ts";

const { control, open, command, readOutput } = deskWorld();

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

test("what is started at once runs when the answer is there, whatever its group does", async () => {
  const it = await open();
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
  const it = await open();
  await it.setGroup("default", { slots: 0 });
  const all = Array.from({ length: 40 }, async (_, at) => {
    if (at % 2 === 0) await it.resume({ group: "default" });
    const [added] = await it.add([command("true", { immediate: true })]);
    return added?.outcome;
  });
  expect(new Set(await Promise.all(all))).toEqual(new Set(["started"]));
});

test("pause, resume and kill are seen by the very next look", async () => {
  const it = await open();
  const [{ id } = { id: 0 }] = await it.add([command("sleep 60", { immediate: true })]);
  const { pid } = (await it.find(id))!;
  expect(await it.pause({ ids: [id] }, {})).toEqual([{ id, outcome: "paused" }]);
  expect(await it.find(id)).toMatchObject({ state: "running", paused: true });
  // a shell that is just starting something waits for that (D), and that is stopped
  await waitFor(() => /\) [TD] /.test(readFileSync(`/proc/${pid}/stat`, "utf8")));
  expect(await it.resume({ ids: [id] })).toEqual([{ id, outcome: "resumed" }]);
  expect(await it.find(id)).toMatchObject({ paused: false });
  expect(await it.kill({ ids: [id] }, {})).toEqual([{ id, outcome: "killed" }]);
  expect(await it.find(id)).toMatchObject({ state: "cancelled", ended_by: "person" });
});

test("every id is answered, in order, and only those that match are acted on", async () => {
  const it = await open();
  const [one, two] = await it.add([command("sleep 60"), command("sleep 60")]);
  await until(it, one!.id, ({ state }) => state === "running");
  expect(await it.pause({ ids: [999, two!.id, one!.id] }, {})).toEqual([
    { id: 999, outcome: "unknown", error: "there is no command 999" },
    {
      id: two!.id,
      outcome: "refused",
      error: `it does not run: it is ready; \`runtime stash ${two!.id}\` keeps it from beginning`,
    },
    { id: one!.id, outcome: "paused" },
  ]);
  expect(await it.find(two!.id)).toMatchObject({ state: "ready", paused: false });
});

test("a killed group begins nothing else while something waits in it, and only that group", async () => {
  const it = await open();
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
  const it = await open();
  const { store } = control.target;
  const [paused, killed] = await it.add([
    command("sleep 60", { stashed: true }),
    command("sleep 60", { stashed: true, group: "default" }),
  ]);
  const live = control.target.commands!;
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

test("what another host runs cannot be paused from here, and who asks is told what can be done", async () => {
  const { store } = control.target;
  const it = await open();
  await it.pause({ group: "default" }, {});
  const [added] = await it.add([command("sleep 60")]);
  const id = added!.id;
  const processId = await store.processes.register(stranger);
  const claim = { ids: [id], evenPaused: true, limit: 1, queues: [], names: ["command"] };
  const turn = { settlements: [], checkpoints: [], claim: { ...claim, idle: true } };
  const { claimed } = await store.jobs.turn({ processId, ...turn });
  const process = { pid: 1, startTicks: 1, bootId: "boot", host: "elsewhere" };
  await store.commands.began([{ id, fence: claimed[0]!.fence, process, slot: 0 }]);
  const error = "it runs on elsewhere: ask there; only kill works from here";
  expect(await it.pause({ ids: [id] }, {})).toEqual([{ id, outcome: "refused", error }]);
});

test("a signal is sent by name, number or lower case; what is none is refused", async () => {
  const it = await open();
  const loop = 'trap "echo heard" USR1; echo ready; while :; do sleep 0.05; done';
  const [{ id } = { id: 0 }] = await it.add([command(loop, { immediate: true })]);
  await waitFor(() => readOutput(id).includes("ready"));
  expect(await it.kill({ ids: [id] }, { signal: "usr1" })).toEqual([{ id, outcome: "signalled" }]);
  await waitFor(() => readOutput(id).includes("heard"));
  expect(await it.find(id)).toMatchObject({ state: "running", signals_sent: ["SIGUSR1"] });
  await expect(it.kill({ ids: [id] }, { signal: "WINK" })).rejects.toThrow('"WINK" is no signal');
  await it.kill({ ids: [id] }, { signal: "9" });
  await until(it, id, ended);
});

test("input reaches a command, and its end ends it", async () => {
  const it = await open();
  const [{ id } = { id: 0 }] = await it.add([command("cat", { immediate: true })]);
  expect(await it.send(id, { input: "one\n" })).toEqual({ id, outcome: "sent" });
  expect(await it.send(id, { input: "two", eof: true })).toEqual({ id, outcome: "sent" });
  expect(await until(it, id, ended)).toMatchObject({ state: "finished" });
  expect(readOutput(id)).toBe("one\ntwo");
  expect(await it.send(id, { input: "x" })).toMatchObject({ outcome: "refused" });
  await expect(it.send(id, {})).rejects.toThrow("there is nothing to send");
});

test("who wants to reach a command that does not run is told the word for what it is", async () => {
  const it = await open();
  const held = (await it.add([command("true", { stashed: true })]))[0]!.id;
  const [after, over] = (await it.add([command("true", { after: [held] }), command("true")])).map(
    ({ id }) => id,
  );
  await until(it, over!, ended);
  const send = async (id: number) => [await it.send(id, { input: "x" })];
  const wanted = [
    [held, await it.kill({ ids: [held] }, {}), `held; \`runtime cancel ${held}\` ends it, \`runt`],
    [over, await it.kill({ ids: [over!] }, {}), `finished; \`runtime remove ${over}\` deletes it`],
    [after, await it.pause({ ids: [after!] }, {}), `waiting; \`runtime stash ${after}\` keeps it`],
    [held, await it.resume({ ids: [held] }), `held; \`runtime enqueue ${held}\` lets it go`],
    [after, await send(after!), `waiting; \`runtime start ${after}\` begins it at once`],
    [over, await send(over!), `finished; \`runtime restart ${over}\` runs it again`],
  ] as const;
  for (const [id, answers, words] of wanted) {
    expect(answers).toMatchObject([{ id, outcome: "refused" }]);
    expect(answers[0]!.error).toContain(`it does not run: it is ${words}`);
  }
});

test("input for a command that ends on the way there is refused with the word for what it is", async () => {
  const it = await open();
  const [added] = await it.add([command("sleep 60", { immediate: true })]);
  const { id } = added!;
  const live = control.target.commands!;
  const before = live.running();
  await it.kill({ ids: [id] }, {});
  await until(it, id, ended);
  Object.assign(live, { running: () => before });
  expect(await it.send(id, { input: "x" })).toMatchObject({
    ...{ id, outcome: "refused" },
    error: expect.stringContaining("it does not run: it is cancelled"),
  });
});

test("a reset that fails half-way keeps what is left from beginning, and says what to do", async () => {
  await using opened = await temporaryStore();
  const { commands, jobs, queues } = opened.store;
  const refuse = () => Promise.reject(new StoreError("unreachable", "the server went away"));
  const store = { ...opened.store, commands: { ...commands, remove: refuse } };
  const given = { live: null, folder: null, whyNot: "" };
  const command = { line: "true", argv: null, directory: "/", environment: {} };
  await commands.addGroup("builds", {});
  await jobs.enqueue([{ name: "command", kind: "command", queue: "builds", command }]);
  await expect(localDesk({ ...given, store }).reset({ groups: ["builds"] })).rejects.toMatchObject({
    code: "unreachable",
    message:
      "the server went away; the reset is half done, and has left groups paused: " +
      "`runtime reset --groups builds` does the rest, " +
      "`runtime resume --group NAME` lets one go on instead",
  });
  const pausedGroups = async () =>
    (await queues.list()).flatMap(({ name, paused }) => (paused ? [name] : []));
  expect(await pausedGroups()).toEqual(["builds"]);
  expect(await commands.list({})).toMatchObject([{ state: "ready" }]);
  const answers = await localDesk({ ...given, store: opened.store }).reset({ groups: ["builds"] });
  expect(answers).toMatchObject([{ outcome: "removed" }]);
  expect(await pausedGroups()).toEqual([]);
});

test("reset answers when everything is over and gone, and the groups run again", async () => {
  const it = await open();
  const added = await it.add([command("sleep 60"), command("sleep 60"), command("true")]);
  await until(it, added[0]!.id, ({ state }) => state === "running");
  await it.pause({ group: "default" }, { wait: true });
  const answers = await it.reset({});
  expect(answers.map(({ outcome }) => outcome)).toEqual(["removed", "removed", "removed"]);
  expect(await it.list({})).toEqual([]);
  expect((await it.groups())[0]).toMatchObject({ name: "default", paused: false });
});
