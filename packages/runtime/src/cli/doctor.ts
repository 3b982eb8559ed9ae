// doctor and migrate: the health of what a runtime stands on.

import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { type Diagnosis, openStore, StoreError } from "@queue-runtime/store";
import type { Config } from "../config.ts";
import { lockHolder } from "../control/lock.ts";
import { kernelPath } from "../control/socket-path.ts";
import { exitCodes } from "../process/exit-codes.ts";
import { storeExists } from "./data/open.ts";
import { loadJobs } from "./data/user-code.ts";
import type { Invocation } from "./line/command.ts";
import type { Output } from "./terminal/output.ts";
import { type Style, visible } from "./terminal/text.ts";
import { megabytes } from "./terminal/times.ts";

export async function migrate(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const store = await openStore((await invocation.config()).store);
  try {
    const { from, to } = await store.migrate();
    if (json) output.json({ from, to });
    else output.result(`schema ${from} -> ${to}`);
    if (from === to) output.say("nothing to do: the schema is up to date");
  } finally {
    await store.close();
  }
  return exitCodes.ok;
}

export async function doctor(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const config = await invocation.config().catch((error: Error) => error);
  const found: Diagnosis[] = [nodeVersion(), firstProcess(), memory()];
  if (config instanceof Error) found.push(wrong("configuration", config.message));
  else {
    found.push(ok("configuration", config.file), await jobFiles(config), shutdown(config));
    found.push(controlSocket(config), ...(await store(config)));
  }
  if (json) output.json(found);
  else for (const each of found) output.result(line(each, output));
  return found.some(({ status }) => status === "error") ? exitCodes.unexpected : exitCodes.ok;
}

const marks: Readonly<Record<Diagnosis["status"], readonly [string, Style]>> = {
  ok: ["ok     ", "green"],
  warning: ["warning", "yellow"],
  error: ["error  ", "red"],
};

function line({ check, status, detail }: Diagnosis, output: Output): string {
  const [mark, style] = marks[status];
  const lines = detail.split("\n").map(visible);
  return `${output.paint(style, mark)}  ${check.padEnd(13)}  ${lines.join(`\n${" ".repeat(24)}`)}`;
}

function nodeVersion(): Diagnosis {
  // Anything older was refused at the front door.
  return ok("node", `Node.js ${process.version} on ${process.platform} ${process.arch}`);
}

function firstProcess(): Diagnosis {
  if (process.pid === 1) {
    const why = "process 1 inherits orphans, and Node.js never reaps them";
    return warning("container", `${why}; use \`docker run --init\`, \`init: true\` or tini`);
  }
  const container = existsSync("/.dockerenv") || existsSync("/run/.containerenv");
  return ok("container", container ? "in a container, not as process 1" : "no container");
}

function memory(): Diagnosis {
  const limit = process.constrainedMemory();
  // Without a limit the system answers 0 or a number beyond any machine.
  if (limit === 0 || limit > 2 ** 50) return ok("memory", "no limit is set");
  const detail = `limited to ${megabytes(limit)}`;
  const enough = limit >= 256_000_000;
  return enough ? ok("memory", detail) : warning("memory", `${detail}; a worker takes 130 MB`);
}

async function jobFiles(config: Config): Promise<Diagnosis> {
  try {
    const { size } = await loadJobs(config);
    return ok("jobs", `${size} defined in ${config.jobs.length} files`);
  } catch (error) {
    return wrong("jobs", (error as Error).message);
  }
}

function shutdown({ shutdownTimeoutMs }: Config): Diagnosis {
  const detail = `shutdown_timeout is ${shutdownTimeoutMs / 1_000} s`;
  if (shutdownTimeoutMs < 30_000) return ok("shutdown", detail);
  const hint = "raise terminationGracePeriodSeconds or `docker stop -t` above it";
  return warning("shutdown", `${detail} and Kubernetes kills after 30 s by default; ${hint}`);
}

function controlSocket({ control }: Config): Diagnosis {
  try {
    kernelPath(control.socket);
    const folder = dirname(control.socket);
    if (existsSync(folder)) accessSync(folder, constants.W_OK);
    const pid = lockHolder(control.socket);
    const runs = pid === false ? "no runtime runs" : `a runtime runs (pid ${pid ?? "unknown"})`;
    return ok("control", `${control.socket}, ${runs}`);
  } catch (error) {
    return wrong("control", (error as Error).message);
  }
}

async function store({ store: url }: Config): Promise<readonly Diagnosis[]> {
  if (!storeExists(url)) {
    return [warning("store", `no store at ${url}; \`runtime start\` creates it`)];
  }
  try {
    await using opened = closing(await openStore(url));
    const { from, to } = await opened.store.schema();
    const schema =
      from === to
        ? ok("schema", `version ${to}`)
        : warning(
            "schema",
            `version ${from}, this program makes it ${to}; run \`runtime migrate\``,
          );
    return [schema, ...(await opened.store.diagnose())];
  } catch (error) {
    if (error instanceof StoreError) return [wrong("store", error.message)];
    throw error;
  }
}

function closing(store: Awaited<ReturnType<typeof openStore>>) {
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

function ok(check: string, detail: string): Diagnosis {
  return { check, status: "ok", detail };
}

function warning(check: string, detail: string): Diagnosis {
  return { check, status: "warning", detail };
}

function wrong(check: string, detail: string): Diagnosis {
  return { check, status: "error", detail };
}
