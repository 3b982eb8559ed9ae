import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ControlConfig } from "../../packages/runtime/src/config.ts";
import { ask } from "../../packages/runtime/src/control/client.ts";
import { type ControlServer, serveControl } from "../../packages/runtime/src/control/server.ts";
import type { ControlTarget } from "../../packages/runtime/src/control/target.ts";

/** A target that notes what it was told. */
class NotingTarget implements ControlTarget {
  readonly told: string[] = [];
  ready = true;
  reloadError: Error | null = null;
  stopped = Promise.withResolvers<void>();

  describe = () => ({
    pid: 4242,
    host: "here",
    startedAt: 1_700_000_000_000,
    state: "running" as const,
    processes: [{ id: 7, pid: 4243, state: "busy" as const, rssBytes: 1024 }],
  });
  stop = () => {
    this.told.push("stop");
    return this.stopped.promise;
  };
  quiet = (on: boolean) => void this.told.push(`quiet ${on}`);
  reload = async () => {
    this.told.push("reload");
    if (this.reloadError) throw this.reloadError;
  };
  isReady = () => this.ready;
}

let folder: string;
let socket: string;
let target: NotingTarget;
const servers: ControlServer[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "control-"));
  socket = join(folder, "run", "runtime.sock");
  target = new NotingTarget();
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  rmSync(folder, { recursive: true });
});

async function serve(more: Partial<ControlConfig> = {}): Promise<ControlServer> {
  const server = await serveControl({ socket, http: null, token: "", ...more }, target);
  servers.push(server);
  return server;
}

/** Serves on TCP and answers with its address. */
async function serveTcp(token: string): Promise<string> {
  const port = await freePort();
  await serve({ http: { host: "127.0.0.1", port }, token });
  return `http://127.0.0.1:${port}`;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("the owner of the socket can see the status and steer, without a token", async () => {
  await serve();
  expect(await ask(socket, { method: "GET", path: "/status" })).toEqual({
    status: 200,
    body: {
      pid: 4242,
      host: "here",
      started_at: "2023-11-14T22:13:20.000Z",
      state: "running",
      processes: [{ id: 7, pid: 4243, state: "busy", rss_bytes: 1024 }],
    },
  });
  await ask(socket, { method: "POST", path: "/quiet", body: { on: true } });
  await ask(socket, { method: "POST", path: "/quiet", body: { on: false } });
  await ask(socket, { method: "POST", path: "/reload" });
  expect(target.told).toEqual(["quiet true", "quiet false", "reload"]);
});

test("only the owner can open the socket, and no trace of how it was made remains", async () => {
  await serve();
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "run")).nlink).toBe(2);
});

test("a socket file that a dead runtime left behind is replaced", async () => {
  mkdirSync(join(folder, "run"));
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(join(folder, "run", "x"), resolve));
  symlinkSync(join(folder, "run", "x"), join(folder, "link"));
  rmSync(join(folder, "link"));
  await serve({ socket: join(folder, "run", "x") });
  const answer = await ask(join(folder, "run", "x"), { method: "GET", path: "/livez" });
  expect(answer.status).toBe(200);
  await new Promise((resolve) => dead.close(resolve));
});

test("a symbolic link or a plain file in the place of the socket is refused", async () => {
  mkdirSync(join(folder, "run"));
  writeFileSync(join(folder, "precious"), "data");
  symlinkSync(join(folder, "precious"), socket);
  await expect(serve()).rejects.toThrow("is a symbolic link");
  rmSync(socket);
  writeFileSync(socket, "data");
  await expect(serve()).rejects.toThrow("is not a socket");
});

test("a path that no socket can have is refused with its length", async () => {
  const long = join(folder, "d".repeat(120), "runtime.sock");
  await expect(serve({ socket: long })).rejects.toThrow(/has \d+ bytes and a socket can have 1/);
});

