import { readFileSync } from "node:fs";
import { openStore } from "@queue-runtime/store";
import { afterEach, expect, test } from "vitest";
import { localDesk } from "../../packages/runtime/src/control/desk/local.ts";
import { type RemoteDesk, remoteDesk } from "../../packages/runtime/src/control/desk/remote.ts";
import type { AddRequest } from "../../packages/runtime/src/control/desk.ts";
import { outputFile } from "../../packages/runtime/src/control/output/files.ts";
import { within } from "../support/pace.ts";
import { waitFor } from "../support/wait-for.ts";
import { controlWorld } from "./support/control-world.ts";
import { type EventStream, listen } from "./support/event-stream.ts";

const world = controlWorld();
const streams: EventStream[] = [];

afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

async function desk(): Promise<RemoteDesk> {
  await world.runCommands();
  await world.serve();
  return remoteDesk(world.socket);
}

async function hear(query = "", headers: Record<string, string> = {}): Promise<EventStream> {
  const stream = await listen(world.socket, `/events${query}`, headers);
  streams.push(stream);
  return stream;
}

function command(line: string, more: Partial<AddRequest> = {}): AddRequest {
  const environment = { PATH: process.env.PATH! };
  return { words: [line], directory: world.folder, environment, ...more };
}

function output(id: number): string {
  const folder = world.target.config.commands!.output;
  return readFileSync(outputFile(folder, { id, attempt: 1 }), "utf8");
}

test("starts, pauses and ends are told in their order, as whole rows", async () => {
  const it = await desk();
  const stream = await hear("?types=command");
  const [{ id } = { id: 0 }] = await it.add([command("sleep 60")]);
  await stream.next("command", ({ state }) => state === "running");
  await it.pause({ ids: [id] }, {});
  await stream.next("command", ({ paused }) => paused);
  await it.kill({ ids: [id] }, {});
  await stream.next("command", ({ state }) => state === "cancelled");
  const told = stream.heard.map(({ data }) => `${data.id} ${data.state} ${data.paused}`);
  expect([...new Set(told)]).toEqual([
    `${id} running false`,
    `${id} running true`,
    `${id} cancelled false`,
  ]);
  const numbers = stream.heard.map((each) => each.id);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(JSON.stringify(stream.heard)).not.toContain("PATH");
});

test("who asks by id hears the state at once, and each change whoever makes it", async () => {
  const it = await desk();
  const [{ id } = { id: 0 }] = await it.add([command("true", { stashed: true })]);
  const stream = await hear(`?types=command&id=${id},999`);
  expect((await stream.next("command")).data).toMatchObject({ id, state: "held" });
  expect((await stream.next("removed")).data).toEqual({ id: 999 });
  const other = await openStore(world.target.config.store);
  const elsewhere = localDesk({ store: other, live: null, folder: null });
  await elsewhere.stash({ ids: [id] }, { delay_ms: 60_000 });
  await stream.next("command", ({ state }) => state === "scheduled");
  await elsewhere.remove([id]);
  await stream.next("removed", (data) => data.id === id);
  await other.close();
  expect(stream.heard.map(({ event, data }) => [event, data.id, data.state])).toEqual([
    ["command", id, "held"],
    ["removed", 999, undefined],
    ["command", id, "scheduled"],
    ["removed", id, undefined],
  ]);
});

test("a dependant that fails without ever running is heard of", async () => {
  const it = await desk();
  await it.addGroup("other", {});
  const [first] = await it.add([command("false", { stashed: true })]);
  const [then] = await it.add([command("true", { after: [first!.id], group: "other" })]);
  const stream = await hear(`?types=command&id=${then!.id}`);
  await stream.next("command", ({ state }) => state === "waiting");
  await it.enqueue({ ids: [first!.id] }, {});
  const { data } = await stream.next("command", ({ state }) => state === "failed");
  expect(data).toMatchObject({ ended_by: "dependency", started_at: null });
});

test("a group is heard of, and no other", async () => {
  const it = await desk();
  await it.addGroup("mine", {});
  const stream = await hear("?types=command&group=mine");
  const [other] = await it.add([command("true")]);
  await waitFor(async () => (await it.find(other!.id))?.finished_at);
  const [mine] = await it.add([command("true", { group: "mine" })]);
  await stream.next("command", ({ state }) => state === "finished");
  expect(new Set(stream.heard.map(({ data }) => data.id))).toEqual(new Set([mine!.id]));
});

test("counts are told at first, and then at most once a second", async () => {
  const it = await desk();
  const stream = await hear("?types=counts");
  expect((await stream.next("counts")).data).toMatchObject({ jobs: { held: 0 } });
  const began = performance.now();
  for (let round = 1; round <= 30; round++) await it.add([command("true", { stashed: true })]);
  await stream.next("counts", ({ jobs }) => jobs.held === 30);
  const seconds = (performance.now() - began) / 1_000;
  expect(stream.heard.length).toBeLessThanOrEqual(2 + Math.ceil(seconds));
  expect(stream.heard.at(-1)!.data.groups).toMatchObject([{ name: "default", jobs: { held: 30 } }]);
});

