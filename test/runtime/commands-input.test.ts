// The input of commands: a real pipe, from its first byte to its end, that costs nothing when
// nobody writes to it.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { InputPipes } from "../../packages/runtime/src/child/commands/run/input-pipes.ts";
import { temporaryFolder } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { CommandsWorld } from "./support/commands-world.ts";
import { notedLog } from "./support/noted-log.ts";

afterEach(() => void vi.unstubAllEnvs());

let requests = 0;

async function send(world: CommandsWorld, id: number, text: string, eof = false) {
  requests++;
  const request = requests;
  const bytes = Buffer.from(text).toString("base64");
  world.service.take({ say: "send", request, id, bytes, eof });
  return await waitFor(() => {
    const answered = world.told.find(
      (each) => each.said === "answered" && each.request === request,
    );
    return answered?.said === "answered" && answered.answers[0];
  });
}

async function begun(world: CommandsWorld, id: number): Promise<void> {
  await waitFor(async () => (await world.command(id)).command.process?.pid);
}

function outputOf(world: CommandsWorld, id: number): string {
  return readFileSync(join(world.folder.path, "output", `${id}.1.log`), "utf8");
}

test("it can be opened by its path, and is no socket to anybody", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  const id = await world.add(
    'test -p /dev/stdin && cat /dev/stdin && cat < /dev/stdin && echo "$(stat -Lc %F /dev/stdin)"',
  );
  await begun(world, id);
  expect(await send(world, id, "one\n")).toMatchObject({ outcome: "done" });
  expect(await send(world, id, "two\n", true)).toMatchObject({ outcome: "done" });
  await world.commandIn(id, "finished");
  expect(outputOf(world, id)).toBe("one\ntwo\nfifo\n");
});

test("bash takes nobody for a remote shell, so it reads no settings of one", async () => {
  await using world = await CommandsWorld.make();
  const { path } = world.folder;
  writeFileSync(join(path, ".bashrc"), "echo settings\n");
  await world.service.start();
  const environment = { PATH: process.env.PATH ?? "", HOME: path };
  const argv = ["bash", "-c", "echo said"];
  const id = await world.add("bash -c 'echo said'", { argv, environment });
  await world.commandIn(id, "finished");
  expect(outputOf(world, id)).toBe("said\n");
});

test("its end is seen also by those who open it later, with and without something before", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  await world.store.commands.setGroup("default", { slots: 2 });
  const line = 'while [ ! -e "$DIR/go" ]; do sleep 0.01; done; cat < /dev/stdin; cat /dev/stdin';
  const empty = await world.add(line);
  const filled = await world.add(line);
  await begun(world, empty);
  await begun(world, filled);
  await send(world, empty, "", true);
  await send(world, filled, "text\n", true);
  expect(await send(world, filled, "more")).toMatchObject({ outcome: "refused" });
  writeFileSync(join(world.folder.path, "go"), "");
  await world.commandIn(empty, "finished");
  await world.commandIn(filled, "finished");
  expect([outputOf(world, empty), outputOf(world, filled)]).toEqual(["", "text\n"]);
});

test("what nobody reads is bounded, and what is read arrives whole", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  const wait = 'while [ ! -e "$DIR/go" ]; do sleep 0.01; done';
  const id = await world.add(`${wait}; wc -c`);
  await begun(world, id);
  const chunk = "x".repeat(300_000);
  let taken = 0;
  for (;;) {
    const answer = await send(world, id, chunk);
    if (answer.outcome !== "done") {
      expect(answer.error).toContain("more than 1 MB cannot wait");
      break;
    }
    taken += chunk.length;
  }
  expect(taken).toBeLessThan(1_048_576 + 2 * chunk.length);
  expect(taken).toBeGreaterThan(600_000);
  writeFileSync(join(world.folder.path, "go"), "");
  await waitFor(async () => (await send(world, id, "", true)).outcome === "done");
  await world.commandIn(id, "finished");
  expect(outputOf(world, id).trim()).toBe(String(taken));
});

test("one that closes its input is told no more", async () => {
  await using world = await CommandsWorld.make();
  await world.service.start();
  const id = await world.add(
    'exec <&-; echo closed; while [ ! -e "$DIR/go" ]; do sleep 0.01; done',
  );
  await begun(world, id);
  await waitFor(() => outputOf(world, id) === "closed\n");
  await waitFor(async () => (await send(world, id, "x")).error?.includes("its input is closed"));
  writeFileSync(join(world.folder.path, "go"), "");
  await world.commandIn(id, "finished");
});

test("many commands leave no file descriptor and no name behind", async () => {
  using temporary = temporaryFolder();
  vi.stubEnv("TMPDIR", temporary.path);
  await using world = await CommandsWorld.make();
  await world.service.start();
  await world.store.commands.setGroup("default", { slots: 8 });
  const run = async (count: number) => {
    const ids = [];
    for (let index = 0; index < count; index++) ids.push(await world.add("true"));
    for (const id of ids) await world.commandIn(id, "finished");
    await waitFor(() => world.service.runs.size === 0);
  };
  const open = () => readdirSync("/proc/self/fd").length;
  const names = () => {
    const [folder] = readdirSync(temporary.path);
    return readdirSync(join(temporary.path, folder!)).length;
  };
  await run(10);
  const before = open();
  await run(300);
  await waitFor(() => open() <= before);
  expect(names()).toBeLessThan(128);
  await world[Symbol.asyncDispose]();
  expect(readdirSync(temporary.path)).toEqual([]);
}, 120_000);

test("where no pipes can be made it is a socket, and the log says so once", async () => {
  vi.stubEnv("PATH", "/nowhere");
  await using world = await CommandsWorld.make();
  await waitFor(() => world.log.events.some(({ type }) => type === "command-input-trouble"));
  vi.unstubAllEnvs();
  await world.service.start();
  const id = await world.add("cat");
  await begun(world, id);
  await send(world, id, "read\n", true);
  await world.commandIn(id, "finished");
  expect(outputOf(world, id)).toBe("read\n");
  const said = world.log.events.filter(({ type }) => type === "command-input-trouble");
  expect(said).toMatchObject([{ message: expect.stringContaining("mkfifo") }]);
});

test("names of those who died are removed, those of the living are not", async () => {
  using temporary = temporaryFolder();
  vi.stubEnv("TMPDIR", temporary.path);
  const dead = join(tmpdir(), "queue-runtime-input-999999999-1-abcdef");
  const reused = join(tmpdir(), `queue-runtime-input-${process.pid}-1-abcdef`);
  for (const folder of [dead, reused]) mkdirSync(folder);
  await using living = pipes();
  await living.wait();
  await using other = pipes();
  await waitFor(() => !existsSync(dead) && !existsSync(reused));
  await other.wait();
  expect(readdirSync(temporary.path)).toHaveLength(2);
});

test("names that somebody tidied away are made again", async () => {
  using temporary = temporaryFolder();
  vi.stubEnv("TMPDIR", temporary.path);
  await using some = pipes();
  await some.wait();
  for (const name of readdirSync(temporary.path)) {
    rmSync(join(temporary.path, name), { recursive: true });
  }
  await some.wait();
  expect(some.take()).toMatchObject({ read: expect.any(Number), write: expect.any(Number) });
});

function pipes(): InputPipes & AsyncDisposable {
  const made = new InputPipes({ log: notedLog(), otherwise: () => "/nowhere" });
  made.start();
  return Object.assign(made, { [Symbol.asyncDispose]: () => made.close() });
}
