// What docker/Dockerfile builds, looked at from outside.

import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Container } from "./container.ts";
import { addedBytes, images } from "./images.ts";
import { Podman } from "./podman.ts";

const podman = new Podman(inject("world"));
let container: Container;

beforeAll(async () => {
  container = await Container.run(podman, "image");
  await container.ready();
});

afterAll(() => container?.remove());

test("tini is PID 1 and the supervisor is its only child", async () => {
  const processes = await container.processes();
  expect(processes.find(({ pid }) => pid === 1)?.name).toBe("tini");
  const { pid } = JSON.parse(await container.cli("status", "--json"));
  expect(processes.filter(({ parent }) => parent === 1).map((child) => child.pid)).toEqual([pid]);
  expect(await container.logs()).not.toContain("PID 1");
});

test("nobody inside is root, and only /data and /tmp can be written", async () => {
  const uids = new Set((await container.processes()).map(({ uid }) => uid));
  expect([...uids]).toEqual([10001]);
  const codes = ["/data", "/tmp", "/app", "/app/jobs", "/etc/queue-runtime"].map(async (folder) => {
    return (await container.try("touch", `${folder}/probe`)).code;
  });
  expect(await Promise.all(codes)).toEqual([0, 0, 1, 1, 1]);
});

test("the image carries what runs and nothing that builds", async () => {
  const find = ["find", "/app/packages", "-name", "*.ts", "-not", "-name", "*.d.ts"];
  expect((await container.try(...find)).stdout).toBe("");
  const { stdout } = await container.try("ls", "/app/node_modules");
  expect(stdout).toContain("queue-runtime");
  for (const tool of ["typescript", "vitest", "node-linux"]) expect(stdout).not.toContain(tool);
  expect(await addedBytes(podman)).toBeLessThan(30_000_000);
});

test("its health check answers, and everything but the probes wants the token", async () => {
  const { code, stderr } = await podman.try("healthcheck", "run", container.name);
  expect(code, stderr).toBe(0);
  expect(await container.probe("/livez")).toBe(200);
  expect(await container.probe("/status")).toBe(401);
});

test("its configuration is valid, and the token it wants is named when it is missing", async () => {
  const file = "/etc/queue-runtime/queue.yml";
  await podman.do("run", "--rm", "--env", "RUNTIME_TOKEN=t", images.withJobs, "check", "-c", file);
  const refused = await podman.try("run", "--rm", images.withJobs);
  expect(refused.code).toBe(78);
  expect(refused.stderr + refused.stdout).toContain("RUNTIME_TOKEN");
});

test("tini reaps the orphan of a job", async () => {
  await leaveOrphan(container);
  expect((await container.processes()).filter(({ state }) => state === "Z")).toEqual([]);
});

test("as PID 1 itself the runtime warns, and the orphan stays a zombie", async () => {
  const cli = "/app/packages/runtime/bin/runtime.js";
  const what = ["--entrypoint", "node", images.withJobs, cli, "start"];
  const bare = await Container.run(podman, "bare", { what });
  try {
    await bare.ready();
    expect(await bare.logs()).toContain("PID 1");
    await leaveOrphan(bare);
    expect((await bare.processes()).filter(({ state }) => state === "Z")).toHaveLength(1);
    await bare.stop();
    expect(await bare.exitCode()).toBe(0);
  } finally {
    await bare.remove();
  }
});

/** Resolves when the orphan has ended, reaped or not. */
async function leaveOrphan(where: Container): Promise<void> {
  const id = await where.cli("enqueue", "container.orphan");
  const soon = { timeout: 40_000, interval: 50 };
  await where.finished(id);
  const sleeping = async () =>
    (await where.processes()).filter(({ name, state }) => name === "sleep" && state !== "Z").length;
  await expect.poll(sleeping, soon).toBe(0);
}
