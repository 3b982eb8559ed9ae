import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ask } from "../../packages/runtime/src/control/client.ts";
import { within } from "../support/pace.ts";
import { connected, controlWorld, freePort, raw } from "./support/control-world.ts";

const world = controlWorld();
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("the owner of the socket can see the status and steer, without a token", async () => {
  await world.serve();
  expect(await ask(world.socket, { method: "GET", path: "/status?live=true" })).toEqual({
    status: 200,
    body: {
      running: true,
      pid: 4242,
      host: "here",
      store: world.target.store.url,
      started_at: "2023-11-14T22:13:20.000Z",
      state: "running",
      processes: [{ id: 7, pid: 4243, state: "busy", rss_bytes: 1024 }],
    },
  });
  await ask(world.socket, { method: "POST", path: "/quiet", body: { on: true } });
  await ask(world.socket, { method: "POST", path: "/quiet", body: { on: false } });
  await ask(world.socket, { method: "POST", path: "/reload" });
  expect(world.target.told).toEqual(["quiet true", "quiet false", "reload"]);
});

test("a supervisor that does not answer is reported after the time-out", async () => {
  await world.serve();
  const asked = ask(world.socket, { method: "POST", path: "/stop", timeoutMs: 50 });
  await expect(asked).rejects.toThrow("gave no answer in 50 ms");
});

test("over TCP the probes need no token, and readiness follows the target", async () => {
  const url = await world.serveTcp("secret");
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  world.target.ready = false;
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
  const url = await world.serveTcp("secret");
  const answer = await fetch(`${url}/status`, { headers });
  expect(answer.status).toBe(401);
  expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(await answer.json()).toMatchObject({ title: "Unauthorized", status: 401 });
});

test("over TCP the token opens everything", async () => {
  const url = await world.serveTcp("secret");
  expect((await fetch(`${url}/status`, { headers: bearer("secret") })).status).toBe(200);
  const quiet = await fetch(`${url}/quiet`, { method: "POST", headers: bearer("secret") });
  expect(quiet.status).toBe(200);
  expect(world.target.told).toEqual(["quiet true"]);
});

test("without a configured token nothing but the probes is served, whatever is sent", async () => {
  const url = await world.serveTcp("");
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect((await fetch(`${url}/status`)).status).toBe(403);
  expect((await fetch(`${url}/status`, { headers: bearer("") })).status).toBe(403);
  expect((await fetch(`${url}/stop`, { method: "POST" })).status).toBe(403);
  expect(world.target.told).toEqual([]);
});

test.each([
  ["cross-site", { "sec-fetch-site": "cross-site" }],
  ["same-site", { "sec-fetch-site": "same-site" }],
  ["another origin", { origin: "http://evil.example" }],
  ["a null origin", { origin: "null" }],
])("a change that a page asks for is refused: %s", async (_, headers) => {
  const url = await world.serveTcp("secret");
  const request = { method: "POST", headers: { ...headers, ...bearer("secret") } };
  expect((await fetch(`${url}/stop`, request)).status).toBe(403);
  expect(world.target.told).toEqual([]);
});

test("a host name of somebody else's that leads to us is refused, ours are not", async () => {
  const url = await world.serveTcp("secret");
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
  await world.serve();
  const port = await freePort();
  await world.serve({
    socket: join(world.folder, "b"),
    http: { host: "127.0.0.1", port },
    token: "t",
  });
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
  expect(world.target.told).toEqual([]);
});

test("a body above 1 MB is refused, also when its length is not announced", async () => {
  const url = await world.serveTcp("t");
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

test("a port that is taken is named, and the socket is given back", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const refused = world.serve({ http: { host: "127.0.0.1", port }, token: "t" });
  await expect(refused).rejects.toThrow(`another program already listens on 127.0.0.1:${port}`);
  expect(existsSync(world.socket)).toBe(false);
  await new Promise((resolve) => other.close(resolve));
});

test("an address that other machines reach is refused without a token", async () => {
  const refused = world.serve({ http: { host: "0.0.0.0", port: 1 } });
  await expect(refused).rejects.toThrow("set control.token, or listen on 127.0.0.1");
});

test("a folder that cannot be written is reported, not waited for", async () => {
  mkdirSync(join(world.folder, "run"));
  chmodSync(join(world.folder, "run"), 0o500);
  const result = await world.serve().catch((error: NodeJS.ErrnoException) => error.code);
  chmodSync(join(world.folder, "run"), 0o700);
  // Root is not held back by modes; anybody else is told.
  if (process.getuid?.() !== 0) expect(result).toBe("EACCES");
  else expect(result).toHaveProperty("close");
});

test("a hundred idle connections do not delay closing", async () => {
  const url = await world.serveTcp("t");
  const port = Number(new URL(url).port);
  const idle = await Promise.all(Array.from({ length: 100 }, () => connected(port)));
  const before = performance.now();
  await world.close();
  expect(performance.now() - before).toBeLessThan(within(1_000));
  for (const each of idle) each.destroy();
});
