// The manifests for Kubernetes and for compose: read closely, and what they say really run.

import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { Container } from "./container.ts";
import { images } from "./images.ts";
import { unknownKeys } from "./manifest-keys.ts";
import { Podman } from "./podman.ts";
import { databaseUrl, PostgresContainer } from "./postgres.ts";

const podman = new Podman(inject("world"));
const docker = join(import.meta.dirname, "../../docker");
const composed = ["compose.yml", "compose.sqlite.yml"].map((name) => parse(read(name)));
const postgres = new PostgresContainer(podman);
const file = join(podman.folder, "deployment.yaml");

beforeAll(() => postgres.start());
afterEach(async () => {
  await podman.try("play", "kube", "--down", file);
});
afterAll(() => postgres.remove());

function read(name: string): string {
  return readFileSync(join(docker, name), "utf8");
}

interface Manifest {
  readonly text: string;
  // biome-ignore-start lint/suspicious/noExplicitAny: the shape is what these tests are about
  readonly documents: readonly any[];
  readonly deployment: any;
  readonly pod: any;
  // biome-ignore-end lint/suspicious/noExplicitAny: the shape is what these tests are about
}

function readManifest(name: string): Manifest {
  const text = read(name);
  const documents = parseAllDocuments(text).map((document) => document.toJS());
  const deployment = documents.find(({ kind }) => kind === "Deployment");
  return { text, documents, deployment, pod: deployment.spec.template.spec };
}

const onPostgres = readManifest("deployment.yaml");
const onSqlite = readManifest("deployment.sqlite.yaml");
const manifests = [onPostgres, onSqlite];

test("the manifests have no key that Kubernetes would ignore", () => {
  for (const { documents } of manifests) {
    for (const document of documents) expect(unknownKeys(document)).toEqual([]);
  }
  const misspelt = structuredClone(onPostgres.deployment);
  misspelt.spec.template.spec.containers[0].livenesProbe = {};
  expect(unknownKeys(misspelt)).toEqual([
    "Deployment.spec.template.spec.containers[0].livenesProbe",
  ]);
});

test("only the one on PostgreSQL has several replicas", () => {
  expect(onPostgres.deployment.spec.replicas).toBeGreaterThan(1);
  expect(onPostgres.deployment.spec.strategy.type).toBe("RollingUpdate");
  expect(onSqlite.deployment.spec).toMatchObject({ replicas: 1, strategy: { type: "Recreate" } });
  const variable = { name: "DATABASE_URL", valueFrom: { secretKeyRef: expect.anything() } };
  expect(onPostgres.pod.containers[0].env).toContainEqual(variable);
});

test("the grace periods are longer than the shutdown takes", () => {
  const inMaps = manifests.map(({ documents }) =>
    parse(documents.find(({ kind }) => kind === "ConfigMap").data["queue.yml"]),
  );
  const configs = [...inMaps, parse(read("queue.yml"))];
  const timeouts = configs.map((config) => Number.parseInt(config.shutdown_timeout, 10));
  const graces = [
    ...manifests.map(({ pod }) => pod.terminationGracePeriodSeconds),
    ...composed.map(({ services }) => Number.parseInt(services.runtime.stop_grace_period, 10)),
  ];
  expect(Math.min(...graces) - Math.max(...timeouts)).toBeGreaterThanOrEqual(5);
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name).sort();
  for (const { pod } of manifests) {
    expect(names(pod.volumes)).toEqual(names(pod.containers[0].volumeMounts));
  }
});

test("compose.yml starts PostgreSQL, waits for it, and gives its address to the runtime", () => {
  const { postgres: server, runtime } = composed[0].services;
  expect(server.image).toMatch(/^postgres:\d+\.\d+$/);
  expect(runtime.depends_on).toEqual({ postgres: { condition: "service_healthy" } });
  const { POSTGRES_USER: user, POSTGRES_DB: database } = server.environment;
  const url = new URL(runtime.environment.DATABASE_URL.replace(/\$\{\w+\}/, "secret"));
  expect([url.hostname, url.username, url.pathname]).toEqual(["postgres", user, `/${database}`]);
});

test("the jobs that the compose files mount run in the plain image", async () => {
  const [mounts, same] = composed.map(({ services }): readonly string[] =>
    services.runtime.volumes.filter((volume: string) => volume.startsWith(".")),
  );
  expect(mounts).toEqual(same);
  const options = mounts!.flatMap((volume) => ["--volume", join(docker, volume)]);
  const what = [...options, "--env", `DATABASE_URL=${databaseUrl}`, images.runtime];
  const container = await Container.run(podman, "compose", { what });
  try {
    await container.ready();
    const id = await container.cli("enqueue", "primes.count", '{"below":100}');
    const soon = { timeout: 40_000, interval: 50 };
    await expect.poll(() => container.job(id), soon).toMatchObject({ result: { primes: 25 } });
  } finally {
    await container.remove();
  }
});

test.each([
  ["deployment.yaml", onPostgres],
  ["deployment.sqlite.yaml", onSqlite],
])("%s runs, its probes answer, and it goes away again", async (_, { text, pod }) => {
  const before = await podman.do("ps", "--all", "--format", "{{.Names}}");
  const port = await freePort();
  const exposed = `containerPort: 7070, hostPort: ${port}, hostIP: 127.0.0.1 }`;
  const played = replace(replace(text, "containerPort: 7070 }", exposed), ...withJobs);
  // podman gives the pods of a deployment one emptyDir, and so one control socket; a kubelet does not
  writeFileSync(file, await withSecret(played.replace("replicas: 3", "replicas: 1")));
  await podman.do("play", "kube", "--network", podman.network, file);

  const [container] = pod.containers;
  const name = (await podman.do("ps", "--format", "{{.Names}}")).split("\n").find(isRuntime)!;
  for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
    const soon = { timeout: 60_000, interval: 100 };
    const url = `http://127.0.0.1:${port}${probe.httpGet.path}`;
    await expect.poll(() => statusOf(url), soon).toBe(200);
  }
  const status = JSON.parse(await podman.do("exec", name, "runtime", "status", "--json"));
  expect(status.running).toBe(true);

  await podman.do("play", "kube", "--down", file);
  expect(await podman.do("ps", "--all", "--format", "{{.Names}}")).toBe(before);
});

/** 0 while nobody answers. */
async function statusOf(url: string): Promise<number> {
  return await fetch(url).then(
    (answer) => answer.status,
    () => 0,
  );
}

const withJobs = ["image: queue-runtime ", `image: ${images.withJobs} `] as const;

const isRuntime = (name: string): boolean => name.endsWith("-runtime");

function replace(text: string, part: string, by: string): string {
  expect(text.split(part)).toHaveLength(2);
  return text.replace(part, by);
}

/**
 * Older podman reads secrets from its own store only, and as a bare map; newer from the manifest.
 */
async function withSecret(yaml: string): Promise<string> {
  const encoded = (text: string): string => Buffer.from(text).toString("base64");
  const data = { token: encoded("kubernetes"), "database-url": encoded(databaseUrl) };
  const version = await podman.do("version", "--format", "{{.Client.Version}}");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < 4 || (major === 4 && minor < 4)) {
    const path = join(podman.folder, "secret.json");
    writeFileSync(path, JSON.stringify(data));
    await podman.try("secret", "rm", "queue-runtime");
    await podman.do("secret", "create", "queue-runtime", path);
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
