// queue set: what is true of every job of a queue, from now on and over all hosts.

import { isDeepStrictEqual } from "node:util";
import { parseDuration } from "@queue-runtime/job/text";
import { type QueueSettings, type Rate, whyNoBurst } from "@queue-runtime/store";
import { bounds } from "../../config/defaults.ts";
import { describeSettings } from "../../config/words/describe-settings.ts";
import { settingsRow } from "../../control/rows.ts";
import { withStore } from "../data/open.ts";
import type { Invocation } from "../line/command.ts";
import { UsageError } from "../line/errors.ts";
import { readInteger } from "../line/options.ts";
import { quoted } from "../terminal/text.ts";
import { queueName, report, sayUndone } from "./queue.ts";

/** What is not said is no limit: the command says all of it, as a file does. */
export async function set(invocation: Invocation): Promise<number> {
  const name = queueName(invocation);
  const settings = readSettings(invocation);
  const config = await invocation.config();
  await withStore(config, (store) => store.queues.set(name, settings));
  const row = settings && settingsRow(settings);
  const words = settings ? describeSettings(settings) : "no limits";
  const code = report(invocation, { name, settings: row }, `${name}: ${words}`);
  const written = Object.hasOwn(config.queues, name) ? config.queues[name] : undefined;
  if (written && !isDeepStrictEqual(written, settings)) {
    sayUndone(invocation, describeSettings(written));
  }
  return code;
}

/** @throws UsageError */
function readSettings(invocation: Invocation): QueueSettings | null {
  const [least, most] = bounds.slots;
  const slots = readInteger("slots", invocation.text("slots"), { least, most }) ?? null;
  const rate = readRate(invocation.text("rate"), invocation.text("burst"));
  const fair = invocation.flag("fair");
  const nothing = slots === null && rate === null && !fair;
  if (invocation.flag("reset")) {
    if (nothing) return null;
    throw new UsageError("--reset takes everything back; give it alone");
  }
  if (nothing)
    throw new UsageError("give --slots, --rate or --fair, or --reset for nothing special");
  return { slots, rate, fair };
}

/** `100/1s`, or `100/s`. @throws UsageError */
function readRate(text: string | undefined, burst: string | undefined): Rate | null {
  if (text === undefined) {
    if (burst === undefined) return null;
    throw new UsageError("--burst is a part of a rate; give --rate, too");
  }
  const [, count = "", per = ""] = /^(\d+)\/(\S+)$/.exec(text) ?? [];
  const limit = Number(count);
  const perMs = readPeriod(per);
  const [least, most] = bounds.rateLimit;
  if (count === "" || perMs === null || limit < least || limit > most) {
    throw new UsageError(`--rate ${quoted(text)} is not a rate; write one like 100/1s or 5/10m`);
  }
  return { limit, perMs, burst: readBurst(burst, limit) };
}

function readBurst(text: string | undefined, limit: number): number {
  const [least, most] = bounds.rateLimit;
  const burst = readInteger("burst", text, { least, most }) ?? limit;
  const wrong = whyNoBurst({ limit, burst });
  if (wrong !== null) throw new UsageError(`--burst ${wrong}`);
  return burst;
}

function readPeriod(text: string): number | null {
  const [least, most] = bounds.ratePeriod;
  try {
    const ms = parseDuration(/^\d/.test(text) ? text : `1${text}`);
    return ms >= least && ms <= most ? ms : null;
  } catch {
    return null;
  }
}