test("stop is answered when the supervisor is about to end, or at once on request", async () => {
  await serve();
  const now = ask(socket, { method: "POST", path: "/stop", body: { wait: false } });
  expect((await now).status).toBe(202);
  const waiting = ask(socket, { method: "POST", path: "/stop" });
  target.stopped.resolve();
  expect((await waiting).body).toEqual({ stopped: true });
  expect(target.told).toEqual(["stop", "stop"]);
});

test("a reload that is refused says why", async () => {
  await serve();
  target.reloadError = new Error("queue.yml:3: workers: not a list");
  expect(await ask(socket, { method: "POST", path: "/reload" })).toMatchObject({
    status: 409,
    body: { title: "Conflict", detail: "queue.yml:3: workers: not a list" },
  });
});

test("nothing listens after close, and an open request does not delay it", async () => {
  const server = await serve();
  const open = ask(socket, { method: "POST", path: "/stop" });
  const ended = open.catch((error: Error) => error.name);
  await expect.poll(() => target.told).toEqual(["stop"]);
  const before = performance.now();
  await server.close();
  expect(performance.now() - before).toBeLessThan(1_000);
  expect(await ended).toBe("NoAnswerError");
  expect(existsSync(socket)).toBe(false);
  const late = ask(socket, { method: "GET", path: "/livez" });
  await expect(late).rejects.toThrow("no runtime listens on");
});

test("a supervisor that does not answer is reported after the time-out", async () => {
  await serve();
  const asked = ask(socket, { method: "POST", path: "/stop", timeoutMs: 50 });
  await expect(asked).rejects.toThrow("gave no answer in 50 ms");
});

test("over TCP the probes need no token, and readiness follows the target", async () => {
  const url = await serveTcp("secret");
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  target.ready = false;
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
});

test.each([
  ["no token", {}],
  ["an empty token", bearer("")],
  ["the word undefined", bearer("undefined")],
  ["a wrong last letter", bearer("secreT")],
  ["a part of it", bearer("secre")],
  ["another scheme", { authorization: "Basic secret" }],
])("over TCP %s is not enough", async (_, headers) => {
  const url = await serveTcp("secret");
  const answer = await fetch(`${url}/status`, { headers });
  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(await answer.json()).toMatchObject({ title: "Unauthorized", status: 401 });
});

test("over TCP the token opens everything", async () => {
  const url = await serveTcp("secret");
  expect((await fetch(`${url}/status`, { headers: bearer("secret") })).status).toBe(200);
  const quiet = await fetch(`${url}/quiet`, { method: "POST", headers: bearer("secret") });
  expect(quiet.status).toBe(200);
  expect(target.told).toEqual(["quiet true"]);
});

test("without a configured token nothing but the probes is served, whatever is sent", async () => {
  const url = await serveTcp("");
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect((await fetch(`${url}/status`)).status).toBe(403);
  expect((await fetch(`${url}/status`, { headers: bearer("") })).status).toBe(403);
  expect((await fetch(`${url}/stop`, { method: "POST" })).status).toBe(403);
  expect(target.told).toEqual([]);
});

test.each([
  ["cross-site", { "sec-fetch-site": "cross-site" }],
  ["same-site", { "sec-fetch-site": "same-site" }],
  ["another origin", { origin: "http://evil.example" }],
  ["a null origin", { origin: "null" }],
])("a change that a page asks for is refused: %s", async (_, headers) => {
  const url = await serveTcp("secret");
  const request = { method: "POST", headers: { ...headers, ...bearer("secret") } };
  expect((await fetch(`${url}/stop`, request)).status).toBe(403);
  expect(target.told).toEqual([]);
});

