// Looks into the store now and then for what no notification told of: jobs that were enqueued in
// plain SQL, and whatever was said while nobody could hear it. One cheap statement, whatever waits.
//
// It looks soon again after it found something new, and then twice as late each time: up to the
// pace that was asked for, and to a fifth of it while notifications are known to arrive. What it
// found once it does not report again for a while, because whoever heard of it has looked: a job
// that nobody has code for must not wake every worker each time. It does not ask whether workers
// are saturated, as those who announce do: a mistake there is what it is meant to make up for.

import type { News } from "../../store/watch.ts";
import type { Driver } from "../driver.ts";
import { dispatcherLooksMs } from "./announce.ts";

export interface PollListener {
  found(news: News): void;
  /** Something new was there, and nothing had been heard since the last look. */
  unannounced(): void;
}

/** The look after something new, in milliseconds. */
const soonMs = 250;
/** How much rarer looks get while notifications arrive. */
const trustFactor = 5;
/** Looks may take this share of the time. */
const lookShare = 0.05;
/** What is still there after so long is reported once more, in milliseconds. */
const reminderMs = 30_000;

/** The next of each kind, and the newest of all; each is one step into an index. */
const look = `SELECT
  (SELECT id FROM queue_runtime.jobs WHERE state = 'ready' AND crashes_since_checkpoint < 2
    ORDER BY returned, queue, name, priority, id LIMIT 1),
  (SELECT id FROM queue_runtime.jobs WHERE state = 'ready' AND crashes_since_checkpoint >= 2
    ORDER BY queue, name, priority, id LIMIT 1),
  (SELECT id FROM queue_runtime.jobs WHERE cancel_requested_at IS NOT NULL
    ORDER BY process_id LIMIT 1),
  (SELECT id FROM queue_runtime.jobs ORDER BY id DESC LIMIT 1),
  (SELECT run_at FROM queue_runtime.jobs WHERE state = 'scheduled' ORDER BY run_at, id LIMIT 1),
  (SELECT job_id FROM queue_runtime.touched LIMIT 1),
  queue_runtime.now_ms()`;

type LookRow = [
  ready: number | null,
  suspect: number | null,
  cancel: number | null,
  newest: number | null,
  due: number | null,
  touched: number | null,
  now: number,
];

/** What was there of one kind of news. */
interface Sight {
  readonly seen: string;
  readonly reportedAt: number;
}

export class Poll {
  readonly #driver: Driver;
  readonly #listener: PollListener;
  readonly #sights = new Map<News, Sight>();
  #pollMs = 0;
  #waitMs = soonMs;
  #trusted = false;
  #announced = false;
  #timer: NodeJS.Timeout | null = null;
  #looking = false;
  #closed = false;

  constructor(driver: Driver, listener: PollListener) {
    this.#driver = driver;
    this.#listener = listener;
  }

  /** Sets the pace, in milliseconds. */
  every(pollMs: number): void {
    this.#pollMs = pollMs;
    this.#plan(soonMs);
  }

  /** Whether notifications are known to arrive. */
  trust(trusted: boolean): void {
    if (trusted === this.#trusted) return;
    this.#trusted = trusted;
    if (!trusted) this.#plan(soonMs);
  }

  /** A notification told of something. */
  announced(): void {
    this.#announced = true;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #plan(ms: number): void {
    if (this.#closed) return;
    const longest = this.#pollMs * (this.#trusted ? trustFactor : 1);
    this.#waitMs = Math.min(ms, longest);
    // whoever is looking plans the next look when it is done
    if (this.#looking) return;
    if (this.#timer) clearTimeout(this.#timer);
    const wait = this.#waitMs * (0.9 + Math.random() / 5);
    this.#timer = setTimeout(() => void this.#look(), wait).unref();
  }

  async #look(): Promise<void> {
    this.#looking = true;
    const began = performance.now();
    const [row] = await this.#driver.query(look).then(
      ({ rows }) => rows as readonly LookRow[],
      // whoever uses the store gets the error itself
      () => [],
    );
    const tookMs = performance.now() - began;
    this.#looking = false;
    if (this.#closed) return;
    const isNew = row !== undefined && this.#report(row);
    this.#plan(Math.max(isNew ? soonMs : 2 * this.#waitMs, tookMs / lookShare));
  }

  /** True when something new was there. */
  #report([ready, suspect, cancel, newest, due, touched, now]: LookRow): boolean {
    const wake = [ready, suspect, cancel, touched].some((id) => id !== null);
    const soon = due !== null && due - now < dispatcherLooksMs;
    const newReady = this.#notice(
      "ready",
      wake ? `${ready} ${suspect} ${cancel} ${newest} ${touched}` : null,
    );
    const newDue = this.#notice("scheduled", soon ? `${due} ${newest}` : null);
    const isNew = newReady || newDue;
    if (isNew && !this.#announced) this.#listener.unannounced();
    this.#announced = false;
    return isNew;
  }

  /** Reports what is new, and what has been there for long; true when it is new. */
  #notice(news: News, seen: string | null): boolean {
    if (seen === null) {
      this.#sights.delete(news);
      return false;
    }
    const known = this.#sights.get(news);
    const isNew = known?.seen !== seen;
    const now = performance.now();
    if (isNew || !this.#trusted || now - known.reportedAt >= reminderMs) {
      this.#sights.set(news, { seen, reportedAt: now });
      this.#listener.found(news);
    }
    return isNew;
  }
}
