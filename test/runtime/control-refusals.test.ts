import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { ask } from "../../packages/runtime/src/control/client.ts";
import { waitFor } from "../support/wait-for.ts";
import { connected, controlWorld, raw } from "./support/control-world.ts";

const world = controlWorld();
const token = { authorization: "Bearer secret" };

async function refusal(path: string, body?: unknown): Promise<[number, string]> {
  const question =
    body === undefined
      ? { method: "GET" as const }
      : { method: "POST" as const, body: body as object };
  const answer = await ask(world.socket, { path, ...question });
  const problem = answer.body as { type: string; title: string; status: number; detail: string };
  expect(problem).toMatchObject({ type: "about:blank", status: answer.status });
  return [answer.status, problem.detail];
}

test.each([
  ["a mistyped field", "/commands/kill", { id: [1] }, 400, 'has no field "id"; its fields are ids'],
  ["a text for a number", "/commands/kill", { ids: ["1"] }, 400, '"ids"[0] must be a whole number'],
  ["a negative id", "/commands/remove", { ids: [-1] }, 400, "from 1 to"],
  ["a number that JavaScript rounds", "/commands/remove", { ids: [1e300] }, 400, "whole number"],
  ["a negative delay", "/commands/stash", { ids: [1], delay_ms: -1 }, 400, "from 0 to"],
  ["a missing field", "/commands/swap", { one: 1 }, 400, '"other" is missing'],
  ["a list for an object", "/commands/swap", [1, 2], 400, "must be a JSON object"],
  ["a body where none is wanted", "/reload", { now: true }, 400, "takes no body"],
  ["a prototype", "/commands/clean", JSON.parse('{"__proto__":{}}'), 400, 'no field "__proto__"'],
  ["an unknown group", "/commands/clean", { group: "x" }, 404, 'no group "x"; the groups: default'],
  [
    "an unknown owner of nothing",
    "/commands/lock",
    { ids: [1], owner: "" },
    400,
    "must not be empty",
  ],
  ["no selection of the failed", "/commands/restart", {}, 400, "which commands?"],
  [
    "a burst that does not divide",
    "/queues/a/settings",
    { settings: { slots: null, rate: { limit: 10, per_ms: 1_000, burst: 3 }, fair: false } },
    400,
    "burst",
  ],
  ["a group of two words", "/groups", { name: "a b" }, 400, "its name must be one word"],
  ["a group without a name", "/groups", { name: "" }, 400, "must not be empty"],
  ["a job with a reserved name", "/jobs", { name: "command" }, 400, "command"],
] as const)("%s is refused with a sentence", async (_, path, body, status, sentence) => {
  await world.serve();
  const [found, detail] = await refusal(path, body);
  expect(detail).toContain(sentence);
  expect(found).toBe(status);
});

test.each([
  ["/jobs?limit=1001", 400, 'the parameter "limit" must be a whole number from 1 to 1000'],
  ["/jobs?limit=1e3", 400, "must be a whole number"],
  ["/jobs?stat=ready", 400, 'has no parameter "stat"; it takes state, queue'],
  ["/jobs?state=done", 400, "must be one of held, waiting"],
  ["/commands?where=x", 400, "must be JSON"],
  ["/commands?where=[{}]", 400, 'must have a "field"'],
  ["/commands?id=", 400, "whole number"],
  ["/commands/999/output", 404, "there is no command 999"],
  ["/commands/0", 404, "nothing at this path"],
  ["/commands/1e9", 404, "nothing at this path"],
  ["/jobs/99999999999999999999", 404, "nothing at this path"],
  ["/commands/kill", 405, "this path wants POST"],
  ["/events?output=1,2,3,4,5,6,7,8,9,10,11", 400, "can have 10 entries"],
])("GET %s is refused with a sentence", async (path, status, sentence) => {
  await world.serve();
  const [found, detail] = await refusal(path);
  expect(detail).toContain(sentence);
  expect(found).toBe(status);
});

test("without commands in the configuration what needs processes says so, and data goes on", async () => {
  await world.serve();
  const it = { words: ["true"], directory: "/", environment: {} };
  const { body } = await ask(world.socket, { method: "POST", path: "/commands", body: it });
  const { id } = body as { id: number };
  expect(await refusal("/commands", { ...it, immediate: true })).toEqual([
    503,
    "this runtime runs no commands: its configuration says `commands: false`",
  ]);
  expect(await ask(world.socket, { method: "GET", path: `/commands/${id}` })).toMatchObject({
    body: { id, state: "ready" },
  });
});

test("a page of another site cannot even read, and the probes stay open", async () => {
  const url = await world.serveTcp("secret");
  const status = async (path: string, headers: Record<string, string>) =>
    (await fetch(url + path, { headers: { ...token, ...headers } })).status;
  expect(await status("/commands", {})).toBe(200);
  expect(await status("/commands", { origin: "http://evil.example" })).toBe(403);
  expect(await status("/commands", { "sec-fetch-site": "cross-site" })).toBe(403);
  expect(await status("/commands", { origin: url, "sec-fetch-site": "same-origin" })).toBe(200);
  expect(await status("/readyz", { origin: "http://evil.example" })).toBe(200);
});

test.each([
  "/commands",
  "/events",
  "/metrics",
  "/openapi.json",
  "/jobs",
  "/commands/1/output",
  "/nowhere",
])("over TCP %s wants the token", async (path) => {
  const url = await world.serveTcp("secret");
  expect((await fetch(url + path)).status).toBe(401);
  const wrong = { authorization: "Bearer secreu" };
  expect((await fetch(url + path, { headers: wrong })).status).toBe(401);
});

test("a giant header, a broken request line and a forged length end only their own connection", async () => {
  const url = await world.serveTcp("secret");
  const port = Number(new URL(url).port);
  const host = "Host: localhost\r\n";
  expect(
    await raw(port, `GET /livez HTTP/1.1\r\n${host}X: ${"x".repeat(20_000)}\r\n\r\n`),
  ).toContain(" 431 ");
  expect(await raw(port, "NONSENSE\r\n\r\n")).toContain(" 400 ");
  const two = `POST /quiet HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
  expect(await raw(port, two)).toContain(" 400 ");
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect(world.target.told).toEqual([]);
});

test("a thousand connections that say nothing are the most there are, and the socket still answers", async () => {
  const url = await world.serveTcp("secret");
  const port = Number(new URL(url).port);
  const idle = await Promise.all(Array.from({ length: 1_000 }, () => connected(port)));
  const more: Socket[] = Array.from({ length: 20 }, () => connect(port, "127.0.0.1"));
  for (const each of more) each.on("error", () => undefined);
  await waitFor(
    () =>
      more.every(({ destroyed, readableEnded, closed }) => destroyed || readableEnded || closed) ||
      drained(more),
  );
  const alive = await ask(world.socket, { method: "GET", path: "/livez" });
  expect(alive.status).toBe(200);
  for (const each of [...idle, ...more]) each.destroy();
  const answers = () => fetch(`${url}/livez`).then(({ ok }) => ok);
  await waitFor(() => answers().catch(() => false));
});

/** A socket notices its end only when it is read. */
function drained(sockets: readonly Socket[]): false {
  for (const each of sockets) each.resume();
  return false;
}
