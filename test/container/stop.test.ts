// A deploy as a container sees it: TERM through tini, a grace period, and the next start.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, inject, test } from "vitest";
import { Container, type RunOptions, type ShownJob } from "./container.ts";
import { images } from "./images.ts";
import { Podman } from "./podman.ts";

const podman = new Podman(inject("world"));
const running: Container[] = [];

async function run(name: string, options: RunOptions = {}): Promise<Container> {
  const container = await Container.run(podman, name, options);
  running.push(container);
  await container.ready();
  return container;
}

afterEach(async () => {
  for (const container of running.splice(0)) await container.remove();
});

const soon = { timeout: 40_000, interval: 50 };
const items = Array.from({ length: 200 }, (_, index) => String(index));
const file = "/data/items";
const countAll = JSON.stringify({ items: items.length });

test("podman stop amid an iteration exits 0, and the next start goes on with the next item", async () => {
  const container = await run("stop");
  const id = await container.cli("enqueue", "container.count", countAll);
  await expect
    .poll(() => container.lines(file).then((lines) => lines.length), soon)
    .toBeGreaterThan(9);

  const before = performance.now();
  await container.stop();
  const seconds = (performance.now() - before) / 1000;

  expect(await container.exitCode()).toBe(0);
  expect(seconds, "far from the 30 s after which podman kills").toBeLessThan(5);
  const done = await readVolume(file);
  expect(done.length).toBeLessThan(items.length);
  expect(await readJob(id)).toMatchObject({
    state: "ready",
    cursor: Number(done.at(-1)),
    attempts: 0,
    interruptions: 1,
    crashes: 0,
  });

  await container.start();
  await container.finished(id);
  expect(await container.lines(file)).toEqual(items);
});

/** From a container of its own: the one that wrote is down. */
async function readVolume(path: string): Promise<readonly string[]> {
  return (await inVolume("--entrypoint", "cat", images.withJobs, path)).split("\n");
}

async function readJob(id: string): Promise<ShownJob> {
  return JSON.parse(await inVolume(images.withJobs, "job", id, "--json"));
}

function inVolume(...args: readonly string[]): Promise<string> {
  const options = ["--rm", "--env", "RUNTIME_TOKEN=container", "--volume", "stop-data:/data"];
  return podman.do("run", ...options, ...args);
}

test("while it drains it is alive but not ready, and ends when the last job has", async () => {
  const container = await run("drain");
  const id = await container.cli("enqueue", "container.drain", '{"until":"/data/enough"}');
  await expect.poll(() => container.job(id).then((job) => job.state), soon).toBe("running");
  expect([await container.probe("/livez"), await container.probe("/readyz")]).toEqual([200, 200]);

  await container.signal("TERM");
  await expect.poll(() => container.probe("/readyz"), soon).toBe(503);
  expect(await container.probe("/livez")).toBe(200);
  expect(await container.job(id)).toMatchObject({ state: "running" });

  await container.try("touch", "/data/enough");
  expect(await container.exitCode()).toBe(0);
  await container.start();
  expect(await container.job(id)).toMatchObject({ state: "finished", attempts: 1 });
});

test("a container killed amid an iteration goes on from its last checkpoint when started again", async () => {
  const container = await run("kill", { what: withShortThreshold() });
  const id = await container.cli("enqueue", "container.count", countAll);
  await expect.poll(() => container.job(id).then((job) => job.cursor), soon).not.toBeNull();
  await container.signal("KILL");
  expect(await container.exitCode()).toBe(137);

  await container.start();
  // At once where the kernel gives the new container the number of the old pid namespace, so that
  // it can tell that the old processes are gone; else when they have been silent for the threshold.
  await container.finished(id);
  const lines = await container.lines(file);
  expect([...new Set(lines)]).toEqual(items);
  // At most the items of one checkpoint interval: 1 s at 50 ms each, and the one in hand.
  expect(lines.length - items.length).toBeLessThanOrEqual(21);
});

/** The image's own configuration, but for how long the silent count as alive. */
function withShortThreshold(): readonly string[] {
  const place = "/etc/queue-runtime/queue.yml";
  const shipped = readFileSync(join(import.meta.dirname, "../../docker/queue.yml"), "utf8");
  const file = join(podman.folder, "short-threshold.yml");
  writeFileSync(file, `${shipped}process:\n  heartbeat_interval: 1s\n  alive_threshold: 5s\n`);
  return ["--volume", `${file}:${place}:ro`, images.withJobs];
}
