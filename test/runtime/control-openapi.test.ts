import { expect, test } from "vitest";
import { ask, type Question } from "../../packages/runtime/src/control/client.ts";
import { waitFor } from "../support/wait-for.ts";
import { controlWorld } from "./support/control-world.ts";
import { misfits } from "./support/json-schema.ts";

const world = controlWorld();

interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { name: string; in: string }[];
  readonly requestBody?: object;
  readonly responses: Record<string, { content: Record<string, { schema: object }> }>;
}

/** Asks, and holds the answer against the document. */
async function checked(document: Document, template: string, question: Question): Promise<unknown> {
  const { status, body } = await ask(world.socket, question);
  const operation = document.paths[template]![question.method.toLowerCase()]!;
  const answer = operation.responses[status] ?? operation.responses.default!;
  const content = answer.content["application/json"] ?? answer.content["application/problem+json"];
  expect(
    misfits(document, content!.schema as never, body),
    `${question.method} ${template}`,
  ).toEqual([]);
  return body;
}

async function served(): Promise<Document> {
  await world.runCommands();
  await world.serve();
  return (await ask(world.socket, { method: "GET", path: "/openapi.json" })).body as Document;
}

test("the document names every path once, with its parameters, and its references lead somewhere", async () => {
  const document = await served();
  expect(document.openapi).toBe("3.1.0");
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(55);
  for (const [, reference] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)) {
    expect(() => misfits(document, { $ref: reference! }, undefined)).not.toThrow();
  }
  expect(document.paths["/commands/{id}/output"]!.get!.parameters?.map(({ name }) => name)).toEqual(
    ["id", "attempt", "lines", "stderr"],
  );
  expect(document.paths["/commands"]!.post!.requestBody).toBeDefined();
});

test("what routes of commands answer is what the document says", async () => {
  const document = await served();
  const post = (template: string, body: object, path = template) =>
    checked(document, template, { method: "POST", path, body });
  const get = (template: string, path = template) =>
    checked(document, template, { method: "GET", path });
  const environment = { PATH: process.env.PATH! };
  const it = { words: ["sleep 60"], directory: world.folder, environment };
  const one = (await post("/commands", it)) as { id: number };
  const many = (await post("/commands/many", { commands: [it, { ...it, stashed: true }] })) as {
    id: number;
  }[];
  const [two, three] = many.map(({ id }) => id);
  await waitFor(async () => world.target.commands!.running().has(one.id));
  await get("/commands");
  await get("/commands", "/commands?limit=2&state=running,ready&order_by=start&descending=true");
  await get(
    "/commands",
    `/commands?where=${encodeURIComponent('[{"field":"command","operator":"contains","value":"SLEEP"}]')}`,
  );
  await get("/commands/{id}", `/commands/${one.id}`);
  await get("/commands/{id}", "/commands/999");
  await post("/commands/pause", { ids: [one.id] });
  await post("/commands/resume", { ids: [one.id, 999] });
  await post("/commands/{id}/send", { input: "x" }, `/commands/${one.id}/send`);
  await post("/commands/swap", { one: two, other: three });
  await post("/commands/lock", { ids: [three], owner: "me" });
  await post("/commands/unlock", {
    ids: [three],
    owner: "me",
    changes: { [three!]: { label: "x" } },
  });
  await post("/commands/{id}/variables", { name: "A", value: "1" }, `/commands/${three}/variables`);
  await post("/commands/stash", { ids: [two] });
  await post("/commands/enqueue", { ids: [two], delay_ms: 60_000 });
  await post("/commands/start", { ids: [two] });
  await post("/commands/kill", { ids: [one.id, two] });
  await waitFor(async () => world.target.commands!.running().size === 0);
  await get("/commands/{id}", `/commands/${one.id}`);
  await post("/commands/restart", { ids: [one.id], stashed: true });
  await post("/commands/clean", {});
  await post("/commands/remove", { ids: [three] });
  await post("/commands/reset", {});
  await post("/groups", { name: "a/b", slots: 2 });
  await post("/groups/{name}", { slots: 3 }, "/groups/a%2Fb");
  await get("/groups");
  await checked(document, "/groups/{name}", { method: "DELETE", path: "/groups/a%2Fb" });
  await checked(document, "/groups/{name}", { method: "DELETE", path: "/groups/a%2Fb" });
});

test("what routes of jobs, queues, tasks and batches answer is what the document says", async () => {
  const document = await served();
  const post = (template: string, body: object, path = template) =>
    checked(document, template, { method: "POST", path, body });
  const get = (template: string, path = template) =>
    checked(document, template, { method: "GET", path });
  const job = { name: "mail.send", input: { to: [1] }, queue: "mail", unique: "k", label: "x" };
  const { id } = (await post("/jobs", job)) as { id: number };
  expect(await post("/jobs", job)).toEqual({ id, outcome: "exists" });
  await post("/jobs", { name: "12", delay_ms: 60_000 });
  await get("/jobs", "/jobs?state=ready,scheduled&queue=mail&limit=1000");
  await get("/jobs/{id}", `/jobs/${id}`);
  await get("/jobs/{id}", "/jobs/999");
  await get("/jobs/{id}/why", `/jobs/${id}/why`);
  await post("/jobs/cancel", { ids: [id, 999] });
  await post("/jobs/retry", { ids: [id] });
  await post("/jobs/discard", { ids: [id] });
  await post("/queues/{name}/pause", {}, "/queues/mail/pause");
  const rate = { limit: 10, per_ms: 1_000, burst: 10 };
  const settings = { slots: 2, rate, fair: true };
  await post("/queues/{name}/settings", { settings }, "/queues/mail/settings");
  await get("/queues");
  await post("/queues/{name}/settings", { settings: null }, "/queues/mail/settings");
  await post("/queues/{name}/resume", {}, "/queues/mail/resume");
  await post("/queues/{name}/clear", { all: true }, "/queues/mail/clear");
  await post("/concurrency/{name}", { limit: 3 }, "/concurrency/mail.send");
  expect(await get("/concurrency")).toEqual([{ name: "mail.send", limit: 3 }]);
  const task = {
    name: "nightly",
    schedule: "0 3 * * *",
    job: "mail.send",
    time_zone: "Europe/Berlin",
  };
  expect(await post("/recurring", task)).toEqual({ name: "nightly", outcome: "added" });
  expect(await post("/recurring", task)).toEqual({ name: "nightly", outcome: "changed" });
  expect(await post("/recurring", { ...task, schedule: "rarely" })).toMatchObject({ status: 400 });
  await get("/recurring");
  await post("/recurring/{name}/run", {}, "/recurring/nightly/run");
  await post("/recurring/{name}/pause", {}, "/recurring/nightly/pause");
  await post("/recurring/{name}/resume", {}, "/recurring/nothing/resume");
  await checked(document, "/recurring/{name}", { method: "DELETE", path: "/recurring/nightly" });
  const batch = (await post("/batches", { metadata: { a: 1 } })) as { id: number };
  await get("/batches", "/batches?state=open");
  await post("/batches/{id}/seal", {}, `/batches/${batch.id}/seal`);
  await get("/batches/{id}", `/batches/${batch.id}`);
  await get("/processes");
  await get("/status");
  await get("/status", "/status?live=true");
  await get("/livez");
  world.target.ready = false;
  await get("/readyz");
});
