// Budget row "kill to terminal state": from before the request to the moment when `GET
// /commands/ID` says `cancelled`, asked as soon as the kill is answered and again until it does.

import { waitFor } from "../../../support/wait-for.ts";
import { type Added, CommandRuntime } from "../../harness/command-runtime.ts";
import type { Bench, Measurement } from "../../harness/measurement.ts";
import { below, type Figure, percentileOf } from "../../report/figures.ts";

export const kill: Measurement = {
  name: "commands/kill",
  title: "Kill of a running command",
  limitMs: 120_000,
  run,
};

interface Row {
  readonly state: string;
}

async function run(bench: Bench): Promise<readonly Figure[]> {
  await using runtime = await CommandRuntime.start(bench);
  const answered: number[] = [];
  const ended: number[] = [];
  const samples = bench.many(500, 30);
  for (let sample = -10; sample < samples; sample += 1) {
    const killed = await killOne(runtime);
    // the first ones warm the code up
    if (sample >= 0) answered.push(killed.answered);
    if (sample >= 0) ended.push(killed.ended);
  }
  return [
    percentileOf({ what: "to its end as the API says it, p50" }, ended, 50),
    percentileOf({ what: "to its end as the API says it, p99", budget: below(10) }, ended, 99),
    percentileOf({ what: "to the answer of the kill, p50" }, answered, 50),
    percentileOf({ what: "to the answer of the kill, p99" }, answered, 99),
  ];
}

async function killOne(runtime: CommandRuntime): Promise<{ answered: number; ended: number }> {
  const { control } = runtime;
  const request = runtime.request("sleep 60", { immediate: true });
  const { id } = (await control.post<Added>("/commands", request)).body;
  const state = async (): Promise<string> => (await control.get<Row>(`/commands/${id}`)).body.state;
  await waitFor(async () => (await state()) === "running", { what: "a running command" });
  const { askedAt, answeredAt } = await control.post("/commands/kill", { ids: [id] });
  for (;;) {
    const { body, answeredAt: seenAt } = await control.get<Row>(`/commands/${id}`);
    if (body.state === "cancelled")
      return { answered: answeredAt - askedAt, ended: seenAt - askedAt };
    if (body.state !== "running" || seenAt - askedAt > 10_000)
      throw new Error(`it is ${body.state}`);
  }
}