test("a host name of somebody else's that leads to us is refused, ours are not", async () => {
  const url = await serveTcp("secret");
  const port = Number(new URL(url).port);
  const status = async (host: string) => {
    const reply = await raw(
      port,
      `GET /livez HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    return reply.slice(9, 12);
  };
  expect(await status("evil.example")).toBe("403");
  expect(await status(`evil.example:${port}`)).toBe("403");
  expect(await status("10.0.0.1")).toBe("403");
  expect(await status(`localhost:${port}`)).toBe("200");
  expect(await status(`[::1]:${port}`)).toBe("200");
});

test("forms, lists, broken JSON and words for booleans are refused with a sentence", async () => {
  await serve();
  const port = await freePort();
  await serve({ socket: join(folder, "b"), http: { host: "127.0.0.1", port }, token: "t" });
  const post = async (body: string, type: string) => {
    const headers = { ...bearer("t"), "content-type": type };
    const init = { method: "POST", body, headers };
    const answer = await fetch(`http://127.0.0.1:${port}/quiet`, init);
    return [answer.status, ((await answer.json()) as { detail: string }).detail];
  };
  const json = "application/json";
  expect(await post("on=true", "application/x-www-form-urlencoded")).toEqual([
    415,
    "send a body as application/json",
  ]);
  expect(await post("[true]", json)).toEqual([400, "the body must be a JSON object"]);
  expect(await post("{on}", json)).toEqual([400, "the body is not JSON"]);
  expect(await post('{"on":"no"}', json)).toEqual([400, '"on" must be true or false']);
  expect(await post('{"on":"', "text/plain")).toEqual([415, "send a body as application/json"]);
  expect(target.told).toEqual([]);
});

test("a body above 1 MB is refused, also when its length is not announced", async () => {
  const url = await serveTcp("t");
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(32)),
  });
  const headers = { ...bearer("t"), "content-type": "application/json" };
  const chunked = { method: "POST", body: endless, headers, duplex: "half" as const };
  const whole = { method: "POST", body: " ".repeat(1_100_000), headers };
  expect((await fetch(`${url}/quiet`, whole)).status).toBe(413);
  const status = await fetch(`${url}/quiet`, chunked).then(
    (answer) => answer.status,
    () => 413,
  );
  expect(status).toBe(413);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
});

test("unknown paths and wrong methods are problems with a status of their own", async () => {
  await serve();
  expect((await ask(socket, { method: "GET", path: "/nowhere" })).status).toBe(404);
  expect((await ask(socket, { method: "GET", path: "/stop" })).status).toBe(405);
  expect((await ask(socket, { method: "POST", path: "/livez" })).status).toBe(405);
  expect(target.told).toEqual([]);
});

test("a port that is taken is named, and the socket is given back", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const refused = serve({ http: { host: "127.0.0.1", port }, token: "t" });
  await expect(refused).rejects.toThrow(`another program already listens on 127.0.0.1:${port}`);
  expect(existsSync(socket)).toBe(false);
  await new Promise((resolve) => other.close(resolve));
});

test("an address that other machines reach is refused without a token", async () => {
  const refused = serve({ http: { host: "0.0.0.0", port: 1 } });
  await expect(refused).rejects.toThrow("set control.token, or listen on 127.0.0.1");
});

test("a folder that cannot be written is reported, not waited for", async () => {
  mkdirSync(join(folder, "run"));
  chmodSync(join(folder, "run"), 0o500);
  const result = await serve().catch((error: NodeJS.ErrnoException) => error.code);
  chmodSync(join(folder, "run"), 0o700);
  // Root is not held back by modes; anybody else is told.
  if (process.getuid?.() !== 0) expect(result).toBe("EACCES");
  else expect(result).toHaveProperty("close");
});

test("a hundred idle connections do not delay closing", async () => {
  const url = await serveTcp("t");
  const port = Number(new URL(url).port);
  const idle = await Promise.all(Array.from({ length: 100 }, () => connected(port)));
  const before = performance.now();
  await servers.pop()?.close();
  expect(performance.now() - before).toBeLessThan(1_000);
  for (const each of idle) each.destroy();
});

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const client: Socket = connect(port, "127.0.0.1", () => resolve(client));
    client.on("error", reject);
  });
}

async function raw(port: number, message: string): Promise<string> {
  const client = await connected(port);
  client.write(message);
  return await text(client);
}
