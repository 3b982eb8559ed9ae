// `npm run demo`: the sample queue, a TERM in the middle of the long job, a kill -9 of its worker,
// and a proof of what that cost. Ends by itself in less than 30 seconds.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { styleText } from "node:util";
import { shownStore } from "../../packages/runtime/src/config/shown-store.ts";
import { enqueueSample, storeUrl } from "../sample.ts";
import { distinct, type Row, readRows, recoveryMs, repeated } from "./proof.ts";
import { Runtime, say } from "./runtime.ts";

const total = 3_376;
const now = () => performance.timeOrigin + performance.now();

interface Course {
  readonly beforeTerm: number;
  readonly stoppedInMs: number;
  readonly restartedAt: number;
  readonly beforeKill: number;
  readonly killedAt: number;
  readonly exitCodes: readonly (number | null)[];
}

async function run(): Promise<Course> {
  rmSync(join(import.meta.dirname, "../data"), { recursive: true, force: true });
  const jobs = await enqueueSample();
  const place = shownStore(storeUrl).replace(process.cwd(), ".");
  say(`1. ${jobs} jobs in ${place}; two worker processes start`);
  const first = new Runtime();
  await rowsReach(total * 0.3, first);

  say("2. TERM, in the middle of airports.import (a deploy)");
  const termAt = now();
  first.signal("SIGTERM");
  const firstExit = await first.exited;
  const stoppedInMs = now() - termAt;
  const beforeTerm = readRows().length;

  say(
    `3. Stopped in ${Math.round(stoppedInMs)} ms after row ${beforeTerm}; the next release starts`,
  );
  const restartedAt = now();
  const second = new Runtime(["--until-empty"]);
  await rowsReach(total * 0.65, second);

  const { pid } = readRows().at(-1)!;
  say(`4. kill -9 of pid ${pid}, the worker that runs airports.import (a crash)`);
  const beforeKill = readRows().length;
  const killedAt = now();
  process.kill(pid, "SIGKILL");
  const secondExit = await second.exited;
  const exitCodes = [firstExit, secondExit];
  return { beforeTerm, stoppedInMs, restartedAt, beforeKill, killedAt, exitCodes };
}

async function rowsReach(count: number, runtime: Runtime): Promise<void> {
  const ended = runtime.exited.then((code) => {
    throw new Error(`the runtime ended too early, with exit code ${code}`);
  });
  ended.catch(() => undefined);
  while (readRows().length < count) await Promise.race([delay(20), ended]);
}

/** true when everything is as it has to be. */
function prove(course: Course): boolean {
  const rows = readRows();
  const beforeTerm = rows.slice(0, course.beforeTerm);
  const between = rows.slice(course.beforeTerm).filter(({ at }) => at <= course.killedAt);
  const afterKill = rows.slice(course.beforeTerm + between.length);
  const resumed = between[0]!.at - course.restartedAt;
  const recovered = recoveryMs(rows, course.killedAt, between.at(-1)!.fence);
  const again = repeated([...beforeTerm, ...between], afterKill);
  say("Proof, from the lines the jobs wrote:");
  return [
    check(`${distinct(rows)} of ${total} rows done`, distinct(rows) === total),
    check(
      `over the TERM: ${repeated(beforeTerm, between)} rows repeated, ${missedOver(rows)} missed`,
      repeated(beforeTerm, between) === 0 && distinct(rows) === total,
    ),
    check(`first row ${Math.round(resumed)} ms after the new start`, resumed < 10_000),
    check(`kill -9: running again after ${format(recovered)}`, (recovered ?? 9_999) < 1_000),
    check(`${again} rows repeated after the kill (checkpoints: every second)`, again < 400),
    check(
      `exit codes ${course.exitCodes.join(" and ")}`,
      course.exitCodes.every((code) => code === 0),
    ),
  ].every(Boolean);
}

function missedOver(rows: readonly Row[]): number {
  return total - distinct(rows);
}

function format(ms: number | null): string {
  return ms === null ? "never" : `${Math.round(ms)} ms`;
}

function check(text: string, good: boolean): boolean {
  process.stdout.write(`  ${good ? styleText("green", "✓") : styleText("red", "✗")} ${text}\n`);
  return good;
}

const began = now();
const proven = prove(await run());
process.stdout.write(`\n  ${((now() - began) / 1_000).toFixed(1)} s in all. Next: npm start\n`);
process.exitCode = proven ? 0 : 1;
