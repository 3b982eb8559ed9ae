// What may be set about a queue, the jobs of a name, and a rate; and the gates that a queue with
// settings gives to its jobs.

import type { Gate, QueueSettings, Rate } from "../flow.ts";
import { rateGate } from "../flow.ts";
import { whyNoBurst } from "./burst.ts";
import { invalid, longestDelay, object, positive, prefixed, text, time } from "./fields.ts";
import { checkQueue } from "./new-job.ts";

const longestName = 200;
const longestKey = 400;

/**
 * null where nothing is special.
 * @throws StoreError `invalid`
 */
export function checkSettings(name: string, settings: unknown): QueueSettings | null {
  return prefixed("the queue cannot be set", () => {
    checkQueue(name);
    if (settings === null) return null;
    const { slots = null, rate = null, fair = false } = object("its settings", settings);
    if (typeof fair !== "boolean") throw invalid("fair must be true or false", fair);
    if (slots === null && rate === null && !fair) return null;
    return {
      slots: slots === null ? null : positive("slots", slots),
      rate: rate === null ? null : checkRate(rate),
      fair,
    };
  });
}

function checkRate(rate: unknown): Rate {
  const given = object("rate", rate);
  const limit = positive("the limit of a rate", given.limit);
  const perMs = checkPeriod(given.perMs);
  const burst = positive("the burst of a rate", given.burst ?? limit);
  const wrong = whyNoBurst({ limit, burst });
  if (wrong !== null) throw invalid(`rate.burst ${wrong}`);
  return { limit, perMs, burst };
}

function checkPeriod(value: unknown): number {
  const perMs = time("perMs of a rate", value, longestDelay);
  if (perMs === 0) throw invalid("perMs of a rate must be more than 0 milliseconds");
  return perMs;
}

/**
 * A slot that is taken for work that is no job of its own.
 * @throws StoreError `invalid`
 */
export function checkTaken(
  key: unknown,
  rate: { readonly limit: unknown; readonly perMs: unknown },
): { readonly key: string; readonly limit: number; readonly ms: number } {
  return prefixed("no slot can be taken", () => ({
    key: text("the key", key, longestKey),
    limit: positive("the limit of a rate", object("the rate", rate).limit),
    ms: Math.ceil(checkPeriod(rate.perMs)),
  }));
}

/** @throws StoreError `invalid` */
export function checkJobLimit(jobName: unknown, limit: unknown): void {
  prefixed("the limit cannot be set", () => {
    text("the name of the jobs", jobName, longestName);
    if (limit !== null) positive("it", limit);
  });
}

/** How long a slot outlives the last sign of its holder, where nobody said it, in milliseconds. */
const slotMs = 180_000;
/** How many ready jobs a fair key may have at once while others wait. */
const fairShare = 4;

/**
 * What a queue with settings asks of a job, beside the gates of the job's own. No two queues make
 * the same key: what is before the first colon says the kind, and in a name that is followed by
 * more "/" is written %2F and "%" %25.
 */
export function queueGates(
  queue: string,
  { slots, rate, fair }: QueueSettings,
  job: {
    readonly name: string;
    readonly gates: readonly Pick<Gate, "kind" | "key">[];
    readonly uniques: readonly { readonly key: string }[];
  },
): readonly Gate[] {
  const gates: Gate[] = [];
  const block = { onConflict: "block" } as const;
  if (slots !== null)
    gates.push({ kind: "concurrency", key: `queue:${queue}`, limit: slots, ms: slotMs, ...block });
  if (rate !== null) gates.push(rateGate(`queue-rate:${queue}`, rate));
  if (fair) {
    const first = (wanted: Gate["kind"]) => job.gates.find(({ kind }) => kind === wanted)?.key;
    const share = first("concurrency") ?? first("rate") ?? job.uniques[0]?.key ?? job.name;
    const key = `queue-fair:${segment(queue)}/${share}`;
    gates.push({ kind: "fair", key, limit: fairShare, ms: 0, ...block });
  }
  return gates;
}

function segment(name: string): string {
  return name.replaceAll("%", "%25").replaceAll("/", "%2F");
}
