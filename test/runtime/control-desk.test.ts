import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { localDesk } from "../../packages/runtime/src/control/desk/local.ts";
import type { AddRequest } from "../../packages/runtime/src/control/desk.ts";
import { deskWorld, ended, until } from "./support/desk-world.ts";

const { control, open, command, outputOf, readOutput } = deskWorld();

test("a command is added, runs, and shows how it ended", async () => {
  const it = await open();
  const [{ id, outcome } = { id: 0 }] = await it.add([command("echo hello; exit 3")]);
  expect(outcome).toBe("created");
  const row = await until(it, id, ended);
  expect(row).toMatchObject({ state: "failed", exit_code: 3, signal: null, ended_by: "self" });
  expect(row).not.toHaveProperty("environment");
  expect(readOutput(id)).toBe("hello\n");
});

test("words are joined, quoted one by one, or run as they are", async () => {
  const it = await open();
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

test("without a runtime data can be changed, and processes cannot", async () => {
  const { store } = control.target;
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
  const it = await open();
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

test("one that is stashed with a delay is let go by the time", async () => {
  const it = await open();
  const [one, other] = await it.add([
    command("true", { stashed: true, delay_ms: 60_000 }),
    command("true", { stashed: true, at: "2099-01-01T00:00:00Z" }),
  ]);
  expect(await it.find(one!.id)).toMatchObject({ state: "scheduled" });
  expect(await it.find(other!.id)).toMatchObject({
    state: "scheduled",
    run_at: "2099-01-01T00:00:00.000Z",
  });
});

test("restarts make new commands, or run the old one again in its place", async () => {
  const it = await open();
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
  const it = await open();
  const [one] = await it.add([command("echo out")]);
  await until(it, one!.id, ended);
  const file = outputOf(one!.id);
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

test("an editor's lock keeps a command from running, and its changes from others", async () => {
  const it = await open();
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
  const it = await open();
  await it.addGroup("gpu/0?big&%", { slots: 2, pause_on_failure: true });
  await expect(it.addGroup("gpu/0?big&%", {})).rejects.toMatchObject({ code: "conflict" });
  await it.setGroup("gpu/0?big&%", { slots: 0 });
  expect((await it.groups())[1]).toMatchObject({ name: "gpu/0?big&%", slots: 0 });
  const [{ id } = { id: 0 }] = await it.add([
    command("true", { group: "gpu/0?big&%", stashed: true }),
  ]);
  expect(await it.list({ groups: ["gpu/0?big&%"] })).toHaveLength(1);
  await expect(it.removeGroup("gpu/0?big&%")).rejects.toMatchObject({ code: "conflict" });
  await it.remove([id]);
  await it.removeGroup("gpu/0?big&%");
  await expect(it.setGroup("gpu/0?big&%", {})).rejects.toMatchObject({ code: "unknown" });
  await expect(it.removeGroup("default")).rejects.toMatchObject({ code: "conflict" });
});

test("commands change places, and their variables change", async () => {
  const it = await open();
  const stashed = { stashed: true };
  const [one, two] = await it.add([command("echo 1", stashed), command("echo 2", stashed)]);
  expect(await it.swap(one!.id, two!.id)).toMatchObject([
    { outcome: "swapped" },
    { outcome: "swapped" },
  ]);
  await expect(it.swap(one!.id, one!.id)).rejects.toThrow("with itself");
  expect(await it.setVariable(one!.id, "A", "1")).toEqual({ id: one!.id, outcome: "set" });
  expect(await control.target.store.commands.environment(one!.id)).toMatchObject({ A: "1" });
  expect(await it.setVariable(one!.id, "A", null)).toEqual({ id: one!.id, outcome: "unset" });
  expect(await it.setVariable(one!.id, "A", null)).toMatchObject({ outcome: "refused" });
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
  const it = await open();
  const request = { ...command("true"), ...wrong } as AddRequest;
  await expect(it.add([command("true", { stashed: true }), request])).rejects.toThrow(sentence);
  expect(await it.list({})).toEqual([]);
});
