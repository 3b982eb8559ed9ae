// `npm run bench -- [names…] [--scale 0.1] [--json] [--profile]`: measures, one part after the
// other, and prints every figure, also those that miss their budget. See README.md.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { commitOf, describeFacts, type Facts, readFacts } from "./harness/facts.ts";
import type { Measurement } from "./harness/measurement.ts";
import { endPart, type PartResult, runPart } from "./harness/part.ts";
import { installPeers } from "./harness/peers.ts";
import { topFunctions } from "./harness/profile.ts";
import { table, verdict } from "./harness/table.ts";
import { measurements } from "./measurements.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    data: { type: "string", default: join(here, "data") },
  },
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    endPart();
    process.exit(1);
  });
}

const scale = Number(values.scale);
const chosen = choose(positionals);
if (chosen) await main(chosen);
else process.exitCode = 64;

function choose(names: readonly string[]): readonly Measurement[] | null {
  const known = measurements.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) {
    return measurements.filter(({ name }) => names.length === 0 || names.includes(name));
  }
  process.stderr.write(
    `no measurement is called ${unknown.join(", ")}; there are ${known.join(", ")}\n`,
  );
  return null;
}

async function main(parts: readonly Measurement[]): Promise<void> {
  const missing = installPeers(here);
  if (missing) process.stderr.write(`${missing}; what compares with them will fail\n`);
  mkdirSync(values.data, { recursive: true });
  const facts = readFacts(values.data);
  process.stdout.write(`${describeFacts(facts)}\n`);
  if (scale < 1) process.stdout.write(`at a scale of ${scale}: too small for figures that count\n`);
  const profiles = values.profile ? join(values.data, `profiles-${process.pid}`) : null;
  const results: PartResult[] = [];
  for (const part of parts) {
    process.stderr.write(`${part.title} …\n`);
    results.push(await runPart(part, { folder: values.data, scale, profiles }));
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
  const commit = commitOf(join(here, "../.."));
  const report = { facts, commit, scale, results };
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`written to ${file}\n`);
}
