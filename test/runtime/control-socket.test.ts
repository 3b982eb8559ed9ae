import { existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ask } from "../../packages/runtime/src/control/client.ts";
import { within } from "../support/pace.ts";
import { controlWorld } from "./support/control-world.ts";

const world = controlWorld();

test("only the owner can open the socket, and no trace of how it was made remains", async () => {
  await world.serve();
  expect(statSync(world.socket).mode & 0o777).toBe(0o600);
  expect(statSync(join(world.folder, "run")).nlink).toBe(2);
});

test("a socket file that a dead runtime left behind is replaced", async () => {
  mkdirSync(join(world.folder, "run"));
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(join(world.folder, "run", "x"), resolve));
  symlinkSync(join(world.folder, "run", "x"), join(world.folder, "link"));
  rmSync(join(world.folder, "link"));
  await world.serve({ socket: join(world.folder, "run", "x") });
  const answer = await ask(join(world.folder, "run", "x"), { method: "GET", path: "/livez" });
  expect(answer.status).toBe(200);
  await new Promise((resolve) => dead.close(resolve));
});

test("a symbolic link or a plain file in the place of the socket is refused", async () => {
  mkdirSync(join(world.folder, "run"));
  writeFileSync(join(world.folder, "precious"), "data");
  symlinkSync(join(world.folder, "precious"), world.socket);
  await expect(world.serve()).rejects.toThrow("is a symbolic link");
  rmSync(world.socket);
  writeFileSync(world.socket, "data");
  await expect(world.serve()).rejects.toThrow("is not a socket");
});

test("a path that no socket can have is refused with its length", async () => {
  const long = join(world.folder, "d".repeat(120), "runtime.sock");
  await expect(world.serve({ socket: long })).rejects.toThrow(
    /has \d+ bytes and a socket can have 1/,
  );
});

test("stop is answered when the supervisor is about to end, or at once on request", async () => {
  await world.serve();
  const now = ask(world.socket, { method: "POST", path: "/stop", body: { wait: false } });
  expect((await now).status).toBe(202);
  const waiting = ask(world.socket, { method: "POST", path: "/stop" });
  world.target.stopped.resolve();
  expect((await waiting).body).toEqual({ stopped: true });
  expect(world.target.told).toEqual(["stop", "stop"]);
});

test("a reload that is refused says why", async () => {
  await world.serve();
  world.target.reloadError = new Error("queue.yml:3: workers: not a list");
  expect(await ask(world.socket, { method: "POST", path: "/reload" })).toMatchObject({
    status: 409,
    body: { title: "Conflict", detail: "queue.yml:3: workers: not a list" },
  });
});

test("nothing listens after close, and an open request does not delay it", async () => {
  const server = await world.serve();
  const open = ask(world.socket, { method: "POST", path: "/stop" });
  const ended = open.catch((error: Error) => error.name);
  await expect.poll(() => world.target.told).toEqual(["stop"]);
  const before = performance.now();
  await server.close();
  expect(performance.now() - before).toBeLessThan(within(1_000));
  expect(await ended).toBe("NoAnswerError");
  expect(existsSync(world.socket)).toBe(false);
  const late = ask(world.socket, { method: "GET", path: "/livez" });
  await expect(late).rejects.toThrow("no runtime listens on");
});

test.each([
  ["in its head", "HTTP/1.1 200 OK\r\ncontent-type: appl"],
  ["in its body", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\ncontent-type: text/plain\r\n\r\nha"],
  ["in JSON of no length", 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"a": '],
  ["before it began", ""],
])("an answer that is cut off %s is none", async (_, part) => {
  const server = createServer((line) => line.resume().end(part));
  const socket = join(world.folder, "cut.sock");
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const asked = ask(socket, { method: "GET", path: "/status" });
  await expect(asked).rejects.toThrow("ended before it answered");
  await new Promise((resolve) => server.close(resolve));
});

test("unknown paths and wrong methods are problems with a status of their own", async () => {
  await world.serve();
  expect((await ask(world.socket, { method: "GET", path: "/nowhere" })).status).toBe(404);
  expect((await ask(world.socket, { method: "GET", path: "/stop" })).status).toBe(405);
  expect((await ask(world.socket, { method: "POST", path: "/livez" })).status).toBe(405);
  expect(world.target.told).toEqual([]);
});
