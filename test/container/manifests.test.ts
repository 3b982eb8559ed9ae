// docker/deployment.yaml and docker/compose.yml: read closely, and what they say really run.

import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, expect, inject, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { Container } from "./container.ts";
import { images } from "./images.ts";
import { unknownKeys } from "./manifest-keys.ts";
import { Podman } from "./podman.ts";

const podman = new Podman(inject("world"));
const docker = join(import.meta.dirname, "../../docker");
const manifest = readFileSync(join(docker, "deployment.yaml"), "utf8");
// biome-ignore lint/suspicious/noExplicitAny: the shape is what these tests are about
const documents: any[] = parseAllDocuments(manifest).map((document) => document.toJS());
const compose = parse(readFileSync(join(docker, "compose.yml"), "utf8"));
const deployment = documents.find(({ kind }) => kind === "Deployment");
const pod = deployment.spec.template.spec;
const file = join(podman.folder, "deployment.yaml");

afterAll(async () => {
  await podman.try("play", "kube", "--down", file);
});

test("the manifest has no key that Kubernetes would ignore", () => {
  expect(documents.map((document) => document.kind)).toContain("Deployment");
  for (const document of documents) expect(unknownKeys(document)).toEqual([]);
  const misspelt = structuredClone(deployment);
  misspelt.spec.template.spec.containers[0].livenesProbe = {};
  expect(unknownKeys(misspelt)).toEqual([
    "Deployment.spec.template.spec.containers[0].livenesProbe",
  ]);
});

test("the grace periods are longer than the shutdown takes", () => {
  const inMap = parse(documents.find(({ kind }) => kind === "ConfigMap").data["queue.yml"]);
  const inImage = parse(readFileSync(join(docker, "queue.yml"), "utf8"));
  const timeouts = [inMap, inImage].map((config) => Number.parseInt(config.shutdown_timeout, 10));
  const graces = [
    pod.terminationGracePeriodSeconds,
    Number.parseInt(compose.services.runtime.stop_grace_period, 10),
  ];
  expect(Math.min(...graces) - Math.max(...timeouts)).toBeGreaterThanOrEqual(5);
  expect(pod.volumes.map(({ name }: { name: string }) => name).sort()).toEqual(
    pod.containers[0].volumeMounts.map(({ name }: { name: string }) => name).sort(),
  );
});

test("the jobs that compose.yml mounts run in the plain image", async () => {
  const volumes: readonly string[] = compose.services.runtime.volumes;
  const mounts = volumes.filter((volume) => volume.startsWith("."));
  const options = mounts.flatMap((volume) => ["--volume", join(docker, volume)]);
  const container = await Container.run(podman, "compose", [...options, images.runtime]);
  try {
    await container.ready();
    const id = await container.cli("enqueue", "primes.count", '{"below":100}');
    const soon = { timeout: 10_000, interval: 50 };
    await expect.poll(() => container.job(id), soon).toMatchObject({ result: { primes: 25 } });
  } finally {
    await container.remove();
  }
});

test("the manifest runs, its probes answer, and it goes away again", async () => {
  const port = await freePort();
  const exposed = `containerPort: 7070, hostPort: ${port}, hostIP: 127.0.0.1 }`;
  const played = replace(replace(manifest, "containerPort: 7070 }", exposed), ...withJobs);
  writeFileSync(file, await withSecret(played));
  await podman.do("play", "kube", "--network", podman.network, file);

  const [container] = pod.containers;
  const name = (await podman.do("ps", "--format", "{{.Names}}")).split("\n").find(isRuntime)!;
  for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
    const url = `http://127.0.0.1:${port}${probe.httpGet.path}`;
    const soon = { timeout: 20_000, interval: 100 };
    await expect
      .poll(
        () =>
          fetch(url).then(
            (answer) => answer.status,
            () => 0,
          ),
        soon,
      )
      .toBe(200);
  }
  const status = JSON.parse(await podman.do("exec", name, "runtime", "status", "--json"));
  expect(status.running).toBe(true);

  await podman.do("play", "kube", "--down", file);
  expect(await podman.do("ps", "--all", "--format", "{{.Names}}")).toBe("");
});

const withJobs = ["image: queue-runtime ", `image: ${images.withJobs} `] as const;

function replace(text: string, part: string, by: string): string {
  expect(text.split(part)).toHaveLength(2);
  return text.replace(part, by);
}

const isRuntime = (name: string): boolean => name.endsWith("-runtime");

/**
 * Older podman reads secrets from its own store only, and as a bare map; newer from the manifest.
 */
async function withSecret(yaml: string): Promise<string> {
  const data = { token: Buffer.from("kubernetes").toString("base64") };
  const version = await podman.do("version", "--format", "{{.Client.Version}}");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 4 || (major === 4 && minor < 4)) {
    writeFileSync(join(podman.folder, "secret.json"), JSON.stringify(data));
    await podman.do("secret", "create", "queue-runtime", join(podman.folder, "secret.json"));
    return yaml;
  }
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "queue-runtime" }, data };
  return `${JSON.stringify(secret)}\n---\n${yaml}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