test("output is told as it is written, from where one began to listen, in whole characters", async () => {
  const it = await desk();
  const line = "echo before; read x; for c in '\\303' '\\251' '!'; do printf $c; sleep 0.05; done";
  const [{ id } = { id: 0 }] = await it.add([command(line, { immediate: true })]);
  await waitFor(() => output(id).includes("before"));
  const stream = await hear(`?types=command&id=${id}&output=${id}`);
  expect((await stream.next("output")).data).toMatchObject({ offset: "before\n".length, text: "" });
  await it.send(id, { input: "\n" });
  await stream.next("command", ({ state }) => state === "finished");
  await stream.next("output", ({ text }) => text.includes("!"));
  const told = stream.heard.filter(({ event }) => event === "output");
  expect(told.map(({ data }) => data.text).join("")).toBe("é!");
  expect(told.every(({ data }) => data.id === id && data.attempt === 1)).toBe(true);
});

test("output of a command that has not begun is told from its first byte", async () => {
  const it = await desk();
  const [{ id } = { id: 0 }] = await it.add([command("echo first", { stashed: true })]);
  const stream = await hear(`?types=command&id=${id}&output=${id}`);
  await stream.next("command");
  await it.start({ ids: [id] });
  await stream.next("output", ({ text }) => text === "first\n");
});

test("the next run of a command is told from its first byte, and nothing twice", async () => {
  const it = await desk();
  const line = 'echo "run $(cat count)"; echo more >> count';
  const [{ id } = { id: 0 }] = await it.add([command(line, { immediate: true })]);
  await waitFor(async () => (await it.find(id))?.finished_at);
  const stream = await hear(`?types=command&id=${id}&output=${id},999`);
  await stream.next("removed", (data) => data.id === 999);
  await stream.next("output");
  const runs = () => stream.heard.filter(({ data }) => data.text?.includes("run")).length;
  for (let round = 1; round <= 30; round++) {
    await it.restart({ ids: [id], in_place: true, immediate: true });
    await waitFor(() => runs() >= round);
    expect(runs()).toBe(round);
    await waitFor(async () => (await it.find(id))?.finished_at);
  }
});

test("who comes back is told that nothing is replayed", async () => {
  await desk();
  const stream = await hear("", { "last-event-id": "17" });
  const { data } = await stream.next("missed");
  expect(data).toEqual({ last_event_id: "17", detail: expect.stringContaining("not kept") });
  expect(stream.heard[0]!.event).toBe("missed");
});

test("a client that does not read is cut, and holds nobody up", async () => {
  const it = await desk();
  const slow = await hear("?types=command");
  const quick = await hear("?types=command");
  slow.pause();
  const line = `true # ${"x".repeat(60_000)}`;
  for (let round = 0; !slow.ended && round < 200; round++) {
    const [{ id } = { id: 0 }] = await it.add([command(line)]);
    await quick.next("command", (row) => row.id === id && row.state === "finished");
    if (round === 60) slow.resume();
  }
  expect(slow.ended).toBe(true);
  expect(quick.ended).toBe(false);
});

test("a flood of output waits in its file for a client that reads slowly", async () => {
  const it = await desk();
  const line = "read x; head -c 20000000 /dev/zero | tr '\\0' x; echo; echo done";
  const [{ id } = { id: 0 }] = await it.add([command(line, { immediate: true })]);
  const stream = await hear(`?types=command&id=${id}&output=${id}`);
  await stream.next("output");
  stream.pause();
  await it.send(id, { input: "\n" });
  await waitFor(async () => (await it.find(id))?.finished_at);
  stream.resume();
  await stream.next("output", ({ text }) => text.endsWith("done\n"));
  const told = stream.heard.filter(({ event }) => event === "output");
  expect(told.reduce((sum, { data }) => sum + data.text.length, 0)).toBe(20_000_006);
  // it was not cut, though much more than its buffer was waiting
  expect(stream.ended).toBe(false);
});

test("a hundred can listen, and the next one is told so", async () => {
  await desk();
  const all = await Promise.all(Array.from({ length: 100 }, () => hear("?types=command")));
  expect(all.every(({ status }) => status === 200)).toBe(true);
  expect((await hear()).status).toBe(503);
  all[0]!.close();
  await waitFor(async () => (await hear()).status === 200);
});

test("listeners are let go when the runtime ends", async () => {
  const server = await world.serve();
  const stream = await hear();
  await stream.next("processes");
  const before = performance.now();
  await server.close();
  expect(performance.now() - before).toBeLessThan(within(190));
  await waitFor(() => stream.ended);
});
