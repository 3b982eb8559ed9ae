// `npm run bench -- [names…] [--scale 0.1] [--json] [--profile]`: measures, one part after the other,
// and prints every figure, also those that miss their budget; `--chart FILE` draws the picture from
// what `--json` wrote. See README.md, which knows the other options.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Part } from "./harness/measurement.ts";
import { endPart, type PartResult, runPart } from "./harness/part.ts";
import { installPeers } from "./harness/peers.ts";
import { chosen } from "./measurements.ts";
import { chart } from "./report/chart.ts";
import { commitOf, describeFacts, type Facts, readFacts } from "./report/facts.ts";
import { topFunctions } from "./report/profile.ts";
import type { Report } from "./report/report.ts";
import { table, verdict } from "./report/table.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: "string", default: "1" },
    chart: { type: "string" },
    json: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    snapshot: { type: "string", default: "300" },
    data: { type: "string" },
    before: { type: "string" },
  },
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    endPart();
    process.exit(1);
  });
}

const data = values.data ?? join(here, "data");
// where PostgreSQL's files go, too
if (values.data) process.env.TMPDIR = values.data;
const scale = Number(values.scale);
const before = values.before === undefined ? null : resolve(values.before);
const snapshotSeconds = Number(values.snapshot) * Math.min(1, scale);
try {
  if (values.chart) drawChart(values.chart);
  else await main(chosen(positionals));
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 64;
}

async function main(parts: readonly Part[]): Promise<void> {
  const missing = installPeers(here);
  if (missing) process.stderr.write(`${missing}; what compares with them will fail\n`);
  mkdirSync(data, { recursive: true });
  const facts = readFacts(data);
  process.stdout.write(`${describeFacts(facts)}\n`);
  if (scale < 1) process.stdout.write(`at a scale of ${scale}: too small for figures that count\n`);
  const profiles = values.profile ? join(data, `profiles-${process.pid}`) : null;
  const results: PartResult[] = [];
  for (const part of parts) {
    process.stderr.write(`${part.title} …\n`);
    results.push(await runPart(part, { folder: data, scale, profiles, snapshotSeconds, before }));
  }
  process.stdout.write(`${table(results)}\n\n${verdict(results)}\n`);
  if (profiles) process.stdout.write(`${topFunctions(profiles)}\n`);
  if (profiles) rmSync(profiles, { recursive: true, force: true });
  if (values.json) save(facts, results);
  if (results.some(({ error }) => error !== null)) process.exitCode = 1;
}

function save(facts: Facts, results: readonly PartResult[]): void {
  const folder = join(here, "results");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${facts.at.replaceAll(":", "-")}.json`);
  const report: Report = { facts, commit: commitOf(join(here, "../..")), scale, results };
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`written to ${file}\n`);
}

/** From a file that `--json` wrote. */
function drawChart(file: string): void {
  const report = JSON.parse(readFileSync(file, "utf8")) as Report;
  const picture = join(here, "chart.svg");
  writeFileSync(picture, chart(report));
  process.stdout.write(`drawn as ${picture}\n`);
}
