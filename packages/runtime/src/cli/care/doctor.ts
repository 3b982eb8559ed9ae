// doctor: the health of what a runtime stands on.

import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  type Diagnosis,
  type Migration,
  openStore,
  type Store,
  StoreError,
} from "@queue-runtime/store";
import { shownStore } from "../../config/shown-store.ts";
import type { Config } from "../../config.ts";
import { lockHolder } from "../../control/lock.ts";
import { kernelPath } from "../../control/socket/kernel-path.ts";
import { exitCodes } from "../../process/exit-codes.ts";
import { storeExists } from "../data/open.ts";
import { loadJobs } from "../data/user-code.ts";
import type { Invocation } from "../line/command.ts";
import type { Output } from "../terminal/output.ts";
import { type Style, visible } from "../terminal/text.ts";
import { megabytes } from "../terminal/times.ts";

export async function doctor(invocation: Invocation): Promise<number> {
  const { json, output } = invocation;
  const config = await invocation.readConfig().catch((error: Error) => error);
  const found: Diagnosis[] = [nodeVersion(), firstProcess(), memory()];
  if (config instanceof Error) found.push(wrong("configuration", config.message));
  else {
    found.push(ok("configuration", config.file), await jobFiles(config), shutdown(config));
    found.push(controlSocket(config), ...(await storeFacts(config)));
  }
  if (json) output.json(found);
  else output.result(lines(found, output));
  return found.some(({ status }) => status === "error") ? exitCodes.unexpected : exitCodes.ok;
}

const marks: Readonly<Record<Diagnosis["status"], readonly [string, Style]>> = {
  ok: ["ok     ", "green"],
  warning: ["warning", "yellow"],
  error: ["error  ", "red"],
};

function lines(found: readonly Diagnosis[], output: Output): string {
  const widest = Math.max(13, ...found.map(({ check }) => check.length));
  const margin = " ".repeat("warning".length + 2 + widest + 2);
  return found
    .map(({ check, status, detail }) => {
      const [mark, style] = marks[status];
      const said = detail.split("\n").map(visible).join(`\n${margin}`);
      return `${output.paint(style, mark)}  ${visible(check).padEnd(widest)}  ${said}`;
    })
    .join("\n");
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

/** A server that answers one question may still leave the next one waiting. */
const patienceMs = 15_000;

async function storeFacts({ store: url }: Config): Promise<readonly Diagnosis[]> {
  const shown = shownStore(url);
  if (!storeExists(url)) {
    return [warning("store", `no store at ${shown}; \`runtime start\` creates it`)];
  }
  const facts: Diagnosis[] = [];
  const late = `${shown} did not answer everything within ${patienceMs / 1_000} s`;
  const patience = wait(patienceMs).then(() => facts.push(wrong("store", late)));
  await Promise.race([examine(url, facts), patience]);
  return [...facts];
}

async function examine(url: string, facts: Diagnosis[]): Promise<void> {
  try {
    await using opened = closing(await openStore(url, { name: "queue-runtime doctor" }));
    facts.push(ok("store", opened.store.url), schema(await opened.store.schema()));
    facts.push(...(await opened.store.diagnose()));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    facts.push(wrong("store", error.message));
  }
}

function schema({ from, to }: Migration): Diagnosis {
  if (from === to) return ok("schema", `version ${to}`);
  const found = from === 0 ? "nothing is there yet" : `version ${from}`;
  const hint = `this program makes it ${to}; run \`runtime migrate\``;
  return warning("schema", `${found}, ${hint}`);
}

function closing(store: Store) {
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
