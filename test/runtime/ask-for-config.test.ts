// A command line gets its configuration from the runtime of its queue.yml, if both mean the same by
// that file, and from nobody else.

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { askForConfig, isJustGiven } from "../../packages/runtime/src/cli/data/ask-for-config.ts";
import { withDesk } from "../../packages/runtime/src/cli/data/desk.ts";
import { loadConfig } from "../../packages/runtime/src/config/load.ts";
import { originOfText } from "../../packages/runtime/src/config/origin.ts";
import type { Flags } from "../../packages/runtime/src/config/override.ts";
import { ask } from "../../packages/runtime/src/control/client.ts";
import {
  linkedSocket,
  linkSocket,
  unlinkSocket,
} from "../../packages/runtime/src/control/socket/link.ts";
import { programVersion } from "../../packages/runtime/src/control/version.ts";
import { controlWorld, NotingTarget } from "./support/control-world.ts";

const world = controlWorld();
const text = `store: sqlite:./\${NAME:-queue}.sqlite\nworkers: []\n`;
let file = "";
let links = "";

beforeEach(() => {
  vi.stubEnv("TMPDIR", world.folder);
  vi.stubEnv("NAME", "queue");
  links = join(world.folder, `queue-runtime-${process.getuid?.()}`);
  file = join(world.folder, "queue.yml");
  writeFileSync(file, text);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

/** A runtime by this queue.yml. */
async function serve(flags = {}) {
  const config = await loadConfig(file, { flags });
  world.target = new NotingTarget(config, world.target.store);
  return { config, server: await world.serve() };
}

const version = programVersion();
/** With the patience of a test. */
const found = (path: string, flags: Flags) => askForConfig(path, flags, 15_000);
const asked = (body: object) => ask(world.socket, { method: "POST", path: "/configuration", body });

test("who reads the same gets the configuration as it was read", async () => {
  const { config, server } = await serve();
  expect(await found(file, {})).toEqual(config);
  expect(lstatSync(links).mode & 0o777).toBe(0o700);
  await server.close();
  expect(readdirSync(links)).toEqual([]);
  expect(await found(file, {})).toBe(null);
});

test("who was given it a moment ago asks for what he wants, and not first whether somebody listens", async () => {
  const { server } = await serve();
  vi.useFakeTimers({ toFake: ["performance"] });
  const config = (await found(file, {}))!;
  await server.close();
  const where = async (from: typeof config) => {
    let isAlone = false;
    const desks = withDesk(from, async () => "a desk", { whenAlone: () => (isAlone = true) });
    await desks.catch(() => undefined);
    return isAlone ? "alone" : "with a runtime";
  };
  expect(await where(config)).toBe("with a runtime");
  expect(await where({ ...config })).toBe("alone");
  vi.advanceTimersByTime(1_000);
  expect(isJustGiven(config)).toBe(false);
  expect(await where(config)).toBe("alone");
});

test("another text, variable, version, flag or file is something else", async () => {
  await serve();
  const other = join(world.folder, "other.yml");
  writeFileSync(other, text);
  expect(await found(other, {})).toBe(null);
  expect(await found(file, { store: "sqlite:./x.sqlite" })).toBe(null);
  const origin = originOfText(text, process.env);
  expect((await asked({ version, origin })).status).toBe(200);
  expect((await asked({ version: "0.0.0", origin })).status).toBe(409);
  vi.stubEnv("RUNTIME_LOG_LEVEL", "debug");
  expect(await found(file, {})).toBe(null);
  vi.stubEnv("RUNTIME_LOG_LEVEL", undefined);
  expect(await found(file, {})).not.toBe(null);
  vi.stubEnv("NAME", "other");
  expect(await found(file, {})).toBe(null);
  vi.stubEnv("NAME", "queue");
  writeFileSync(file, `${text}\n`);
  expect(await found(file, {})).toBe(null);
});

test("a path in a variable that wins begins in the folder of whoever reads it", async () => {
  vi.stubEnv("RUNTIME_STORE", "sqlite:./mine.sqlite");
  const { config } = await serve();
  expect(await found(file, {})).toEqual(config);
  const here = vi.spyOn(process, "cwd").mockReturnValue(world.folder);
  expect(await found(file, {})).toBe(null);
  here.mockRestore();
});

test("a variable that only a reader of YAML finds is asked for, too", async () => {
  writeFileSync(file, `store: "sqlite:./\\x24{NAME}.sqlite"\nworkers: []\n`);
  const { config } = await serve();
  expect(config.store).toMatch(/\/queue\.sqlite$/);
  expect(await found(file, {})).toBe(null);
});

test("what a runtime was told by flags is not what its queue.yml says", async () => {
  await serve({ logLevel: "debug" });
  expect(existsSync(links)).toBe(false);
  expect((await asked({ version, origin: originOfText(text, process.env) })).status).toBe(409);
});

test("a question about the configuration wakes nobody, and is not to be had over TCP", async () => {
  const wrote = vi.spyOn(world.target, "wrote");
  const url = await world.serveTcp("secret");
  const body = { version, origin: originOfText("", {}) };
  expect((await asked(body)).status).toBe(409);
  expect(wrote).not.toHaveBeenCalled();
  const headers = { authorization: "Bearer secret", "content-type": "application/json" };
  const asFetched = { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(`${url}/configuration`, asFetched);
  expect(answer.status).toBe(404);
});

test("whoever listens there and is no runtime of ours is not waited for", async () => {
  const silent = createServer(() => {});
  const socket = join(world.folder, "silent.sock");
  await new Promise<void>((resolve) => silent.listen(socket, resolve));
  linkSocket(file, socket);
  expect(linkedSocket(file)).toBe(socket);
  const since = performance.now();
  expect(await askForConfig(file, {}, 100)).toBe(null);
  expect(performance.now() - since).toBeLessThan(10_000);
  silent.close();
});

test("links that others could have made are not followed, and none is made among them", () => {
  mkdirSync(links, { mode: 0o755 });
  chmodSync(links, 0o777);
  symlinkSync(world.socket, join(links, encodeURIComponent(file)));
  expect(linkedSocket(file)).toBe(null);
  linkSocket(join(world.folder, "mine.yml"), world.socket);
  expect(readdirSync(links)).toHaveLength(1);
});

test("a link is that of the last runtime, and ends with its own only", () => {
  const first = join(world.folder, "first.sock");
  const second = join(world.folder, "second.sock");
  for (const socket of [first, second]) writeFileSync(socket, "");
  linkSocket(file, first);
  linkSocket(file, second);
  unlinkSocket(file, first);
  expect(linkedSocket(file)).toBe(second);
  unlinkSocket(file, second);
  expect(linkedSocket(file)).toBe(null);
});

test("links to sockets that are gone end with the next start; a path too long has none", () => {
  const socket = join(world.folder, "there.sock");
  writeFileSync(socket, "");
  linkSocket("/dead/queue.yml", join(world.folder, "gone.sock"));
  writeFileSync(join(links, "stray"), "");
  linkSocket(file, socket);
  linkSocket(`/${"deep/".repeat(60)}queue.yml`, socket);
  const [own, ...others] = readdirSync(links);
  expect([readlinkSync(join(links, own!)), ...others]).toEqual([socket, "stray"]);
});

test("where no folder can be had, everybody reads queue.yml", () => {
  writeFileSync(links, "a file");
  linkSocket(file, world.socket);
  unlinkSocket(file, world.socket);
  expect(linkedSocket(file)).toBe(null);
});
